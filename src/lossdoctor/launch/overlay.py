"""A layer of files over the user's: what was written lies in the layer, what was not is read through.

Paths are absolute, with no link in their parents (`canonical` makes them so). The functions of `os` used
here are those from before any redirection; nothing in this file may call another.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NAMES = (
    "access", "chdir", "chmod", "chown", "close", "fchdir", "fstat", "getcwd", "getcwdb", "getxattr",
    "lchown", "link", "listdir", "listxattr", "lseek", "lstat", "mkdir", "mkfifo", "mknod", "open",
    "pathconf", "read", "readlink", "remove", "removexattr", "rename", "replace", "rmdir", "scandir",
    "setxattr", "stat", "statvfs", "symlink", "truncate", "unlink", "utime", "write",
)  # fmt: skip

RAW: Any = SimpleNamespace(
    **{name: getattr(os, name) for name in NAMES if hasattr(os, name)},
    file=open,
)
MAX_LINKS = 40
CHUNK = 1 << 20


@dataclass
class _Layer:
    root: str
    gone: set[str] = field(default_factory=set)

    def hides(self, path: str) -> bool:
        """Whether `path` or a folder above it was removed here, so that nothing below shines through."""
        if not self.gone:
            return False
        while True:
            if path in self.gone:
                return True
            above = path.rpartition("/")[0]
            if not above:
                return False
            path = above


class Overlay:
    """Layers of files, the newest first, over the file system."""

    def __init__(self, root: Path) -> None:
        self._layers = [_Layer(os.fspath(root))]
        os.makedirs(root, exist_ok=True)  # noqa: PTH103
        self.touched = bool(RAW.listdir(root))
        """Something was written or removed, or may have been by another process: until then all reads as it lies on disk."""

    def push(self, root: Path) -> None:
        """From now on all is written to `root`; what was written before can be read, and stays as it is."""
        os.makedirs(root, exist_ok=True)  # noqa: PTH103
        self._layers.insert(0, _Layer(os.fspath(root)))

    def layer_of(self, place: str) -> str | None:
        """The path that `place`, a file in a layer, stands for; None if it lies in no layer."""
        for layer in self._layers:
            if place == layer.root:
                return "/"
            if place.startswith(layer.root + "/"):
                return place[len(layer.root) :]
        return None

    def locate(self, path: str) -> str | None:
        """Where `path` really lies: in a layer, or where it says; None if it does not exist (any more)."""
        for layer in self._layers:
            place = layer.root + path
            if _lexists(place):
                return place
            if layer.hides(path):
                return None
        return path if _lexists(path) else None

    def top(self, path: str) -> str:
        """Where `path` would be written."""
        return self._layers[0].root + path

    def is_dir(self, path: str) -> bool:
        place = self.locate(path)
        return place is not None and stat.S_ISDIR(RAW.lstat(place).st_mode)

    def canonical(self, path: str, follow: bool = True) -> str:
        """`path` (absolute) without `.` and `..`, and with its links followed, those in the layers too;
        its last part only if `follow`. What does not exist is kept, unless a `..` follows it.
        Raises OSError as looking at `path` would (ELOOP, ENOENT, ENOTDIR)."""
        waiting = [part for part in reversed(path.split("/")) if part]
        done = ""
        links = 0
        while waiting:
            part = waiting.pop()
            if part == ".":
                continue
            if part == "..":
                if done and not self.is_dir(done):
                    raise self.missing(f"{done}/..")
                done = done.rpartition("/")[0]
                continue
            here = f"{done}/{part}"
            target = self._link(here) if waiting or follow else None
            if target is None:
                done = here
                continue
            links += 1
            if links > MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            if target.startswith("/"):
                done = ""
            waiting += [step for step in reversed(target.split("/")) if step]
        return done or "/"

    def _link(self, path: str) -> str | None:
        place = self.locate(path)
        if place is None:
            return None
        try:
            if not stat.S_ISLNK(RAW.lstat(place).st_mode):
                return None
            target: str = RAW.readlink(place)
        except OSError:
            return None
        return target

    def ready(self, path: str) -> str:
        """Makes the folders above `path` in the top layer and returns its place there.

        Raises FileNotFoundError or NotADirectoryError where there is no such folder to write into.
        """
        self.touched = True
        above = path.rpartition("/")[0]
        if above and not _lexists(self.top(above)):
            place = self.locate(above)
            if place is None or not stat.S_ISDIR(RAW.lstat(place).st_mode):
                raise self.missing(path)
            self.ready(above)
            RAW.mkdir(self.top(above))
        return self.top(path)

    def missing(self, path: str) -> OSError:
        """What the system says of `path`, which is not there: ENOENT, or ENOTDIR below a file."""
        above = path.rpartition("/")[0]
        while above and self.locate(above) is None:
            above = above.rpartition("/")[0]
        if above and not self.is_dir(above):
            return NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def copy_up(self, path: str) -> str:
        """Makes `path`, if it exists, lie in the top layer (a folder without what is in it), and returns its
        place there. Raises OSError as writing to `path` would."""
        top = self.ready(path)
        if _lexists(top):
            return top
        place = self.locate(path)
        if place is None:
            return top
        info = RAW.lstat(place)
        if stat.S_ISLNK(info.st_mode):
            RAW.symlink(RAW.readlink(place), top)
        elif stat.S_ISDIR(info.st_mode):
            RAW.mkdir(top)
        elif stat.S_ISREG(info.st_mode):
            _copy_file(place, top)
            RAW.chmod(top, stat.S_IMODE(info.st_mode))
            RAW.utime(top, ns=(info.st_atime_ns, info.st_mtime_ns))
        else:  # a pipe, a socket, a device: there is only the one
            return place
        return top

    def tree_up(self, path: str) -> str:
        """`copy_up` of `path` with all that is in it."""
        top = self.copy_up(path)
        if self.is_dir(path):
            for name in self.names(path):
                self.tree_up(f"{path}/{name}")
        return top

    def remove(self, path: str) -> None:
        """`path` (a file, a link or an empty folder) does not exist from now on. Raises OSError."""
        place = self.locate(path)
        if place is None:
            raise self.missing(path)
        top = self.top(path)
        if place == top:
            if stat.S_ISDIR(RAW.lstat(top).st_mode):
                RAW.rmdir(top)
            else:
                RAW.unlink(top)
        self.hide(path)

    def hide(self, path: str) -> None:
        """What lies under the top layer at `path` is not seen any more."""
        self.touched = True
        if self.locate(path) is not None:
            self._layers[0].gone.add(path)

    def names(self, path: str) -> list[str]:
        """What is in the folder `path`, as `os.listdir`. Raises OSError if there is no such folder."""
        found: dict[str, None] = {}
        hidden: list[_Layer] = []
        is_there = False
        for layer in [*self._layers, None]:
            place = path if layer is None else layer.root + path
            try:
                names = RAW.listdir(place or "/")
            except FileNotFoundError:
                names = None
            except NotADirectoryError:
                if is_there:
                    break
                raise
            if names is not None:
                is_there = True
                for name in names:
                    full = f"{path.rstrip('/')}/{name}"
                    if name not in found and not any(above.hides(full) for above in hidden):
                        found[name] = None
            if layer is not None:
                if layer.hides(path):
                    break
                hidden.append(layer)
        if not is_there:
            raise self.missing(path)
        return list(found)

    def concerns(self, path: str) -> bool:
        """Whether the folder `path` looks different from what is on disk there."""
        return any(
            layer.hides(path)
            or _lexists(layer.root + path)
            or any(gone.startswith(path.rstrip("/") + "/") for gone in layer.gone)
            for layer in self._layers
        )

    def written(self) -> list[str]:
        """The paths that were written or removed, sorted; of folders, those that are new."""
        found: set[str] = set()
        for layer in self._layers:
            found |= layer.gone
            for place, is_dir in _walk(layer.root):
                path = place[len(layer.root) :]
                if not is_dir or not _lexists(path):
                    found.add(path)
        return sorted(found)


def _lexists(path: str) -> bool:
    try:
        RAW.lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _walk(root: str) -> Iterator[tuple[str, bool]]:
    with RAW.scandir(root) as entries:
        for entry in entries:
            is_dir = entry.is_dir(follow_symlinks=False)
            yield entry.path, is_dir
            if is_dir:
                yield from _walk(entry.path)


def _copy_file(source: str, target: str) -> None:
    reading = RAW.open(source, os.O_RDONLY)
    try:
        writing = RAW.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            while chunk := RAW.read(reading, CHUNK):
                while chunk:
                    chunk = chunk[RAW.write(writing, chunk) :]
        except BaseException:
            RAW.unlink(target)
            raise
        finally:
            RAW.close(writing)
    finally:
        RAW.close(reading)
