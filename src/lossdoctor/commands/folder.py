"""The folder that a run's report goes to: that it can be written, and that nothing stale lies in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..words import UserError

OURS = ("trace", "arms", "scratch", "report.json", "report.html", "panels.json", "script-output.txt", "errors.log")


def prepared(out: Path) -> Path:
    """`out`, made and emptied of what an earlier run of ours left. Raises UserError where it cannot be written."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file, so no report can be written into it. Name a folder with --out DIR.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".lossdoctor-can-write"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"cannot write into {out}: {error.strerror or error}. Name another folder with --out DIR."
        ) from error
    for name in OURS:
        path = out / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return out.resolve()


def log_errors(out: Path, texts: list[str]) -> None:
    """Internal errors in full, for a bug report; an unwritable log is no reason to fail."""
    if not texts:
        return
    try:
        with (out / "errors.log").open("a", encoding="utf-8") as file:
            file.writelines(f"{text}\n" for text in texts)
    except OSError:
        return
