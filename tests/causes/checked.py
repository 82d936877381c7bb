"""What `lossdoctor check` answers for one cause of a script: for the tests of single causes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def report_of(script: str, folder: Path, *options: str) -> dict[str, Any]:
    """The report.json of the script's text, checked in `folder` on one thread. Fails with what was printed."""
    file, out = folder / "train.py", folder / "out"
    file.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "lossdoctor", "check", "--quiet", "--exit-zero", "--out", str(out), *options, str(file)],
        cwd=folder, env={**os.environ, "SEED": "0", "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def answer(cause: str, script: str, folder: Path) -> str:
    """"finding", "healthy" or "not judged"; "" where the report does not speak of the cause."""
    report = report_of(script, folder)
    for words, place in (("finding", "findings"), ("healthy", "healthy"), ("not judged", "not_judged")):
        if any(said["cause"] == cause for said in report[place]):
            return words
    return ""
