"""Where things lie: one OUT folder a run, in it one trace folder a process."""

from __future__ import annotations

import re
from pathlib import Path

META = "meta.json"
EVENTS_FILE = "events.jsonl"
ARRAYS = "arrays"
MAIN = "main"

TABLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PART_FILE = re.compile(rf"({TABLE_NAME.pattern})-(\d{{1,6}})\.json")
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=,-]{0,99}")


def report_json(out: Path) -> Path:
    return Path(out) / "report.json"


def report_html(out: Path) -> Path:
    return Path(out) / "report.html"


def errors_log(out: Path) -> Path:
    """lossdoctor's own failures, with their tracebacks."""
    return Path(out) / "errors.log"


def trace_folder(out: Path, name: str = MAIN) -> Path:
    """The folder of one process's trace: the script itself is `main`, an arm or a rank has its own name.

    Raises ValueError for a name that is no plain file name.
    """
    if not _FOLDER_NAME.fullmatch(name):
        raise ValueError(f"not a name for a trace folder: {name!r}")
    return Path(out) / "trace" / name


def trace_folders(out: Path) -> tuple[Path, ...]:
    """The traces that lie in an OUT folder, `main` first, the others by name; empty where there are none."""
    try:
        found = [entry for entry in (Path(out) / "trace").iterdir() if _holds_trace(entry)]
    except OSError:
        return ()
    return tuple(sorted(found, key=lambda folder: (folder.name != MAIN, folder.name)))


def table_files(folder: Path, name: str, part: int) -> tuple[Path, Path]:
    """(numbers, columns) of one part of a table."""
    return folder / f"{name}-{part}.f64", folder / f"{name}-{part}.json"


def clear_trace(folder: Path) -> None:
    """Removes an earlier trace from `folder`: the files that a writer names, and nothing else.

    Raises OSError where they cannot be removed.
    """
    folder = Path(folder)
    try:
        here = list(folder.iterdir())
    except FileNotFoundError:
        return
    for path in here:
        if path.name == ARRAYS and path.is_dir():
            for array in path.iterdir():
                if array.name.endswith((".npy", ".npy.tmp")):
                    array.unlink(missing_ok=True)
        elif _ours(path.name.removesuffix(".tmp")):
            path.unlink(missing_ok=True)


def _ours(name: str) -> bool:
    if name.endswith(".f64"):
        name = name.removesuffix(".f64") + ".json"
    return name in (META, EVENTS_FILE) or PART_FILE.fullmatch(name) is not None


def _holds_trace(folder: Path) -> bool:
    return (folder / META).is_file() or (folder / EVENTS_FILE).is_file()
