"""A program that we run must not be able to tell, and who looks at it must not either: the same bytes on
both streams and the same exit status as under Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "src"

ENTRY = """\
import sys
from lossdoctor.launch.execute import execute, leave
from lossdoctor.launch.program import parse_program


def command():
    args = sys.argv[1:]
    as_module = args[0] == "-m"
    if as_module:
        args = args[1:]
    leave(execute(parse_program(args[0], args[1:], as_module)))


if __name__ == "__main__":
    command()
"""


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


def without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", text)


@pytest.fixture
def runs(tmp_path: Path) -> Callable[..., tuple[Ran, Ran]]:
    """Runs a command line under Python and under us, in the same folder and environment."""
    entry = tmp_path / "elsewhere" / "entry.py"
    entry.parent.mkdir()
    entry.write_text(ENTRY)
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path),
    }

    def both(*line: str, options: tuple[str, ...] = (), stdin: str = "") -> tuple[Ran, Ran]:
        def one(words: list[str]) -> Ran:
            done = subprocess.run(
                [sys.executable, *options, *words],
                cwd=folder,
                env=env,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=120,
            )
            return Ran(done.returncode, without_addresses(done.stdout), without_addresses(done.stderr))

        return one(list(line)), one([str(entry), *line])

    return both


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


@pytest.mark.parametrize("options", [(), ("-W", "error::UserWarning:nowhere", "-X", "dev"), ("-O", "-u"), ("-P",)])
def test_a_script_sees_the_same(runs: Callable[..., tuple[Ran, Ran]], project: Path, options: tuple[str, ...]) -> None:
    write(project / "what_i_see.py", (HERE / "scripts" / "what_i_see.py").read_text())
    python, ours = runs("what_i_see.py", "--epochs", "3", "", options=options)
    assert "last line 1" in python.err
    assert ours == python


@pytest.mark.parametrize("name", ["./what_i_see.py", "sub/../what_i_see.py", "link.py"])
def test_paths_as_typed(runs: Callable[..., tuple[Ran, Ran]], project: Path, name: str) -> None:
    write(project / "sub" / "what_i_see.py", (HERE / "scripts" / "what_i_see.py").read_text())
    write(project / "what_i_see.py", (HERE / "scripts" / "what_i_see.py").read_text())
    (project / "link.py").symlink_to(project / "sub" / "what_i_see.py")
    python, ours = runs(name)
    assert "last line 1" in python.err
    assert ours == python


SEES = """
    import sys, os, pickle
    class Here: pass
    print(sys.argv, sys.path, sys.orig_argv, __name__, __package__, __spec__.name, __spec__.origin, __file__)
    print(list(globals()), sys.modules["__main__"].__dict__ is globals(), pickle.dumps(Here()))
"""


@pytest.mark.parametrize(
    "line",
    [("-m", "pkg.mod", "a", "--b"), ("-m", "pkg", "a"), ("folder", "a"), ("./folder",), ("-m", "app.pkg")],
)
def test_modules_packages_and_folders(runs: Callable[..., tuple[Ran, Ran]], project: Path, line: tuple[str, ...]) -> None:
    write(project / "pkg" / "__init__.py", "import sys; print('package sees', sys.argv, __name__)")
    write(project / "pkg" / "mod.py", SEES)
    write(project / "pkg" / "__main__.py", SEES)
    write(project / "folder" / "__main__.py", SEES)
    write(project / "app" / "pkg" / "__main__.py", SEES)
    python, ours = runs(*line)
    assert python.status == 0
    assert ours == python


ENDINGS = {
    "falls off": "print('done')",
    "exit none": "import sys; sys.exit()",
    "exit 3": "import sys; sys.exit(3)",
    "exit true": "import sys; sys.exit(True)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit words": "import sys; print('out'); sys.exit('no data')",
    "exit tuple": "raise SystemExit((1, 'x'))",
    "raise": "def f():\n    raise ValueError('bad')\nprint('a')\nf()",
    "raise from": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise RuntimeError('no') from e",
    "raise while": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    int('x')",
    "group": "raise ExceptionGroup('two', [ValueError('a'), TypeError('b')])",
    "interrupt": "raise KeyboardInterrupt",
    "sigint": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)",
    "sigterm": "import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(20)",
    "os._exit": "import os; print('lost', end=''); os._exit(7)",
    "recursion": "def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError as e:\n    print(e)",
    "not a base": "raise 3",
    "name error": "import math\nprint(math.sqroot)",
    "no module": "import there_is_no_such_module",
    "syntax unclosed": "x = (1,\ny = 2\n",
    "syntax word": "print 'hello'\n",
    "syntax indent": "if True:\nx = 1\n",
    "syntax unindent": "if True:\n        x = 1\n    y = 2\n",
    "syntax tab": "if True:\n        x = 1\n\ty = 2\n",
    "syntax string": "x = 'abc\n",
    "syntax triple": 'x = """abc\n\n',
    "syntax return": "x = 1\nreturn x\n",
    "syntax future": "x = 1\nfrom __future__ import annotations\n",
    "syntax fstring": "x = f'{a b}'\n",
    "syntax last line": "def f(:",
    "syntax in import": "import broken",
    "invalid escape": "x = '\\d'\nprint(1 is 1)\n",
    "own excepthook": "import sys\nsys.excepthook = lambda *a: print('mine', a[0])\nraise ValueError('x')",
    "excepthook exits": "import sys\nsys.excepthook = lambda *a: sys.exit(9)\nraise ValueError('x')",
    "excepthook fails": "import sys\ndef hook(*a):\n    raise TypeError('in hook')\nsys.excepthook = hook\n"
    "raise ValueError('x')",
    "last value": "import atexit, sys\natexit.register(lambda: print(sys.last_value, sys.last_type))\n1 / 0",
    "exit in atexit": "import atexit, sys\natexit.register(lambda: print('bye'))\nsys.exit(4)",
    "raise in atexit": "import atexit\natexit.register(lambda: 1 / 0)\n",
    "raise in thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()",
    "thread outlives": "import threading, time\ndef f():\n    time.sleep(0.3)\n    print('late')\n"
    "threading.Thread(target=f).start()\nprint('early')",
    "pool left open": "from concurrent.futures import ThreadPoolExecutor\np = ThreadPoolExecutor(1)\n"
    "print(p.submit(lambda: 3).result())",
    "closed stdout": "import sys\nsys.stdout.close()",
    "no stderr": "import sys\nsys.stderr = None\n1 / 0",
    "input": "print(input('name? '))",
    "reads stdin": "import sys\nprint(sys.stdin.read())",
    "no argument": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', required=True)\np.parse_args()",
    "warn deep": "import broken_soon",
    "unraisable": "class A:\n    def __del__(self):\n        1 / 0\na = A()\ndel a",
}


@pytest.mark.parametrize("name", ENDINGS)
def test_endings(runs: Callable[..., tuple[Ran, Ran]], project: Path, name: str) -> None:
    write(project / "broken.py", "def f(:\n")
    write(
        project / "broken_soon.py",
        "import warnings\nwarnings.warn('gone soon', DeprecationWarning, stacklevel=2)\n",
    )
    (project / "train.py").write_text(ENDINGS[name])
    python, ours = runs("train.py", stdin="Ada\n")
    assert ours == python
    (project / "pkg").mkdir()
    (project / "pkg" / "__init__.py").touch()
    (project / "pkg" / "train.py").write_text(ENDINGS[name])
    python, ours = runs("-m", "pkg.train", stdin="Ada\n")
    assert ours == python


def test_encodings(runs: Callable[..., tuple[Ran, Ran]], project: Path) -> None:
    (project / "latin.py").write_bytes("# -*- coding: latin-1 -*-\nprint('é', __file__)\n".encode("latin-1"))
    (project / "bom.py").write_bytes(b"\xef\xbb\xbfprint('bom')\r\nprint('crlf')\r\n1 / 0\r\n")
    for name in ("latin.py", "bom.py"):
        python, ours = runs(name)
        assert ours == python


@pytest.mark.parametrize(("lines", "status"), [(100_000, 1), (3, 120)])
def test_a_pipe_that_closes(
    runs: Callable[..., tuple[Ran, Ran]], project: Path, tmp_path: Path, lines: int, status: int
) -> None:
    """Many lines fail while the script runs, a few only when Python flushes at its end."""
    write(
        project / "loud.py",
        f"print('ready', flush=True)\ninput()\nfor i in range({lines}):\n    print('line', i)\n",
    )
    results = []
    for words in (["loud.py"], [str(tmp_path / "elsewhere" / "entry.py"), "loud.py"]):
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=project,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        results.append((process.stderr.read(), process.wait(timeout=60)))
    assert results[0] == results[1]
    assert b"BrokenPipeError" in results[0][0]
    assert results[0][1] == status


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_child_processes(runs: Callable[..., tuple[Ran, Ran]], project: Path, method: str) -> None:
    write(
        project / "children.py",
        f"""
        import multiprocessing as mp, sys

        class Box:
            def __init__(self, x): self.x = x

        def work(box):
            return Box(box.x + 1), __name__, sys.argv, sys.path[0]

        if __name__ == "__main__":
            with mp.get_context("{method}").Pool(1) as pool:
                for box, *rest in pool.map(work, [Box(1), Box(2)]):
                    print(type(box) is Box, box.x, rest)
        """,
    )
    python, ours = runs("children.py", "--x")
    assert "True 3" in python.out
    assert ours == python


def test_dataclasses_and_annotations_find_their_module(runs: Callable[..., tuple[Ran, Ran]], project: Path) -> None:
    write(
        project / "typed.py",
        """
        from __future__ import annotations
        import dataclasses, typing

        @dataclasses.dataclass
        class Config:
            lr: float = 0.1
            inner: Config | None = None

        x: Config = Config()
        print(typing.get_type_hints(Config), __annotations__, x)
        """,
    )
    python, ours = runs("typed.py")
    assert python.status == 0
    assert ours == python


def notebook(path: Path, *cells: str, **metadata: object) -> None:
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata,
        "cells": [{"cell_type": "markdown", "source": "# Title"}]
        + [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells],
    }
    path.write_text(json.dumps(content))


def test_a_notebook_runs_cell_by_cell(runs: Callable[..., tuple[Ran, Ran]], project: Path) -> None:
    notebook(
        project / "n.ipynb",
        "%matplotlib inline\n!pip install torch \\\n  numpy\nimport sys\nx = 3",
        "%%bash\nrm -rf everything",
        "%%time\nx += 1\nfiles = !ls\ntext = '''\n%d items\n!'''\nprint(text % x)",
        "class Net: pass\nimport inspect, pickle\ndef f():\n    return 1 / 0  # here\nprint(inspect.getsource(f))",
        "for i in range(2):\n    %time x += 1\nprint(type(pickle.loads(pickle.dumps(Net()))) is Net, x, sys.argv)",
        "f()",
        "print('never')",
    )
    _, ours = runs("n.ipynb", "--a")
    assert ours.status == 1
    assert ours.out == ("\n4 items\n!\ndef f():\n    return 1 / 0  # here\n\nTrue 6 ['n.ipynb', '--a']\n")
    folder = project / "n.ipynb"
    assert f'File "{folder}[cell 6]", line 1, in <module>\n    f()' in ours.err
    assert f'File "{folder}[cell 4]", line 4, in f\n    return 1 / 0  # here' in ours.err
    assert "lossdoctor" not in ours.err


def test_a_notebook_with_a_mistake(runs: Callable[..., tuple[Ran, Ran]], project: Path) -> None:
    notebook(project / "n.ipynb", "print('first')", "%matplotlib inline\ndef f(:\n    pass")
    _, ours = runs("n.ipynb")
    assert ours.out == "first\n"
    assert ours.status == 1
    assert "[cell 2]" in ours.err and "line 2" in ours.err and "def f(:" in ours.err
    assert ours.err.rstrip().splitlines()[-1].startswith("SyntaxError")
