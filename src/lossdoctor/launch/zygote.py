"""A snapshot of a running script that sleeps, and from which it can go on again and again under other rules.

`plant` forks the process twice, so that the zygote is nobody's child whom the script could wait for. The
zygote sleeps on a socket. Each order that comes wakes a fresh fork of it, in which `plant` returns the order:
there the script goes on from where it stood, with everything that it had loaded and drawn. Copy-on-write
makes that nearly free. The zygote ends, and everything it started, when the other end of the socket closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

Order = dict[str, Any]

PR_SET_PDEATHSIG = 1


def can_fork() -> bool:
    return hasattr(os, "fork") and sys.platform != "win32"


def plant(control: socket.socket, step: int = 0, others: Sequence[socket.socket] = ()) -> Order | None:
    """Leave a zygote behind, after `step` updates. Returns None in the process that called, where `control` is then
    closed, and an order in each that was woken. The zygote lets go of `others`.

    Raises OSError if the process cannot be forked (memory, limits): then nothing has changed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        control.close()
        return None
    try:
        os.setpgid(0, 0)
        if os.fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    for other in others:
        other.close()
    return _sleep(control, step)


def has_room() -> bool:
    """Would this process fit into what memory is left once more, twice over? True where nobody can say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            own = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        with open("/proc/meminfo", "rb") as file:  # noqa: PTH123
            left = next(int(line.split()[1]) * 1024 for line in file if line.startswith(b"MemAvailable"))
    except (OSError, ValueError, IndexError, StopIteration):
        return True
    return 2 * own < left


def _sleep(control: socket.socket, step: int) -> Order:
    """The zygote's life: wait for orders, wake a fork for each, tell how each ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError, ValueError):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
    awake: dict[int, tuple[str, float]] = {}
    buffer = b""
    _tell(control, {"planted": os.getpid(), "step": step})
    while True:
        ready, _, _ = select.select([control], [], [], 0.02 if awake else None)
        if ready:
            try:
                data = control.recv(65536)
            except OSError:
                data = b""
            if not data:
                _end_all(awake)
            buffer += data
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                order: Order = json.loads(line)
                if "end" in order:
                    for pid, (name, _) in awake.items():
                        if name == order["end"]:
                            with contextlib.suppress(OSError):
                                os.kill(pid, signal.SIGKILL)
                    continue
                try:
                    pid = os.fork()
                except OSError as error:
                    _tell(control, {"ended": order["name"], "status": -1, "error": str(error)})
                    continue
                if pid == 0:
                    control.close()
                    _die_with_parent()
                    return order
                awake[pid] = (str(order["name"]), time.monotonic())
                _tell(control, {"started": order["name"], "pid": pid})
        for pid in list(awake):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                name, began = awake.pop(pid)
                _tell(
                    control,
                    {"ended": name, "status": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - began},
                )


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    try:
        control.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        os._exit(0)


def _end_all(awake: dict[int, tuple[str, float]]) -> None:
    for pid in awake:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    os._exit(0)


def _die_with_parent() -> None:
    """On Linux an arm ends with its zygote, however that ends."""
    if sys.platform == "linux":
        with contextlib.suppress(Exception):
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Waker:
    """The other end: wakes arms by name and waits for them. `planted` turns true when the zygote sleeps, and `step` says
    after how many updates. Of several that are planted one after the other, the last lives."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.planted = False
        self.pid = 0
        self.step = 0
        self.ended: dict[str, tuple[int, float]] = {}
        self.gone = False
        self._buffer = b""

    def fileno_for_child(self) -> int:
        return self.theirs.fileno()

    def child_started(self) -> None:
        """The watched process holds its end now: ours of it is not needed any more."""
        self.theirs.close()

    def wake(self, name: str, **order: Any) -> None:
        """Raises OSError if the zygote is gone."""
        self.ours.sendall(json.dumps({"name": name, **order}).encode() + b"\n")

    def end(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self.ours.sendall(json.dumps({"end": name}).encode() + b"\n")

    def listen(self, seconds: float) -> None:
        """Take in what the zygote says, for at most so long; returns after the first message."""
        if self.gone:
            time.sleep(min(seconds, 0.05))
            return
        ready, _, _ = select.select([self.ours], [], [], max(0.0, seconds))
        if not ready:
            return
        try:
            data = self.ours.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.gone = True
            return
        self._buffer += data
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            message = json.loads(line)
            if "planted" in message:
                if self.planted:
                    with contextlib.suppress(OSError):
                        os.kill(self.pid, signal.SIGKILL)
                self.planted, self.pid, self.step = True, int(message["planted"]), int(message["step"])
            elif "ended" in message:
                self.ended[str(message["ended"])] = (int(message["status"]), float(message.get("seconds", 0.0)))

    def catch_up(self) -> None:
        """Take in all that has been said so far."""
        while not self.gone and select.select([self.ours], [], [], 0)[0]:
            self.listen(0)

    def close(self) -> None:
        """Ends the zygote and every arm."""
        self.ours.close()
