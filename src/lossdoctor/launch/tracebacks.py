"""Tracebacks as the user would have seen them without us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_HERE = Path(__file__)
OURS = tuple(str(file.parent.parent) + os.sep for file in (_HERE, _HERE.resolve()))


def is_ours(filename: str) -> bool:
    """Whether a code object's file name belongs to lossdoctor itself."""
    return filename.startswith((*OURS, "<lossdoctor "))


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that hang on it: causes, contexts, members of groups. Each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions


def take_our_frames_out(error: BaseException) -> None:
    """Unlinks lossdoctor's frames from the traceback of `error` and of all that hang on it, in place."""
    for one in chain(error):
        one.__traceback__ = _without_ours(one.__traceback__)


def last_line(error: BaseException, files: frozenset[str]) -> tuple[str, int] | None:
    """(file, line) of the innermost frame of `error` that lies in `files`; of a syntax error in one of them,
    its own place; None if there is none."""
    if isinstance(error, SyntaxError) and error.filename in files and error.lineno is not None:
        return error.filename, error.lineno
    found: tuple[str, int] | None = None
    for entry in _entries(error.__traceback__):
        name = entry.tb_frame.f_code.co_filename
        if name in files and entry.tb_lineno is not None:
            found = name, entry.tb_lineno
    return found


def _entries(first: TracebackType | None) -> Iterator[TracebackType]:
    while first is not None:
        yield first
        first = first.tb_next


def _without_ours(first: TracebackType | None) -> TracebackType | None:
    kept = [entry for entry in _entries(first) if not is_ours(entry.tb_frame.f_code.co_filename)]
    following = None
    for entry in reversed(kept):
        if entry.tb_next is not following:
            entry.tb_next = following
        following = entry
    return following
