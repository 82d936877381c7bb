"""Print a report in the form that was asked for."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

from ..reports.base import render
from ..words import Report, UserError

FORMATS = ("text", "json", "github", "markdown")


def checked(name: str) -> str:
    """Raises UserError for a form that there is not."""
    if name not in FORMATS:
        import difflib

        near = difflib.get_close_matches(name, FORMATS, n=1)
        raise UserError(
            f'there is no format "{name}". Formats: {", ".join(FORMATS)}.' + (f" Did you mean {near[0]}?" if near else "")
        )
    return name


def wants_colour(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    if os.environ.get("COLUMNS", "").isdigit():
        return max(40, int(os.environ["COLUMNS"]))
    return shutil.get_terminal_size((100, 24)).columns if stream.isatty() else 100


def show(report: Report, form: str, stream: TextIO) -> None:
    text = render(report, form, width=width_of(stream), colour=wants_colour(stream))
    stream.write(text if text.endswith("\n") or not text else text + "\n")
    stream.flush()
