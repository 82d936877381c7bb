"""Ending a run before its end: once asked for, surely, and without leaving children behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_RAISED = 3


class StopRun(BaseException):
    """Unwinds the user's script because lossdoctor has seen enough. Not an error, and not an Exception,
    so that `except Exception` in the script lets it pass."""


class Stopper:
    """Asks a run to stop. Hooks call `raise_if_requested()`, which costs one attribute read until then.

    `StopRun` is raised in the thread that calls. A script that swallows it meets it again at the next
    hook, `MAX_RAISED` times in all; after that, or at once in a thread that is not the main one (which
    cannot unwind the main one), `last_words` is called and the process ends with status 0, its children
    first. Processes forked from this one (DataLoader workers) are never stopped by it: see `adopt`.
    """

    def __init__(self, last_words: Callable[[], None] | None = None) -> None:
        self.reason: str | None = None
        self.raised = 0
        self.status = 0
        self.last_words = last_words
        self.keep: set[int] = set()
        """Process ids that `end_children` spares at the end: our own sleeping snapshots."""
        self._owner = os.getpid()

    @property
    def requested(self) -> bool:
        return self.reason is not None

    def request(self, reason: str) -> None:
        """From now on hooks stop the run. The first reason stands. Safe from any thread or signal handler."""
        if self.reason is None:
            self.reason = reason

    def adopt(self) -> None:
        """After a fork: this process is now the run, and nothing has been asked of it yet."""
        self._owner = os.getpid()
        self.reason = None
        self.raised = 0

    def raise_if_requested(self) -> None:
        """Raises StopRun if a stop was asked for; ends the process if that was swallowed too often."""
        if self.reason is None or os.getpid() != self._owner:
            return
        if threading.current_thread() is threading.main_thread() and self.raised < MAX_RAISED:
            self.raised += 1
            raise StopRun(self.reason)
        self.end()

    def end(self) -> None:
        """Calls `last_words`, ends the children, flushes the standard streams and leaves with `status`, 0 unless told otherwise."""
        try:
            if self.last_words is not None:
                self.last_words()
            end_children(keep=self.keep)
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except BaseException:
            pass
        finally:
            os._exit(self.status)


def end_with_parent() -> None:
    """This process is killed when the one that started it ends, however that ends (Linux: prctl(2), PR_SET_PDEATHSIG)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os._exit(1)


def end_children(keep: Collection[int] = (), patience: float = 2.0) -> list[int]:
    """Ends all processes that descend from this one: SIGTERM, `patience` seconds, SIGKILL.

    `keep` names processes to leave, with all that descends from them; Python's own resource tracker,
    which cleans up shared memory after us, is left too. Returns the process ids that were ended.
    """
    spared = {*keep, *_resource_tracker()}
    doomed = [pid for pid in descendants(os.getpid(), without=spared) if pid > 1]
    if not doomed:
        return []
    with _no_child_signals():
        for pid in doomed:
            _signal(pid, signal.SIGTERM)
        # What they had started in the meantime must go with them.
        alive = {*_still_there(doomed, patience), *descendants(os.getpid(), without=spared)}
        for pid in alive:
            _signal(pid, signal.SIGKILL)
        _still_there(alive, patience)
    return doomed


def _still_there(pids: Collection[int], patience: float) -> set[int]:
    """Those of `pids` that have not ended after `patience` seconds; comes back as soon as all have."""
    deadline = time.monotonic() + patience
    alive = {pid for pid in pids if not _gone(pid)}
    while alive and time.monotonic() < deadline:
        time.sleep(0.01)
        alive = {pid for pid in alive if not _gone(pid)}
    return alive


def descendants(of: int, without: Collection[int] = ()) -> list[int]:
    """Process ids of all descendants of `of`, nearest first, leaving out `without` and what is below them."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    layer = [of]
    while layer:
        layer = [pid for parent in layer for pid in children.get(parent, []) if pid not in without]
        found += layer
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """(process id, parent's process id) of every process that can be seen, without zombies."""
    proc = Path("/proc")
    if (proc / "self" / "stat").exists():
        for entry in proc.iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                yield int(entry.name), int(fields[1])
        return
    if os.name != "posix":
        return
    try:
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)
    except OSError:
        return
    for line in listing.stdout.splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)


def _resource_tracker() -> set[int]:
    tracker = sys.modules.get("multiprocessing.resource_tracker")
    pid = getattr(getattr(tracker, "_resource_tracker", None), "_pid", None)
    return {pid} if isinstance(pid, int) else set()


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _gone(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except (ChildProcessError, OSError):  # not ours to wait for: a grandchild, or already waited for
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        return False


@contextmanager
def _no_child_signals() -> Iterator[None]:
    """torch raises "DataLoader worker is killed" from its SIGCHLD handler; here that is what we want done."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGCHLD"):
        yield
        return
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGCHLD, before)
