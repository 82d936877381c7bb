"""Start a watched child process, and wait for it without hanging on it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..launch.zygote import Waker
from .order import WatchOrder

GRACE = 8.0
"""Seconds beyond its own budget after which a child that does not come to an end is ended."""


class WatchedChild:
    """One watched process; what it prints goes to `output`. `threads` bounds the threads of its number crunching where
    several run side by side."""

    def __init__(
        self, order: WatchOrder, folder: Path, wakers: Sequence[Waker], output: Path, threads: int | None = None
    ) -> None:
        self.order = order
        self.wakers = wakers
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "order.json"
        order.save(path)
        self._sink = output.open("wb")
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        package = Path(__file__).resolve().parent.parent.parent
        code = f"import sys; sys.path.insert(0, {str(package)!r}); from lossdoctor.session.watched import main; sys.path.pop(0); main(sys.argv)"
        bounds = {} if threads is None else {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-c", code, str(path)],
            stdin=subprocess.DEVNULL, stdout=self._sink, stderr=subprocess.STDOUT, start_new_session=True,
            pass_fds=tuple(waker.fileno_for_child() for waker in wakers), env={**os.environ, **bounds},
        )  # fmt: skip
        for waker in wakers:
            waker.child_started()
        self.started = time.monotonic()

    def wait(self, limit: float | None, tick: Callable[[], None] | None = None) -> int:
        """Its exit status; a child that outstays `limit` + GRACE seconds is ended with all its children."""
        while True:
            status = self.process.poll()
            if status is not None:
                break
            if limit is not None and time.monotonic() - self.started > limit + GRACE:
                self.end()
                status = self.process.wait()
                break
            for waker in self.wakers:
                waker.listen(0.05 / len(self.wakers))
            if not self.wakers:
                time.sleep(0.02)
            if tick is not None:
                tick()
        for waker in self.wakers:
            waker.catch_up()
        self._sink.close()
        return status

    def end(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
            return
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
