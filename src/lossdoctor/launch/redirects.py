"""The functions of `os` and `open`, going through an overlay.

Each does to a path what the original does, in the overlay where the path is one that is kept from harm, and
raises what the original would raise, with the path as it was given.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from .listing import MergedScan
from .overlay import RAW, Overlay

Find = Callable[[Any, Any, bool], str | None]
"""(path, dir_fd, follow links of the last part) -> canonical path, or None to call the original."""

READERS = ("stat", "lstat", "access", "readlink", "statvfs", "pathconf", "listxattr", "getxattr")
CHANGERS = ("truncate", "utime", "chmod", "chown", "lchown", "setxattr", "removexattr")
CREATORS = ("mkfifo", "mknod")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ANONYMOUS = getattr(os, "O_TMPFILE", 0)


class Redirects:
    """`table` maps each name in `os`, and "file" for `open`, to its replacement."""

    def __init__(self, overlay: Overlay, find: Find, made_by_tempfile: Callable[[Any, int], bool]) -> None:
        self._overlay = overlay
        self._find = find
        self._made_by_tempfile = made_by_tempfile
        own: dict[str, Callable[..., Any]] = {
            "open": self.os_open, "file": self.open, "mkdir": self.mkdir, "rmdir": self.rmdir,
            "unlink": self.unlink, "remove": self.remove, "rename": self.rename, "replace": self.replace,
            "link": self.link, "symlink": self.symlink, "listdir": self.listdir, "scandir": self.scandir,
            "chdir": self.chdir, "getcwd": self.getcwd, "getcwdb": self.getcwdb,
        }  # fmt: skip
        # Methods, as builtins, are not bound again where a class keeps one (`opener = open`); functions are.
        for names, make in ((READERS, self._reader), (CHANGERS, self._changer), (CREATORS, self._creator)):
            for name in names:
                if hasattr(RAW, name):
                    function = make(name)
                    function.__name__ = function.__qualname__ = name
                    own[name] = MethodType(function, self)
        self.table = {name: function for name, function in own.items() if hasattr(RAW, name)}

    def _reader(self, name: str) -> Callable[..., Any]:
        raw = getattr(RAW, name)

        def read(_: object, path: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._overlay.touched:
                return raw(path, *args, **kwargs)
            follow = kwargs.get("follow_symlinks", True) and name not in ("lstat", "readlink")
            try:
                where = self._find(path, kwargs.get("dir_fd"), follow)
            except OSError:
                if name == "access":
                    return False
                raise
            if where is None:
                return raw(path, *args, **kwargs)
            kwargs.pop("dir_fd", None)
            with _as_given(path):
                place = self._overlay.locate(where)
                if place is None and name == "access":
                    return False
                found = raw(self._existing(where), *args, **kwargs)
            return os.fsencode(found) if name == "readlink" and isinstance(path, bytes) else found

        return read

    def _changer(self, name: str) -> Callable[..., Any]:
        raw = getattr(RAW, name)

        def change(_: object, path: Any, *args: Any, **kwargs: Any) -> Any:
            follow = kwargs.get("follow_symlinks", True) and name != "lchown"
            where = self._find(path, kwargs.get("dir_fd"), follow)
            if where is None:
                return raw(path, *args, **kwargs)
            kwargs.pop("dir_fd", None)
            with _as_given(path):
                self._existing(where)
                return raw(self._overlay.copy_up(where), *args, **kwargs)

        return change

    def _creator(self, name: str) -> Callable[..., Any]:
        raw = getattr(RAW, name)

        def create(_: object, path: Any, *args: Any, **kwargs: Any) -> Any:
            where = self._find(path, kwargs.pop("dir_fd", None), False)
            if where is None:
                return raw(path, *args, **kwargs)
            with _as_given(path):
                return raw(self._new(where), *args, **kwargs)

        return create

    def _existing(self, where: str) -> str:
        """Where `where` lies. Raises FileNotFoundError or NotADirectoryError."""
        place = self._overlay.locate(where)
        if place is None:
            raise self._overlay.missing(where)
        return place

    def _new(self, where: str) -> str:
        """Where to make `where`, which must not exist."""
        if self._overlay.locate(where) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), where)
        self._may_write(where)
        return self._overlay.ready(where)

    def _may_write(self, where: str, as_entry: bool = False) -> None:
        """Raises PermissionError where the original would: by the file's own rights, or by its folder's, if
        it is not there or is only an entry to be moved or removed."""
        place = None if as_entry else self._overlay.locate(where)
        if place is None:
            place = self._overlay.locate(where.rpartition("/")[0] or "/")
        if place is not None and not RAW.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), where)

    def _for_writing(self, where: str, truncate: bool, create: bool, exclusive: bool) -> str:
        overlay = self._overlay
        if exclusive:
            return self._new(where)
        if overlay.locate(where) is None and not create:
            raise overlay.missing(where)
        self._may_write(where)
        if truncate and not overlay.is_dir(where):
            top = overlay.ready(where)
            place = overlay.locate(where)
            if place is not None and place != top:
                info = RAW.lstat(place)
                if not stat.S_ISREG(info.st_mode):
                    return place
                RAW.close(RAW.open(top, os.O_WRONLY | os.O_CREAT, stat.S_IMODE(info.st_mode)))
            return top
        return overlay.copy_up(where)

    def open(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        opener = kwargs.get("opener") or (args[5] if len(args) > 5 else None)
        # An opener opens the file itself, by os.open, and is met there.
        where = None if opener is not None or not isinstance(mode, str) else self._find(file, None, "x" not in mode)
        if where is None:
            return RAW.file(file, mode, *args, **kwargs)
        with _as_given(file):
            if set(mode) & set("wax+"):
                place = self._for_writing(where, "w" in mode, "w" in mode or "a" in mode, "x" in mode)
            else:
                place = self._existing(where)
            stream = RAW.file(place, mode, *args, **kwargs)
        _rename_stream(stream, file)
        return stream

    def os_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        follow = not flags & (getattr(os, "O_NOFOLLOW", 0) | (os.O_EXCL if flags & os.O_CREAT else 0))
        anonymous = ANONYMOUS and flags & ANONYMOUS == ANONYMOUS
        if anonymous or self._made_by_tempfile(path, 2):
            where = None
        else:
            where = self._find(path, dir_fd, follow)
        if where is None:
            return int(RAW.open(path, flags, mode, dir_fd=dir_fd))
        with _as_given(path):
            if flags & WRITING:
                create = bool(flags & os.O_CREAT)
                place = self._for_writing(where, bool(flags & os.O_TRUNC), create, create and bool(flags & os.O_EXCL))
            else:
                place = self._existing(where)
            return int(RAW.open(place, flags, mode))

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        where = None if self._made_by_tempfile(path, 2) else self._find(path, dir_fd, False)
        if where is None:
            RAW.mkdir(path, mode, dir_fd=dir_fd)
            return
        with _as_given(path):
            RAW.mkdir(self._new(where), mode)

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        where = self._find(path, dir_fd, False)
        if where is None:
            RAW.rmdir(path, dir_fd=dir_fd)
            return
        with _as_given(path):
            self._existing(where)
            if not self._overlay.is_dir(where):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            if self._overlay.names(where):
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
            self._may_write(where, as_entry=True)
            self._overlay.remove(where)

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        where = self._find(path, dir_fd, False)
        if where is None:
            RAW.unlink(path, dir_fd=dir_fd)
            return
        with _as_given(path):
            if self._overlay.is_dir(where):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            self._existing(where)
            self._may_write(where, as_entry=True)
            self._overlay.remove(where)

    def remove(self, path: Any, *, dir_fd: int | None = None) -> None:
        self.unlink(path, dir_fd=dir_fd)

    def replace(self, src: Any, dst: Any, **kwargs: Any) -> None:
        self.rename(src, dst, **kwargs)

    def rename(self, src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        source, target = self._find(src, src_dir_fd, False), self._find(dst, dst_dir_fd, False)
        if source is None and target is None:
            RAW.rename(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
            return
        with _as_given(src, dst):
            if source is None:
                into = self._overlay.ready(str(target))
                _move(_absolute(src, src_dir_fd), into)
                return
            if target is not None:
                self._check_rename(source, target)
            self._existing(source)
            self._may_write(source, as_entry=True)
            if target is None:
                _move(self._overlay.tree_up(source), _absolute(dst, dst_dir_fd))
            elif source != target:
                self._rename_within(source, target)
            else:
                return
            self._overlay.hide(source)

    def _check_rename(self, source: str, target: str) -> None:
        """In the order in which Linux looks (do_renameat2)."""
        for path in (source, target):
            above = path.rpartition("/")[0] or "/"
            if not self._overlay.is_dir(above):
                raise self._overlay.missing(path)
        self._existing(source)
        if target.startswith(source + "/") and self._overlay.is_dir(source):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), source)
        if source.startswith(target + "/"):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), source)

    def _rename_within(self, source: str, target: str) -> None:
        overlay = self._overlay
        moving_dir, over = overlay.is_dir(source), overlay.locate(target)
        if over is not None and overlay.is_dir(target):
            if not moving_dir:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), source)
            if overlay.names(target):
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), source)
        elif over is not None and moving_dir:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), source)
        self._may_write(target, as_entry=True)
        into = overlay.ready(target)
        RAW.rename(overlay.tree_up(source), into)

    def link(self, src: Any, dst: Any, **kwargs: Any) -> None:
        source = self._find(src, kwargs.get("src_dir_fd"), kwargs.get("follow_symlinks", True))
        target = self._find(dst, kwargs.get("dst_dir_fd"), False)
        if source is None and target is None:
            RAW.link(src, dst, **kwargs)
            return
        with _as_given(src, dst):
            if source is None:
                original = _absolute(src, kwargs.get("src_dir_fd"))
            else:
                original = self._existing(source)
            into = _absolute(dst, kwargs.get("dst_dir_fd")) if target is None else self._new(target)
            if source is not None and not self._overlay.is_dir(source):
                original = self._overlay.copy_up(source)
            RAW.link(original, into, follow_symlinks=False)

    def symlink(self, src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> None:
        where = self._find(dst, dir_fd, False)
        if where is None:
            RAW.symlink(src, dst, target_is_directory, dir_fd=dir_fd)
            return
        with _as_given(src, dst):
            RAW.symlink(src, self._new(where))

    def listdir(self, path: Any = ".") -> Any:
        where = self._find_folder(path)
        if where is None:
            return RAW.listdir(path)
        with _as_given(path):
            names = self._overlay.names(where)
        return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names

    def scandir(self, path: Any = ".") -> Any:
        path = "." if path is None else path
        where = self._find_folder(path)
        if where is None or (not self._overlay.concerns(where) and _same(path, where)):
            return RAW.scandir(path)
        with _as_given(path):
            names = self._overlay.names(where)
        return MergedScan(self._overlay, self.table["stat"], where, path, names)

    def _find_folder(self, path: Any) -> str | None:
        if isinstance(path, int) and not isinstance(path, bool):
            try:
                path = RAW.readlink(f"/proc/self/fd/{path}")
            except OSError:
                return None
        return self._find("." if path is None else path, None, True)

    def chdir(self, path: Any) -> None:
        where = self._find(path, None, True)
        if where is None:
            RAW.chdir(path)
            return
        with _as_given(path):
            RAW.chdir(where if _is_real_dir(where) and self._overlay.is_dir(where) else self._place(where))

    def _place(self, where: str) -> str:
        return self._overlay.locate(where) or self._overlay.top(where)

    def getcwdb(self) -> bytes:
        return os.fsencode(self.getcwd())

    def getcwd(self) -> str:
        here: str = RAW.getcwd()
        return self._overlay.layer_of(here) or here


Redirects.os_open.__name__ = "open"


@contextmanager
def _as_given(path: Any, second: Any = None) -> Iterator[None]:
    """An OSError names the path that the script gave; a mistake of ours is an OSError too, not a write."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            error.filename = path
        if error.filename2 is not None or (second is not None and error.filename is not None):
            error.filename2 = second
        raise
    except LookupError as error:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path) from error


def _rename_stream(stream: Any, name: Any) -> None:
    """`stream.name` is what the script asked for."""
    raw = getattr(stream, "buffer", stream)
    raw = getattr(raw, "raw", raw)
    try:
        raw.name = name
    except (AttributeError, TypeError):
        pass


def _absolute(path: Any, dir_fd: int | None) -> str:
    text = os.fsdecode(path)
    if dir_fd is not None:
        return os.path.join(RAW.readlink(f"/proc/self/fd/{dir_fd}"), text)  # noqa: PTH118
    return os.path.join(RAW.getcwd(), text)  # noqa: PTH118


def _same(one: Any, two: Any) -> bool:
    """Whether both lead to the same file without us; no, where a link on the way lies in the overlay."""
    try:
        return os.path.samestat(RAW.stat(one), RAW.stat(two))
    except OSError:
        return False


def _is_real_dir(path: str) -> bool:
    try:
        return stat.S_ISDIR(RAW.stat(path).st_mode)
    except OSError:
        return False


def _move(source: str, target: str) -> None:
    """rename, also to another device."""
    try:
        RAW.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if stat.S_ISDIR(RAW.lstat(source).st_mode):
            RAW.mkdir(target)
            for name in RAW.listdir(source):
                _move(f"{source}/{name}", f"{target}/{name}")
            RAW.rmdir(source)
        else:
            with RAW.file(source, "rb") as reading, RAW.file(target, "wb") as writing:
                while chunk := reading.read(1 << 20):
                    writing.write(chunk)
            RAW.unlink(source)
