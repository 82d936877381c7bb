from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

ENTRY = """\
import sys
from lossdoctor.launch.execute import execute
from lossdoctor.launch.program import parse_program
from lossdoctor.launch.stop import Stopper

stopper = Stopper()
order = []


def before():
    order.append(("before", sys.argv, "__main__" in sys.modules, sys.modules["__main__"].__name__))
    sys.modules["hooks"] = type(sys)("hooks")
    sys.modules["hooks"].stopper = stopper


outcome = execute(parse_program("train.py", ["a"]), before=before)
with open("told.txt", "w") as file:
    file.write(repr({
        "status": outcome.status, "error": type(outcome.exception).__name__, "stopped": outcome.stopped,
        "interrupted": outcome.interrupted, "notes": outcome.notes, "last_line": outcome.last_line,
        "order": order,
    }))
"""


def told(tmp_path: Path, script: str) -> tuple[dict[str, Any], str, str]:
    (tmp_path / "entry.py").write_text(ENTRY)
    (tmp_path / "train.py").write_text(textwrap.dedent(script))
    done = subprocess.run(
        [sys.executable, "entry.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval((tmp_path / "told.txt").read_text()), done.stdout, done.stderr


def test_before_sees_the_program_s_world(tmp_path: Path) -> None:
    outcome, _, _ = told(tmp_path, "pass")
    assert outcome["order"] == [("before", ["train.py", "a"], True, "__main__")]
    assert (outcome["status"], outcome["error"], outcome["stopped"]) == (0, "NoneType", False)


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("import hooks\nhooks.stopper.request('x')\nhooks.stopper.raise_if_requested()\n", None),
        (
            "import hooks\nhooks.stopper.request('x')\ntry:\n    hooks.stopper.raise_if_requested()\nfinally:\n    [][0]\n",
            "after lossdoctor stopped it, the script raised IndexError: list index out of range",
        ),
        (
            "import hooks, sys\nhooks.stopper.request('x')\ntry:\n    hooks.stopper.raise_if_requested()\n"
            "except BaseException:\n    sys.exit(5)\n",
            "after lossdoctor stopped it, the script raised SystemExit: 5",
        ),
    ],
)
def test_our_own_stop_is_no_failure(tmp_path: Path, script: str, note: str | None) -> None:
    outcome, out, err = told(tmp_path, script)
    assert (outcome["status"], outcome["stopped"]) == (0, True)
    assert outcome["notes"] == ((note,) if note else ())
    assert (out, err) == ("", "")


def test_cleaning_up_still_happens(tmp_path: Path) -> None:
    _, out, _ = told(
        tmp_path,
        """
        import atexit, hooks
        atexit.register(print, "exit handler")
        hooks.stopper.request("x")
        try:
            hooks.stopper.raise_if_requested()
        except Exception:
            print("never")
        finally:
            print("finally")
        """,
    )
    assert out == "finally\nexit handler\n"


@pytest.mark.parametrize(
    ("script", "line", "error"),
    [
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError"),
        ("def f():\n    return 1 / 0\n\nf()\n", 2, "ZeroDivisionError"),
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("import sys\n\nsys.exit('no')\n", 3, "SystemExit"),
        ("import hooks\nhooks.stopper.request('x')\nhooks.stopper.raise_if_requested()\n", 3, "StopRun"),
    ],
)
def test_the_last_line_of_the_script(tmp_path: Path, script: str, line: int, error: str) -> None:
    outcome, _, _ = told(tmp_path, script)
    assert outcome["last_line"] == (str(tmp_path / "train.py"), line)
    assert outcome["error"] == error


def test_an_interrupt_is_told_apart(tmp_path: Path) -> None:
    outcome, _, err = told(tmp_path, "raise KeyboardInterrupt\n")
    assert (outcome["interrupted"], outcome["status"], outcome["stopped"]) == (True, 130, False)
    assert err.endswith("KeyboardInterrupt\n")
    assert "lossdoctor" not in err


def test_hooks_of_ours_do_not_show_in_tracebacks(tmp_path: Path) -> None:
    _, _, err = told(
        tmp_path,
        """
        import hooks
        from lossdoctor.launch.stop import Stopper
        class Fails:
            def __eq__(self, other): raise ValueError("theirs")
            def __hash__(self): return 1
        from lossdoctor.launch.tracebacks import is_ours
        class Name(str):
            def startswith(self, prefix): raise ValueError("theirs")
        is_ours(Name("x"))
        """,
    )
    assert err.splitlines()[-1] == "ValueError: theirs"
    assert f"{os.sep}lossdoctor{os.sep}" not in err
    assert len([line for line in err.splitlines() if line.startswith("  File ")]) == 2
