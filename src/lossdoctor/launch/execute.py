"""Running the user's program in this process as Python itself would."""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from lossdoctor.words import UserError

from .main_module import become_main, leave_main, script_folder, set_arguments, set_import_root
from .notebook import read_cells
from .patched import read_source
from .program import ARCHIVES, Program, absolute
from .stop import StopRun
from .tracebacks import chain, last_line, take_our_frames_out

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the program ended.

    `status` is the exit status that Python would give; `interrupted` that it died of an uncaught
    KeyboardInterrupt (see `leave`); `stopped` that our own StopRun, or an error that followed from it, ended
    it. `last_line` is (file, line) of the program's innermost line in the traceback, if it raised. What had
    to be printed has been printed.
    """

    status: int
    exception: BaseException | None = None
    interrupted: bool = False
    stopped: bool = False
    notes: tuple[str, ...] = ()
    last_line: tuple[str, int] | None = None


def execute(program: Program, *, before: Callable[[], None] | None = None) -> Outcome:
    """Runs `program` as `__main__` of this process and comes back when it and its threads have ended.

    `sys.argv`, `sys.path[0]` and `sys.modules["__main__"]` become the program's and stay so, since exit
    handlers and pickles still need them; the working directory and the standard streams are left alone.
    `before` is called last before the program's first line. Raises UserError where the program's file has
    become unreadable; all that the program raises is in the Outcome.
    """
    earlier = set(threading.enumerate())
    notes: list[str] = []
    runner = _RUNNERS[program.kind]
    module, run = runner(program, notes)
    if before is not None:
        before()
    try:
        run()
    except BaseException as error:
        raised: BaseException | None = error
    else:
        raised = None
    outcome = _conclude(program, raised, notes)
    _flush()
    if program.kind == "script":
        leave_main(module)
    if not outcome.stopped and not outcome.interrupted:
        _wait_for_threads(earlier)
    return outcome


def leave(outcome: Outcome) -> NoReturn:
    """Ends our own command as the program ended: its status, or for an interrupt the signal itself, which
    Python sends to itself after all exit handlers if a KeyboardInterrupt reaches the top."""
    if outcome.interrupted:
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    raise SystemExit(outcome.status)


def _script(program: Program, notes: list[str]) -> tuple[ModuleType, Callable[[], None]]:
    path = absolute(program.target)
    set_arguments(program.target, program.argv, (program.target,))
    if Path(path).is_dir() or path.lower().endswith(ARCHIVES):
        module = become_main(None)
        set_import_root(path)
        return module, lambda: _as_module("__main__", False)
    try:
        source = read_source(path)
    except OSError as error:
        raise UserError(f"Cannot read {program.target}: {error.strerror or error}.") from error
    module = become_main(path)
    set_import_root(script_folder(path))

    def run() -> None:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)

    return module, run


def _module(program: Program, notes: list[str]) -> tuple[ModuleType, Callable[[], None]]:
    # Until the module has been found Python leaves "-m" there, and packages on the way can see it.
    set_arguments("-m", program.argv, ("-m", program.target))
    module = become_main(None)
    set_import_root(os.getcwd())  # noqa: PTH109
    return module, lambda: _as_module(program.target, True)


def _as_module(name: str, alter_argv: bool) -> None:
    """`python -m` is this function, called from C; tracebacks show its frames, so it must be this one."""
    run_module: Any = runpy._run_module_as_main  # type: ignore[attr-defined]
    run_module(name, alter_argv)


def _notebook(program: Program, notes: list[str]) -> tuple[ModuleType, Callable[[], None]]:
    path = absolute(program.target)
    cells = read_cells(Path(path))
    set_arguments(program.target, program.argv, (program.target,))
    module = become_main(None)
    set_import_root(script_folder(path))
    module.__dict__.setdefault("display", _display)
    module.__dict__.setdefault("get_ipython", lambda: None)

    def run() -> None:
        for cell in cells:
            try:
                code = cell.compile()
            finally:
                notes.extend(cell.notes)
            if code is not None:
                exec(code, module.__dict__)

    return module, run


def _display(*things: object, **_: object) -> None:
    for thing in things:
        print(thing)


_RUNNERS: dict[str, Callable[[Program, list[str]], tuple[ModuleType, Callable[[], None]]]] = {
    "script": _script,
    "module": _module,
    "notebook": _notebook,
}


def _conclude(program: Program, error: BaseException | None, notes: list[str]) -> Outcome:
    if error is None:
        return Outcome(0, notes=tuple(notes))
    stopped = any(isinstance(one, StopRun) for one in chain(error))
    take_our_frames_out(error)
    where = last_line(error, _files(program))
    if stopped:
        if not isinstance(error, StopRun):
            notes.append(f"after lossdoctor stopped it, the script raised {type(error).__name__}: {error}")
        return Outcome(0, error, stopped=True, notes=tuple(notes), last_line=where)
    if isinstance(error, SystemExit):
        return Outcome(_exit_status(error), error, notes=tuple(notes), last_line=where)
    status = _print_uncaught(error, as_notebook=program.kind == "notebook")
    interrupted = isinstance(error, KeyboardInterrupt)
    if interrupted:
        status = INTERRUPTED
    return Outcome(status, error, interrupted, notes=tuple(notes), last_line=where)


def _files(program: Program) -> frozenset[str]:
    if program.kind == "notebook":
        path = Path(absolute(program.target))
        return frozenset(cell.filename for cell in read_cells(path))
    main = sys.modules["__main__"]
    names = {getattr(main, "__file__", None), program.path and str(program.path)}
    return frozenset(str(name) for name in names if name)


def _exit_status(error: SystemExit) -> int:
    """As `_Py_HandleSystemExit`: None is 0, an int is itself, anything else is printed and 1."""
    code: object = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code)
    if sys.stderr is not None:
        with contextlib.suppress(Exception):
            sys.stderr.write(f"{code}\n")
            sys.stderr.flush()
    return 1


def _print_uncaught(error: BaseException, as_notebook: bool) -> int:
    """As `PyErr_PrintEx`: `sys.last_*` are set and `sys.excepthook` is asked, whoever set it."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    hook = sys.excepthook
    if as_notebook and hook is sys.__excepthook__:
        # Before 3.13 Python's own printer reads files only, and a cell's lines are in linecache.
        traceback.print_exception(error)
        return 1
    try:
        hook(type(error), error, error.__traceback__)
    except SystemExit as exit_:
        return _exit_status(exit_)
    except BaseException as second:
        take_our_frames_out(second)
        second.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, second.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, error.__traceback__)
    return 1


def _flush() -> None:
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except BaseException:  # a closed pipe: Python meets it again at its end, and says so there
            pass


def _wait_for_threads(earlier: set[threading.Thread]) -> None:
    """Python waits for threads after the script's last line, so its work may still be going on in them.

    Threads of executors wait for Python's end itself, and are left to it.
    """
    pools = getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", {})
    for thread in threading.enumerate():
        if not thread.daemon and thread not in earlier and thread not in pools:
            with contextlib.suppress(RuntimeError, KeyboardInterrupt, StopRun):
                thread.join()
