"""After a fork: descriptors with offsets of their own, whose writes do not reach the user's files."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import stat
from collections.abc import Callable, Iterator

from .overlay import RAW

WritableCopy = Callable[[str], str | None]
"""path -> the place of a copy to write to, or None where writing to `path` itself does no harm."""


def own_open_files(copy_of: WritableCopy) -> list[str]:
    """Opens every regular file of this process anew under the same number, at the same offset; one that is
    open for writing, or mapped so, is replaced by `copy_of` it. Returns notes on what could not be.

    Needs /proc; elsewhere it does nothing and says so.
    """
    if not _has_proc():
        return ["files that were open at the fork are shared with the run: there is no /proc here"]
    notes: list[str] = []
    for number in _descriptors():
        try:
            _own(number, copy_of)
        except OSError as error:
            notes.append(f"the open file {_name(number)} stays shared with the run: {error.strerror}")
    for start, end, offset, path in _shared_mappings():
        if copy_of(path) is None:
            continue
        if not _map_privately(start, end - start, offset, path):
            notes.append(f"the memory-mapped file {path} stays shared with the run")
    return notes


def _own(number: int, copy_of: WritableCopy) -> None:
    info = RAW.fstat(number)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink == 0:
        return
    flags = fcntl.fcntl(number, fcntl.F_GETFL)
    path = _name(number)
    if path.startswith(("/dev/", "/proc/", "/memfd:")):
        return
    writes = flags & os.O_ACCMODE != os.O_RDONLY
    place = (copy_of(path) if writes else None) or path
    again = RAW.open(place, flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))
    try:
        RAW.lseek(again, RAW.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
        os.dup2(again, number, inheritable=os.get_inheritable(number))
    finally:
        RAW.close(again)


def _has_proc() -> bool:
    try:
        RAW.listdir("/proc/self/fd")
    except OSError:
        return False
    return True


def _descriptors() -> list[int]:
    found = []
    for name in RAW.listdir("/proc/self/fd"):
        try:
            RAW.fstat(int(name))
        except OSError:  # the listing's own
            continue
        found.append(int(name))
    return found


def _name(number: int) -> str:
    name: str = RAW.readlink(f"/proc/self/fd/{number}")
    return name


def _shared_mappings() -> Iterator[tuple[int, int, int, str]]:
    """(start, end, offset in the file, path) of each writable shared mapping of a file that has a name."""
    with RAW.file("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        text = lines.read()
    for line in text.splitlines():
        addresses, rights, offset, _, inode, *path = line.split(maxsplit=5)
        if rights[1] != "w" or rights[3] != "s" or inode == "0" or not path:
            continue
        name = path[0]
        if name.endswith(" (deleted)") or name.startswith(("/dev/", "/memfd:")):
            continue
        start, end = (int(part, 16) for part in addresses.split("-"))
        yield start, end, int(offset, 16), name


def _map_privately(start: int, length: int, offset: int, path: str) -> bool:
    """Puts a copy-on-write mapping of the same file in the place of a shared one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    fixed = 0x10
    try:
        number = RAW.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        rights = mmap.PROT_READ | mmap.PROT_WRITE
        place = libc.mmap(start, length, rights, mmap.MAP_PRIVATE | fixed, number, offset)
    finally:
        RAW.close(number)
    return bool(place == start)
