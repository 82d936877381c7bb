"""Whose line are we called from? The user's innermost frame, found without holding anything alive."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ...trace import events
from .doors import UNSEEN_FILE

if TYPE_CHECKING:
    from .watcher import Watcher

OURS = str(Path(__file__).absolute().parents[2]) + os.sep
LIBRARIES = (
    OURS,
    os.sep + "site-packages" + os.sep,
    os.sep + "dist-packages" + os.sep,
    str(Path(os.__file__).parent) + os.sep,
)
MAX_PLACES = 2000


class Places:
    """The places in the user's source that were noted, each with an index that tables refer to it by."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._known: dict[tuple[str, int, str], int] = {}
        self._kinds: dict[str, str] = {}

    def clear(self) -> None:
        self._known.clear()

    def index(self, what: str) -> int:
        """The index of the user's line that we are called from, -1 where there is none (or far too many)."""
        file, line = self.here()
        if not file:
            return -1
        key = (file, line, what)
        index = self._known.get(key)
        if index is None:
            if len(self._known) > MAX_PLACES:
                return -1
            index = self._known[key] = len(self._known)
            self.watcher.write(events.Site(index, *key))
        return index

    def here(self) -> tuple[str, int]:
        """File and line of the innermost frame outside of libraries; of the innermost library's without one."""
        frame: FrameType | None = sys._getframe(1)
        fallback = None
        kinds = self._kinds
        while frame is not None:
            name = frame.f_code.co_filename
            kind = kinds.get(name)
            if kind is None:
                kind = kinds[name] = file_kind(name)
            if kind == "theirs":
                break
            if kind == "library" and fallback is None:
                fallback = frame
            frame = frame.f_back
        frame = frame or fallback
        return ("", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def file_kind(name: str) -> str:
    """Whose code a file holds: ours, a library's, or theirs: the user's."""
    if name == UNSEEN_FILE or name.startswith(OURS):
        return "ours"
    if name.startswith("<frozen") or any(part in name for part in LIBRARIES):
        return "library"
    return "theirs"
