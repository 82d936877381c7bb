"""The doors through which a run's training passes, and how we stand in them unseen.

Each wrapper calls the original with the script's own arguments and returns the original's own result.
Everything of ours runs inside `Guard.call`, which times it, swallows our errors, and steps aside while a
compiler traces. The wrappers' code carries a file name that Python's warning machinery skips, so that a
warning is attributed to the line that it would name without us.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import FunctionType
from typing import Any

from ..sampling import OwnTime

# warnings.warn(stacklevel=n) passes over frames whose file name holds both words (see _is_internal_frame in
# CPython's warnings.py): a warning raised below a wrapper keeps naming the caller of the wrapped function.
UNSEEN_FILE = "<lossdoctor importlib._bootstrap door>"

MAX_FAILURES = 3


def unseen(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, passed over when a warning looks for the line that caused it."""
    assert isinstance(function, FunctionType)
    function.__code__ = function.__code__.replace(co_filename=UNSEEN_FILE)
    return function


class Guard:
    """Runs our code beside the script's: timed, never raising, switched off after three failures."""

    def __init__(self, own: OwnTime, on_error: Callable[[str, BaseException], None], is_compiling: Callable[[], bool]):
        self.own = own
        self.on_error = on_error
        self.is_compiling = is_compiling
        self.failures: dict[str, int] = {}
        self.pid = os.getpid()
        self.off = False

    def call(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """`function(*args)`, or None if it is switched off, failed, or a compiler is tracing."""
        if self.off or self.is_compiling() or os.getpid() != self.pid:
            return None
        own = self.own
        own.enter()
        try:
            return function(*args)
        except Exception as error:
            self._failed(name, error)
            return None
        finally:
            own.leave()

    def _failed(self, name: str, error: BaseException) -> None:
        count = self.failures[name] = self.failures.get(name, 0) + 1
        try:
            self.on_error(name, error)
        except Exception:
            self.off = True
        if count >= MAX_FAILURES:
            self.off = True


class Doors:
    """The patches that are in place, so that each can be taken back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> bool:
        """Put `make(original)` in the place of `owner.name`. False where there is no such thing."""
        original = getattr(owner, name, None)
        if original is None:
            return False
        wrapper = unseen(make(original))
        if isinstance(original, FunctionType):
            functools.update_wrapper(wrapper, original)
            wrapper.__dict__.pop("__wrapped__", None)
        else:
            wrapper.__name__ = getattr(original, "__name__", name)
            wrapper.__doc__ = getattr(original, "__doc__", None)
        was_own = name in vars(owner)
        setattr(owner, name, wrapper)

        def undo() -> None:
            if was_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)

        self._undo.append(undo)
        return True

    def on_close(self, undo: Callable[[], None]) -> None:
        self._undo.append(undo)

    def close(self) -> None:
        """Take everything back, newest first."""
        while self._undo:
            self._undo.pop()()
