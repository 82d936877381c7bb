"""Being `__main__`: the module, `sys.argv` and `sys.path[0]` as Python sets them for a program of its own."""

from __future__ import annotations

import builtins
import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

_replaced: list[ModuleType] = []


def become_main(file: str | None) -> ModuleType:
    """Puts a fresh `__main__` into `sys.modules`, with the attributes of a script at `file` (None: no file
    yet, as before `-m` has found it), in the order in which Python gives them.

    The module it replaces is kept alive: code of ours still runs in it.
    """
    module = ModuleType("__main__")
    if sys.version_info < (3, 14):  # PEP 649: since 3.14 it is made when asked for
        module.__dict__.update(__annotations__={})
    module.__dict__["__builtins__"] = builtins
    if file is not None:
        module.__loader__ = SourceFileLoader("__main__", file)
        module.__file__ = file
        module.__dict__["__cached__"] = None
    before = sys.modules.get("__main__")
    if before is not None:
        _replaced.append(before)
    sys.modules["__main__"] = module
    return module


def leave_main(module: ModuleType) -> None:
    """Takes `__file__` and `__cached__` away, as Python does at a script's end, before exit handlers run."""
    for name in ("__file__", "__cached__"):
        module.__dict__.pop(name, None)


def set_arguments(first: str, rest: tuple[str, ...], original: tuple[str, ...]) -> None:
    """`sys.argv`, and `sys.orig_argv` as if Python had been started with `original` after its own options."""
    sys.argv = [first, *rest]
    sys.orig_argv = [*_interpreter(sys.orig_argv), *original, *rest]


def set_import_root(folder: str) -> None:
    """Replaces the entry that Python made for our own command; leaves it where there is none (-P)."""
    if sys.flags.safe_path:
        return
    if sys.path:
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)


def script_folder(path: str) -> str:
    """The folder of a script as Python puts it into `sys.path[0]`: absolute, links followed."""
    return os.path.dirname(os.path.realpath(path))  # noqa: PTH120


def _interpreter(original: list[str]) -> list[str]:
    """The interpreter with its own options, from a command line that goes on with a script, -m or -c."""
    with_value = ("-X", "-W", "--check-hash-based-pycs")
    kept = original[:1]
    rest = iter(original[1:])
    for word in rest:
        if not word.startswith("-") or word == "-" or word.startswith(("-m", "-c")):
            break
        kept.append(word)
        if word in with_value:
            kept.append(next(rest, ""))
    return kept
