"""Law 5: a script that is stopped halfway or repeated writes nowhere that the user writes.

Its files go to an overlay, from which it reads them back; its own child programs and C libraries that open
files by name without Python are named in `notes`, where we meet them.
"""

from __future__ import annotations

import builtins
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from .imports import Watch
from .open_files import own_open_files
from .overlay import RAW, Overlay
from .redirects import Redirects
from .writers import wrap_known_writers

VARIABLE = "LOSSDOCTOR_SANDBOX"
KERNEL = ("/dev", "/proc", "/sys")
CACHES = (".triton", ".nv", ".cache/torch_extensions", ".cache/torch/kernels")
"""Below the home folder: filled by compilers that run as other programs, and keyed by content."""
TEMP_CACHES = ("torchinductor_", "pymp-", "torch_extensions")

_STDLIB_WITH_COPIES = ("glob", "os", "pathlib", "shutil", "tarfile", "tempfile", "zipfile", "logging")


class Sandbox:
    """Sends what the script writes to `folder`/overlay/<absolute path>.

    Passed through: `folder` itself, `keep_open` (our own output), /dev, /proc and pipes, what `tempfile`
    makes in its own folder, compilers' caches, and descriptors that are already open (see `switch`).
    `project` is kept from harm even if it lies in a temporary folder. Bytecode is not written meanwhile.
    """

    def __init__(self, folder: Path, project: Path, keep_open: Sequence[Path] = ()) -> None:
        self.folder = Path(folder).resolve()
        self.project = Path(project).resolve()
        self.notes: list[str] = []
        self._open = [os.fspath(self.folder), *(os.fspath(Path(path).resolve()) for path in keep_open)]
        self._temp = os.path.realpath(tempfile.gettempdir())
        self._own_temp: set[str] = set()
        self._home_caches = [os.path.join(os.path.realpath(Path.home()), name) for name in CACHES]  # noqa: PTH118
        self.overlay = Overlay(self.folder / "overlay")
        self._redirects = Redirects(self.overlay, self.find, self._made_by_tempfile)
        self._undo: list[Callable[[], object]] = []
        self._watches: list[Watch] = []

    def install(self) -> None:
        """Redirects from now on. Raises RuntimeError if a sandbox is installed already."""
        if os.open is not RAW.open:
            raise RuntimeError("a sandbox is installed already")
        replaced: dict[int, Callable[..., Any]] = {}
        for name, ours in self._redirects.table.items():
            original = getattr(RAW, name)
            replaced.setdefault(id(original), ours)
            if name == "file":
                self._set(builtins, "open", ours)
                self._set(io, "open", ours)
            else:
                self._set(os, name, ours)
            for supported in (os.supports_dir_fd, os.supports_follow_symlinks, os.supports_fd):
                if original in supported:
                    supported.add(ours)
                    self._undo.append(lambda s=supported, f=ours: s.discard(f))  # type: ignore[misc]
        self._replace_copies(replaced)
        self._watch_subprocesses()
        shutil_module = sys.modules.get("shutil")
        if shutil_module is not None and not os.path.isdir("/proc/self/fd"):  # noqa: PTH112
            # A folder's descriptor cannot be led back to its path here, and rmtree goes by descriptors.
            self._set(shutil_module, "_use_fd_functions", False)
        self._set(sys, "dont_write_bytecode", True)
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = os.fspath(self.folder)
        self._undo.append(
            lambda: os.environ.pop(VARIABLE, None) if before is None else os.environ.update({VARIABLE: before})
        )
        self._watches = wrap_known_writers(self.for_writing, self.for_reading, self._note_failure)

    def remove(self) -> None:
        """Takes all redirections away (what was imported meanwhile by name keeps its own)."""
        for watch in self._watches:
            watch.cancel()
        while self._undo:
            self._undo.pop()()

    def switch(self, folder: Path) -> None:
        """From now on writes to `folder`, which reads through what was written so far. After a fork: parent
        and child must each switch to a folder of their own, since neither may see what the other writes.

        Files that are open are opened anew, so that offsets are no longer shared; those open for writing to
        a place of the user's are copied first.
        """
        self.folder = Path(folder).resolve()
        self._open.append(os.fspath(self.folder))
        self.overlay.push(self.folder / "overlay")
        if VARIABLE in os.environ:
            os.environ[VARIABLE] = os.fspath(self.folder)
        self.take_over_open_files()

    def take_over_open_files(self) -> None:
        """Gives this process descriptors and shared mappings of its own, which write to the overlay."""
        self.notes += own_open_files(self._writable_copy)

    def written(self) -> list[str]:
        """The user's paths that the script believes to have written or removed, sorted."""
        return self.overlay.written()

    def for_writing(self, path: Any) -> Any:
        """Where a library that opens `path` by itself shall write; what `path` holds lies there already.
        Anything but a path is returned as it is."""
        where = self._find_path(path)
        if where is None:
            return path
        return self.overlay.ready(where) if self.overlay.is_dir(where) else self.overlay.copy_up(where)

    def for_reading(self, path: Any) -> Any:
        """Where such a library finds `path`."""
        where = self._find_path(path)
        place = None if where is None else self.overlay.locate(where)
        return path if place is None or place == where else place

    def find(self, path: Any, dir_fd: Any = None, follow: bool = True) -> str | None:
        """The canonical path that `path` means, or None where it is passed through (or is no path)."""
        if isinstance(path, int) or path is None:
            return None
        try:
            text = os.fsdecode(path)
        except (TypeError, ValueError):
            return None
        if not text or "\0" in text:
            return None
        if not text.startswith("/"):
            text = f"{self._base(dir_fd)}/{text}"
        if _below(text, KERNEL):
            return None
        inside = self.overlay.layer_of(text)
        try:
            canonical = self.overlay.canonical(text if inside is None else inside, follow)
        except OSError as error:
            error.filename = path
            raise
        return None if self._passes(canonical) else canonical

    def _find_path(self, path: Any) -> str | None:
        return self.find(path) if isinstance(path, (str, bytes, os.PathLike)) else None

    def _base(self, dir_fd: Any) -> str:
        here: str = RAW.getcwd() if dir_fd is None else RAW.readlink(f"/proc/self/fd/{dir_fd}")
        return self.overlay.layer_of(here) or here

    def _passes(self, path: str) -> bool:
        if _below(path, KERNEL) or _below(path, self._open) or _below(path, self._home_caches):
            return True
        if _below(path, (os.fspath(self.project),)):
            return False
        if not path.startswith(self._temp + "/"):
            return False
        first = path[len(self._temp) + 1 :].partition("/")[0]
        return first in self._own_temp or first.startswith(TEMP_CACHES)

    def _made_by_tempfile(self, path: Any, depth: int) -> bool:
        """Whether `tempfile` is making `path` in the temporary folder: new, and nobody else's."""
        if sys._getframe(depth).f_globals.get("__name__") != "tempfile":
            return False
        try:
            text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        except (TypeError, ValueError):
            return False
        folder, _, name = text.rpartition("/")
        if folder not in (self._temp, tempfile.gettempdir()):
            return False
        self._own_temp.add(name)
        return True

    def _writable_copy(self, path: str) -> str | None:
        where = self.find(path)
        return None if where is None else self.overlay.copy_up(where)

    def _others_write(self) -> None:
        """Another process is about to have the same overlay."""
        self.overlay.touched = True

    def _watch_subprocesses(self) -> None:
        start, system = subprocess.Popen.__init__, os.system
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._others_write)

        def popen(process: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
            self._note_program(args)
            self._others_write()
            if kwargs.get("cwd") is not None:
                kwargs["cwd"] = self.for_reading(kwargs["cwd"])
            start(process, args, *rest, **kwargs)

        def run_system(command: Any) -> int:
            self._note_program(command)
            self._others_write()
            return system(command)

        self._set(subprocess.Popen, "__init__", popen)
        self._set(os, "system", run_system)

    def _note_program(self, args: Any) -> None:
        words = args if isinstance(args, (list, tuple)) else [args]
        shown = " ".join(os.fsdecode(word) for word in words if isinstance(word, (str, bytes, os.PathLike)))
        note = f"the script started another program, which is not in the sandbox: {shown[:120]}"
        if note not in self.notes:
            self.notes.append(note)

    def _note_failure(self, module: str, error: Exception) -> None:
        self.notes.append(f"writes of {module} could not be redirected: {error}")

    def _set(self, owner: Any, name: str, value: Any) -> None:
        before = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))

    def _replace_copies(self, replaced: dict[int, Callable[..., Any]]) -> None:
        """Modules that took a function by name (`from os import replace`) before us hold the original."""
        for name, module in list(sys.modules.items()):
            if not isinstance(module, ModuleType) or _is_exempt(name):
                continue
            has_copies_in_classes = name.partition(".")[0] in _STDLIB_WITH_COPIES
            # Only identities are looked at: lazy objects of a library warn or load when asked anything.
            for key, value in list(vars(module).items()):
                if id(value) in replaced and value is not replaced[id(value)]:
                    self._set(module, key, replaced[id(value)])
                elif has_copies_in_classes and isinstance(value, type):
                    self._replace_in_class(value, replaced)

    def _replace_in_class(self, owner: type, replaced: dict[int, Callable[..., Any]]) -> None:
        for key, value in list(vars(owner).items()):
            inner = value.__func__ if isinstance(value, staticmethod) else value
            if id(inner) in replaced:
                setattr(owner, key, staticmethod(replaced[id(inner)]))
                self._undo.append(lambda k=key, v=value: setattr(owner, k, v))  # type: ignore[misc]
            elif isinstance(value, FunctionType) and value.__defaults__:
                before = value.__defaults__
                after = tuple(replaced.get(id(default), default) for default in before)
                if any(id(default) in replaced for default in before):
                    value.__defaults__ = after
                    self._undo.append(lambda f=value, d=before: setattr(f, "__defaults__", d))  # type: ignore[misc]


def _below(path: str, roots: Sequence[str]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _is_exempt(name: str) -> bool:
    return name in ("posix", "nt", "_io", "_pyio", "builtins", "io", "os") or name.startswith(
        ("lossdoctor.", "importlib", "_frozen_importlib", "zipimport")
    )
