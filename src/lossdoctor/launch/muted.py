"""A process, or a stretch of one, that prints nowhere and waits for no one's typing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

if sys.platform != "win32":
    import fcntl

STREAMS = ("stdin", "stdout", "stderr")


@contextmanager
def muted(out_path: Path | str | None = None, *, forked: bool = False) -> Iterator[None]:
    """Sends standard output and error to the end of `out_path` (None: nowhere); standard input is empty.

    Works on the file descriptors 0, 1, 2, so that C code and child processes are muted too, and on
    `sys.stdin`, `sys.stdout`, `sys.stderr`, whatever stood there; on leaving all is as before.

    `forked=True` in a child that never comes back to its parent's streams: what the parent had buffered at
    the fork is the parent's to write, so it is not written here.
    """
    streams: dict[str, TextIO | None] = {name: getattr(sys, name) for name in STREAMS}
    if not forked:
        _flush(streams["stdout"], streams["stderr"])
    saved = {number: _duplicate(number) for number in (0, 1, 2)}
    source = os.open(os.devnull, os.O_RDONLY)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    sink = os.open(os.devnull if out_path is None else os.fspath(out_path), flags, 0o644)
    for target, number in ((source, 0), (sink, 1), (sink, 2)):
        os.dup2(target, number)
    # A low descriptor that was closed before may have been handed out for these two.
    for number in {source, sink} - {0, 1, 2}:
        os.close(number)
    own = {name: _open_stream(number, streams[name]) for number, name in enumerate(STREAMS)}
    for name, stream in own.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        # Also what was written through references that someone kept, while it still goes to the file.
        _flush(sys.stdout, sys.stderr, *own.values(), *streams.values())
        for name in STREAMS:
            setattr(sys, name, streams[name])
        for number, copy in saved.items():
            if copy is None:
                os.close(number)
            else:
                os.dup2(copy, number)
                os.close(copy)


def _open_stream(number: int, like: TextIO | None) -> TextIO:
    encoding = getattr(like, "encoding", None) or "utf-8"
    if number == 0:
        return open(0, encoding=encoding, closefd=False)
    # Line by line: a child that is killed loses at most a line of its log.
    return open(number, "w", encoding=encoding, errors="backslashreplace", buffering=1, closefd=False)


def _duplicate(number: int) -> int | None:
    """A copy well above 0, 1 and 2, which would otherwise be handed out where one of them is closed."""
    try:
        if sys.platform == "win32":
            return os.dup(number)
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 10)
    except OSError:
        return None


def _flush(*streams: TextIO | None) -> None:
    for stream in streams:
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass
