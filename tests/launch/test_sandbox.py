"""A script in the sandbox sees the files that it would see, and the user's stay as they are."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
SCRIPTS = Path(__file__).parent / "scripts"

ENTRY = """\
import os, sys
from pathlib import Path
from lossdoctor.launch.execute import execute, leave
from lossdoctor.launch.program import parse_program
from lossdoctor.launch.sandbox import Sandbox

folder = Path(sys.argv[1])
box = Sandbox(folder, Path.cwd())
outcome = execute(parse_program(sys.argv[2], sys.argv[3:]), before=box.install)
box.remove()
with open(folder / "told.txt", "w") as file:
    print(*box.written(), "--", *box.notes, sep="\\n", file=file)
leave(outcome)
"""


def fingerprint(folder: Path) -> dict[str, tuple[str, int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_dir():
            content = "folder"
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (content, info.st_mode, info.st_mtime_ns)
    return found


def a_project(folder: Path) -> Path:
    (folder / "data" / "sub").mkdir(parents=True)
    (folder / "old" / "deep").mkdir(parents=True)
    (folder / "data" / "x.txt").write_text("x")
    (folder / "data" / "y.txt").write_text("yyy")
    (folder / "data" / "sub" / "z.txt").write_text("z")
    (folder / "old" / "deep" / "x.txt").write_text("old")
    (folder / "results.csv").write_text("model,loss\n")
    (folder / "notes.txt").write_text("the user's notes\n")
    (folder / "resume.pt").write_bytes(b"an earlier run's")
    (folder / "link-to-data").symlink_to("data")
    np.arange(3, dtype="int32").tofile(folder / "data" / "numbers.bin")
    with sqlite3.connect(folder / "runs.db") as database:
        database.execute("create table runs (x)")
        database.execute("insert into runs values (1)")
    database.close()
    return folder


def run(words: list[str], cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        timeout=300,
    )


def in_sandbox(tmp_path: Path, project: Path, *line: str, **env: str) -> subprocess.CompletedProcess[str]:
    entry = tmp_path / "entry.py"
    entry.write_text(ENTRY)
    return run([str(entry), str(tmp_path / "box"), *line], project, **env)


@pytest.mark.parametrize("with_torch", [False, True])
def test_a_nasty_script_behaves_the_same_and_harms_nothing(tmp_path: Path, with_torch: bool) -> None:
    words = ["torch"] if with_torch else []
    twin = a_project(tmp_path / "twin")
    project = a_project(tmp_path / "project")
    for folder in (twin, project):
        shutil.copy2(SCRIPTS / "nasty.py", folder / "nasty.py")
    before = fingerprint(project)
    free = run(["nasty.py", *words], twin)
    boxed = in_sandbox(tmp_path, project, "nasty.py", *words)
    assert free.returncode == 0, free.stderr
    assert boxed.returncode == 0, boxed.stderr
    assert boxed.stdout.splitlines() == free.stdout.splitlines()
    assert boxed.stderr == free.stderr
    assert fingerprint(project) == before
    told = (tmp_path / "box" / "told.txt").read_text()
    for name in ("results.csv", "old", "runs/a/b/one.txt", "checkpoint.pkl", "data/sub", "runs.db"):
        assert f"{project / name}\n" in told


def test_errors_are_python_s_own(tmp_path: Path) -> None:
    twin, project = a_project(tmp_path / "twin"), a_project(tmp_path / "project")
    for folder in (twin, project):
        (folder / "bad.py").write_text("import os\nos.remove('notes.txt')\nopen('notes.txt')\n")
    free, boxed = run(["bad.py"], twin), in_sandbox(tmp_path, project, "bad.py")
    assert boxed.stderr.replace(str(project), "") == free.stderr.replace(str(twin), "")
    assert boxed.returncode == free.returncode == 1


def test_what_lies_in_the_temporary_folder_is_the_user_s_too(tmp_path: Path) -> None:
    temp, project = tmp_path / "temp", a_project(tmp_path / "project")
    (temp / "run").mkdir(parents=True)
    (temp / "model.pt").write_text("the user's")
    (temp / "run" / "log.txt").write_text("the user's")
    (project / "train.py").write_text(
        textwrap.dedent(
            """
            import os, tempfile, pathlib
            temp = pathlib.Path(tempfile.gettempdir())
            (temp / "model.pt").write_text("mine")
            with open(temp / "run" / "log.txt", "a") as file:
                file.write(", and mine")
            (temp / "new.txt").write_text("new")
            print((temp / "model.pt").read_text(), (temp / "run" / "log.txt").read_text())
            folder = tempfile.mkdtemp(prefix="kept")
            pathlib.Path(folder, "f").write_text("in it")
            print(sorted(name[:4] for name in os.listdir(temp)))
            """
        )
    )
    done = in_sandbox(tmp_path, project, "train.py", TMPDIR=str(temp))
    assert done.stdout == "mine the user's, and mine\n['kept', 'mode', 'new.', 'run']\n", done.stderr
    assert (temp / "model.pt").read_text() == "the user's"
    assert (temp / "run" / "log.txt").read_text() == "the user's"
    assert sorted(path.name[:4] for path in temp.iterdir()) == ["kept", "mode", "run"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_a_forked_child_writes_is_read_by_its_parent(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    (project / "train.py").write_text(
        "import os\n"
        "print(os.path.exists('new.txt'), os.path.getsize('notes.txt'))\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    open('new.txt', 'w').write('from the child')\n"
        "    os.remove('resume.pt')\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(os.path.exists('new.txt'), os.stat('new.txt').st_size, open('new.txt').read())\n"
    )
    done = in_sandbox(tmp_path, project, "train.py")
    assert done.stdout == "False 17\nTrue 14 from the child\n", done.stderr
    assert not (project / "new.txt").exists() and (project / "resume.pt").exists()


def test_local_modules_leave_no_bytecode(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    (project / "mine.py").write_text("x = 1\n")
    (project / "train.py").write_text("import mine\nprint(mine.x)\n")
    assert in_sandbox(tmp_path, project, "train.py").stdout == "1\n"
    assert not (project / "__pycache__").exists()


def test_other_programs_are_noted(tmp_path: Path) -> None:
    project = a_project(tmp_path / "project")
    (project / "train.py").write_text(
        "import os, subprocess, sys\n"
        "os.makedirs('made')\n"
        "print(subprocess.run(['sh', '-c', 'echo $LOSSDOCTOR_SANDBOX; pwd'], cwd='made', text=True,"
        " capture_output=True).stdout, end='')\n"
        "os.system('true')\n"
    )
    done = in_sandbox(tmp_path, project, "train.py")
    assert done.stdout.splitlines()[0] == str(tmp_path / "box")
    told = (tmp_path / "box" / "told.txt").read_text()
    assert "another program, which is not in the sandbox: sh -c" in told
    assert "another program, which is not in the sandbox: true" in told


def test_random_operations_do_the_same_in_the_sandbox(tmp_path: Path) -> None:
    done = run([str(SCRIPTS / "random_operations.py"), str(tmp_path / "play"), "0", "400"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
