"""The doors through which a run's training passes, and how we stand in them unseen.

A wrapper calls the original with the script's own arguments and returns the original's own result. All of
ours runs inside `Guard.call`. What makes a wrapper unseen: its code carries a file name that Python's warning
machinery passes over, it takes its own frame out of the traceback of an error that passes, it has the
original's globals (where TorchScript looks names up), name and signature, and a function written in C is
called from a frame that names the caller's own line, since C blames its warnings on the frame that it sees.
"""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import Any

from ..sampling import OwnTime

# warnings.warn(stacklevel=n) passes over frames whose file name holds both words (see _is_internal_frame in
# CPython's warnings.py): a warning raised below a wrapper keeps naming the caller of the wrapped function.
UNSEEN_FILE = "<lossdoctor importlib._bootstrap door>"

MAX_FAILURES = 3
MAX_PLACES = 500

Original = Callable[..., Any]
Before = Callable[[tuple[Any, ...], dict[str, Any]], tuple[tuple[Any, ...], dict[str, Any]]]
After = Callable[[tuple[Any, ...], dict[str, Any], Any], None]


def unseen(function: Original) -> Original:
    """The same function, passed over when a warning looks for the line that caused it."""
    assert isinstance(function, FunctionType)
    function.__code__ = function.__code__.replace(co_filename=UNSEEN_FILE)
    return function


class Guard:
    """Runs our code beside the script's: timed, never raising, each part switched off after three failures."""

    def __init__(
        self, own: OwnTime, on_error: Callable[[str, BaseException], None], aside: Callable[[], bool],
        hide: Callable[[], Any] = lambda: None,
    ):  # fmt: skip
        self.own = own
        self.on_error = on_error
        self.aside = aside
        self.hide = hide
        self.failures: dict[str, int] = {}
        self.broken: set[str] = set()
        self.off = False
        self.forked = False
        guard = weakref.ref(self)

        def forked() -> None:
            if (it := guard()) is not None:
                it.off = it.forked = True

        os.register_at_fork(after_in_child=forked)

    def call(self, name: str, function: Original, *args: Any) -> Any:
        """`function(*args)`, or None if it is switched off, failed, or we stand aside."""
        if self.off or self.aside() or (self.broken and part(name) in self.broken):
            return None
        return self.surely(name, function, *args)

    def surely(self, name: str, function: Original, *args: Any) -> Any:
        """As `call`, without asking whether to stand aside."""
        own = self.own
        own.enter()
        try:
            hidden = self.hide()
            if hidden is None:
                return function(*args)
            with hidden:
                return function(*args)
        except Exception as error:
            self.failed(name, error)
            return None
        finally:
            own.leave()

    def failed(self, name: str, error: BaseException) -> None:
        """Note a failure of ours; a part that fails for the third time is switched off."""
        count = self.failures[name] = self.failures.get(name, 0) + 1
        if count >= MAX_FAILURES:
            self.broken.add(part(name))
        try:
            self.on_error(name, error)
        except Exception:
            self.off = True

    def adopt(self) -> None:
        """After a fork: this process is the one that is watched now."""
        self.off = self.forked = False


def part(name: str) -> str:
    """Two calls that belong together ("step", "after step") are switched off together."""
    return name.removeprefix("after ")


def wrap(
    original: Original, is_compiling: Callable[[], bool], before: Before | None, after: After | None,
    leave: Callable[[BaseException | None], None] | None = None,
) -> Original:  # fmt: skip
    """`original` between `before`, which may change the arguments, and `after`, which sees the result.
    `leave` is called in any case, with the error if there was one; it may raise."""

    if not isinstance(original, FunctionType):
        return _wrap_c(original, is_compiling, after)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_compiling():
            return original(*args, **kwargs)
        if before is not None:
            args, kwargs = before(args, kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            if leave is not None:
                leave(error)
            raise
        if after is not None:
            after(args, kwargs, result)
        if leave is not None:
            leave(None)
        return result

    code = wrapper.__code__.replace(co_filename=UNSEEN_FILE)
    made = FunctionType(code, original.__globals__, original.__name__, None, wrapper.__closure__)
    return functools.update_wrapper(made, original)


def _wrap_c(original: Original, is_compiling: Callable[[], bool], after: After | None) -> Original:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_compiling():
            return original(*args, **kwargs)
        try:
            result = _called_from(sys._getframe(1))(original, args, kwargs)
        except BaseException as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                error.__traceback__ = error.__traceback__.tb_next.tb_next
            raise
        if after is not None:
            after(args, kwargs, result)
        return result

    wrapper.__name__ = getattr(original, "__name__", "wrapper")
    wrapper.__doc__ = getattr(original, "__doc__", None)
    return unseen(wrapper)


# One line: a code object's lines count from its first.
_CALL: CodeType = (lambda original, args, kwargs: original(*args, **kwargs)).__code__
_places: dict[tuple[str, int, int], Original] = {}


def _called_from(frame: FrameType) -> Original:
    """A function that calls another as if the call stood at `frame`'s line."""
    key = (frame.f_code.co_filename, frame.f_lineno, id(frame.f_globals))
    found = _places.get(key)
    if found is None or found.__globals__ is not frame.f_globals:
        if len(_places) > MAX_PLACES:
            _places.clear()
        code = _CALL.replace(co_filename=key[0], co_firstlineno=key[1], co_name=frame.f_code.co_name)
        found = _places[key] = FunctionType(code, frame.f_globals)
    return found


class Door:
    """One attribute that a wrapper of ours may stand for."""

    def __init__(self, owner: Any, name: str, make: Callable[[Original], Original]) -> None:
        self.owner = owner
        self.name = name
        self.make = make
        self.was_own = name in vars(owner)
        self.original: Original = getattr(owner, name)
        self.wrapper: Original | None = None
        self._buried = False

    def open(self) -> None:
        """Stand in it: before the original, or before what someone else has put in its place."""
        now = getattr(self.owner, self.name)
        if now is self.wrapper or self._buried:
            return
        if now is not self.original or self.wrapper is None:
            self.original, self.wrapper = now, self.make(now)
        setattr(self.owner, self.name, self.wrapper)

    def shut(self) -> None:
        """Step out of it, unless someone else has put something before us."""
        if self.wrapper is None:
            return
        now = vars(self.owner).get(self.name)
        if now is not self.wrapper:
            self._buried = self._buried or (now is not None and now is not self.original)
            return
        if self.was_own:
            setattr(self.owner, self.name, self.original)
        else:
            delattr(self.owner, self.name)


class Doors:
    """The doors of a run: those that we always stand in, and those for a close look alone."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self.doors: list[Door] = []
        self.looking: list[Door] = []
        self.are_open = False

    def replace(self, owner: Any, name: str, make: Callable[[Original], Original], looking: bool = False) -> bool:
        """Put `make(original)` in the place of `owner.name`. False where there is no such thing."""
        if getattr(owner, name, None) is None:
            return False
        door = Door(owner, name, make)
        self._undo.append(door.shut)
        self.doors.append(door)
        if looking:
            self.looking.append(door)
        else:
            door.open()
        return True

    def open(self) -> None:
        """Stand in the doors of a close look."""
        self.are_open = True
        for door in self.looking:
            door.open()

    def shut(self) -> None:
        """Step out of the doors of a close look."""
        self.are_open = False
        for door in self.looking:
            door.shut()

    def codes(self) -> list[CodeType]:
        """The code of the wrappers that are in place."""
        return [door.wrapper.__code__ for door in self.doors if isinstance(door.wrapper, FunctionType)]

    def on_close(self, undo: Callable[[], None]) -> None:
        self._undo.append(undo)

    def close(self) -> None:
        """Take everything back, newest first."""
        self.are_open = False
        while self._undo:
            self._undo.pop()()
