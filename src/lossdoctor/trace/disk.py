"""Files that only ever end in a whole record, whatever the disk does.

Nothing is held open between writes: a script that closes every descriptor, or forks, cannot make us write
into a file of its own.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would otherwise translate newlines


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def replace_file(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Writes the file anew: a reader sees the old bytes or the new, never a mixture.

    Raises OSError, and then the old file stands and no temporary one is left behind.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
        try:
            _write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


class GrowingFile:
    """An append-only file and its good length in bytes: what lies beyond is torn, and cut off first."""

    __slots__ = ("path", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0

    def append(self, data: bytes, *, sync: bool = False) -> None:
        """All of `data` or nothing of it. Raises OSError."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | _BINARY, 0o666)
        try:
            found = os.fstat(descriptor).st_size
            if found < self.size:
                raise OSError(f"{self.path.name} was shortened by someone else")
            if found > self.size:
                os.ftruncate(descriptor, self.size)
            os.lseek(descriptor, self.size, os.SEEK_SET)
            try:
                _write_all(descriptor, data)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, self.size)
                raise
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.size += len(data)

    def read(self) -> bytes:
        """The good bytes. Raises OSError."""
        if not self.size:
            return b""
        with self.path.open("rb", buffering=0) as file:
            data = file.read(self.size)
        if data is None or len(data) < self.size:
            raise OSError(f"{self.path.name} was shortened by someone else")
        return data

    def rewrite(self, data: bytes, *, sync: bool = False) -> None:
        """Other content in one move. Raises OSError, and then the old content stands."""
        replace_file(self.path, data, sync=sync)
        self.size = len(data)

    def sync(self) -> None:
        """Down to the disk itself. Raises OSError."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
