"""Being called when the script imports a module, without importing it and without being seen.

The finder wraps `exec_module` on the loader's instance and takes the wrapper away before the module's
code runs: the module, its spec and its loader look as they always do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any

Callback = Callable[[ModuleType], object]
OnError = Callable[[str, Exception], object]

# importlib takes its own frames out of import tracebacks, and `warnings` passes over them when it counts
# `stacklevel`. Both go by this file name, and our one frame between them must go the same way.
IMPORTLIB_FRAME = "<frozen importlib._bootstrap_external>"


class Watch:
    """One `when_imported`; `cancel()` ends it. `fired` counts the calls."""

    def __init__(self, name: str, callback: Callback, on_error: OnError | None) -> None:
        self.name = name
        self.fired = 0
        self._callback = callback
        self._on_error = on_error

    def cancel(self) -> None:
        _finder.forget(self)

    def fire(self, module: ModuleType) -> None:
        self.fired += 1
        try:
            self._callback(module)
        except Exception as error:
            if self._on_error is not None:
                try:
                    self._on_error(self.name, error)
                except Exception:
                    pass


def when_imported(module_name: str, callback: Callback, on_error: OnError | None = None) -> Watch:
    """Calls `callback(module)` as soon as the import of `module_name` has ended, at once if it already has.

    Called again when the module is executed again (a reload, or a second import after it was taken out of
    `sys.modules`). Submodules ("sklearn.preprocessing") may be named too. An Exception in the callback goes
    to `on_error(module_name, error)` and nowhere else. Modules written in C without a file loader, and
    modules that another meta path finder creates without `exec_module`, are not seen.
    """
    watch = Watch(module_name, callback, on_error)
    _finder.watch(watch)
    module = sys.modules.get(module_name)
    if module is not None and not _is_loading(module):
        watch.fire(module)
    return watch


def _is_loading(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self._watches: dict[str, list[Watch]] = {}
        self._busy: set[str] = set()

    def watch(self, watch: Watch) -> None:
        self._watches.setdefault(watch.name, []).append(watch)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def forget(self, watch: Watch) -> None:
        watches = self._watches.get(watch.name, [])
        if watch in watches:
            watches.remove(watch)
        if not watches:
            self._watches.pop(watch.name, None)
        if not self._watches and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /) -> ModuleSpec | None:
        if fullname not in self._watches or fullname in self._busy:
            return None
        self._busy.add(fullname)
        try:
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None)
                if finder is self or find is None:
                    continue
                spec: ModuleSpec | None = find(fullname, path, target)
                if spec is not None:
                    _wrap(spec.loader, fullname, self._fire)
                    return spec
        finally:
            self._busy.discard(fullname)
        return None

    def _fire(self, name: str, module: ModuleType) -> None:
        # The script may have put something else in its place (as lazy modules do of themselves).
        module = sys.modules.get(name, module)
        for watch in list(self._watches.get(name, ())):
            watch.fire(module)


def _wrap(loader: Any, name: str, fire: Callable[[str, ModuleType], None]) -> None:
    if loader is None or isinstance(loader, type) or not hasattr(loader, "exec_module"):
        return
    if "exec_module" in getattr(loader, "__dict__", {}):
        return

    def exec_module(module: ModuleType) -> None:
        loader.__dict__.pop("exec_module", None)
        loader.exec_module(module)
        fire(name, module)

    exec_module.__code__ = _as_importlib(exec_module.__code__)
    try:
        loader.exec_module = exec_module
    except (AttributeError, TypeError):
        pass


def _as_importlib(code: CodeType) -> CodeType:
    return code.replace(co_filename=IMPORTLIB_FRAME)


_finder = _Finder()
