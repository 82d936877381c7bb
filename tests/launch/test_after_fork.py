"""Two processes that go on from one: neither may move the other's files, nor the user's."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_arms_have_files_of_their_own(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "numbers.txt").write_text("".join(f"{i}\n" for i in range(2000)))
    (project / "program.py").write_text(
        textwrap.dedent(
            """
            import os, sys
            from pathlib import Path
            import numpy as np
            from lossdoctor.launch.sandbox import Sandbox

            out = Path(sys.argv[1])
            log = open("train.log", "w")
            log.write("before the fork\\n")
            log.flush()
            log.write("still buffered\\n")
            numbers = os.open("numbers.txt", os.O_RDONLY)
            os.read(numbers, 10)
            state = np.memmap("state.bin", dtype="int32", mode="w+", shape=2000)
            state[:] = 1
            Path("early.txt").write_text("early")
            children = []
            for arm in range(2):
                pid = os.fork()
                if pid == 0:
                    box = Sandbox(out / f"arm{arm}", Path.cwd())
                    box.install()
                    box.take_over_open_files()
                    log.write(f"arm {arm}\\n")
                    log.flush()
                    state[:] = arm + 10
                    state.flush()
                    with open("early.txt", "a") as file:
                        file.write(f" and {arm}")
                    box.switch(out / f"arm{arm}-later")
                    Path("late.txt").write_text("late")
                    seen = [os.read(numbers, 4).decode() for _ in range(3)]
                    (out / f"arm{arm}" / "told").write_text(repr((
                        seen, Path("train.log").read_text(), int(state.sum()), Path("early.txt").read_text(),
                        [Path(path).name for path in box.written()], box.notes)))
                    os._exit(0)
                children.append(pid)
            for pid in children:
                os.waitpid(pid, 0)
            log.write("the run\\n")
            log.close()
            print(os.read(numbers, 4), int(state.sum()), sorted(os.listdir()))
            """
        )
    )
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "program.py", str(out)],
        cwd=project,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout == ("b'5\\n6\\n' 2000 ['early.txt', 'numbers.txt', 'program.py', 'state.bin', 'train.log']\n")
    for arm in range(2):
        seen, log, total, early, written, notes = ast.literal_eval((out / f"arm{arm}" / "told").read_text())
        assert seen == ["5\n6\n", "7\n8\n", "9\n10"]
        assert log == f"before the fork\nstill buffered\narm {arm}\n"
        assert total == 2000 * (arm + 10)
        assert early == f"early and {arm}"
        assert "late.txt" in written and "early.txt" in written
        assert notes == []
    assert (project / "train.log").read_text() == "before the fork\nstill buffered\nthe run\n"
    assert (project / "early.txt").read_text() == "early"
