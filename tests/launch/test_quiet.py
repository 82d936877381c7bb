from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_nobody_is_asked_and_nothing_opens(tmp_path: Path) -> None:
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text(
        "used = []\ndef use(backend, *, force=True):\n    used.append(backend)\n"
    )
    (tmp_path / "matplotlib" / "pyplot.py").write_text("def show(*a, **k):\n    raise SystemExit('window')\n")
    (tmp_path / "program.py").write_text(
        textwrap.dedent(
            """
            from lossdoctor.launch.quiet import quiet_world
            notes = []
            quiet_world(notes)
            import getpass, os, webbrowser
            print(repr(input("name? ")), repr(getpass.getpass()), webbrowser.open("https://example.org"))
            import matplotlib
            matplotlib.use("TkAgg")
            from matplotlib import pyplot as plt
            print(plt.show(block=True), matplotlib.used, os.environ["MPLBACKEND"], os.environ["WANDB_MODE"])
            breakpoint()
            print(notes)
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "'' '' True",
        "None ['Agg'] Agg disabled",
        "['the script asked for input, and got an empty answer: name?', "
        "'the script asked for input, and got an empty answer: Password:', "
        "'the script opened a web browser; it was not opened']",
    ]
