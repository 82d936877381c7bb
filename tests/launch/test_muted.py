from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


def python(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        input="typed\nmore\n",
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_all_of_it_goes_to_the_file_and_comes_back(tmp_path: Path) -> None:
    done = python(
        """
        import os, sys
        from lossdoctor.launch.muted import muted
        before = sys.stdin, sys.stdout, sys.stderr
        print("one")
        with muted("log.txt"):
            print("two")
            print("three", file=sys.stderr)
            os.write(1, b"four\\n")
            os.system("echo five; echo six >&2")
            print(repr(sys.stdin.read()), file=before[1])
        assert (sys.stdin, sys.stdout, sys.stderr) == before
        print("seven", sys.stdin.readline().strip())
        with muted():
            print("nowhere")
        os.write(2, b"eight\\n")
        """,
        tmp_path,
    )
    assert done.stdout == "one\nseven typed\n"
    assert done.stderr == "eight\n"
    log = (tmp_path / "log.txt").read_text().splitlines()
    assert sorted(log) == ["''", "five", "four", "six", "three", "two"]


def test_streams_that_someone_replaced(tmp_path: Path) -> None:
    done = python(
        """
        import io, sys
        from lossdoctor.launch.muted import muted
        sys.stdout = io.StringIO()
        print("kept")
        with muted("log.txt"):
            print("muted")
        print("kept too")
        sys.__stdout__.write(sys.stdout.getvalue())
        """,
        tmp_path,
    )
    assert done.stdout == "kept\nkept too\n"
    assert (tmp_path / "log.txt").read_text() == "muted\n"


def test_a_forked_child_leaves_the_parent_s_words_to_the_parent(tmp_path: Path) -> None:
    done = python(
        """
        import os
        from lossdoctor.launch.muted import muted
        print("buffered once")
        pid = os.fork()
        if pid == 0:
            with muted("child.txt", forked=True):
                print("child")
                os._exit(0)
        os.waitpid(pid, 0)
        """,
        tmp_path,
    )
    assert done.stdout == "buffered once\n"
    assert (tmp_path / "child.txt").read_text() == "child\n"


def test_closed_descriptors(tmp_path: Path) -> None:
    done = python(
        """
        import os, sys
        from lossdoctor.launch.muted import muted
        os.close(0)
        with muted("log.txt"):
            print("in", sys.stdin.read() == "")
        try:
            os.fstat(0)
        except OSError:
            print("closed as before")
        """,
        tmp_path,
    )
    assert done.stdout == "closed as before\n", done.stderr
    assert (tmp_path / "log.txt").read_text() == "in True\n"
