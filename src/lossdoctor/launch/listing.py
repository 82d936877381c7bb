"""Listings of a folder whose entries lie in more than one place."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from .overlay import RAW, Overlay

Stat = Callable[..., os.stat_result]


class MergedScan:
    """What `os.scandir` returns, over a folder that lies in more than one place."""

    def __init__(self, overlay: Overlay, stat_: Stat, where: str, given: Any, names: list[str]) -> None:
        self._entries = iter([MergedEntry(overlay, stat_, where, given, name) for name in names])

    def __iter__(self) -> Iterator[MergedEntry]:
        return self

    def __next__(self) -> MergedEntry:
        return next(self._entries)

    def __enter__(self) -> MergedScan:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


class MergedEntry:
    """As `os.DirEntry`."""

    def __init__(self, overlay: Overlay, stat_: Stat, where: str, given: Any, name: str) -> None:
        self._stat = stat_
        self._where = f"{where.rstrip('/')}/{name}"
        self._place = overlay.locate(self._where) or overlay.top(self._where)
        as_bytes = isinstance(given, bytes)
        self.name: Any = os.fsencode(name) if as_bytes else name
        folder: Any = "" if isinstance(given, int) else os.fspath(given)
        self.path: Any = os.path.join(folder, self.name)  # noqa: PTH118 - bytes too

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def inode(self) -> int:
        return int(RAW.lstat(self._place).st_ino)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._stat(self._where, follow_symlinks=follow_symlinks)

    def is_symlink(self) -> bool:
        return stat.S_ISLNK(RAW.lstat(self._place).st_mode)

    def is_junction(self) -> bool:
        return False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._is(stat.S_ISDIR, follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self._is(stat.S_ISREG, follow_symlinks)

    def _is(self, kind: Callable[[int], bool], follow_symlinks: bool) -> bool:
        try:
            return kind(self.stat(follow_symlinks=follow_symlinks).st_mode)
        except FileNotFoundError:
            return False
