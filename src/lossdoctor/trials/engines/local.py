"""This machine's processes: one trial a process, cores shared among them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..candidate import Job
from ..engine import Ended


class Process(Protocol):
    """A trial's process, as the session starts it."""

    started: float

    def poll(self) -> int | None: ...

    def end(self) -> None: ...


SLOT = 0.02


class LocalEngine:
    """Runs at most `width` jobs at a time; one that outstays its seconds is ended with all its children."""

    def __init__(self, start: Callable[[Job], Process], width: int) -> None:
        self.width = width
        self._start = start
        self._under_way: dict[str, tuple[Job, Process]] = {}

    def submit(self, job: Job) -> None:
        self._under_way[job.name] = (job, self._start(job))

    def poll(self, seconds: float) -> list[Ended]:
        deadline = time.monotonic() + seconds
        while True:
            ended = [found for name in list(self._under_way) if (found := self._look_at(name)) is not None]
            if ended or time.monotonic() >= deadline:
                return ended
            time.sleep(SLOT)

    def _look_at(self, name: str) -> Ended | None:
        job, process = self._under_way[name]
        status = process.poll()
        took = time.monotonic() - process.started
        late = status is None and took > job.seconds
        if late:
            process.end()
        if status is None and not late:
            return None
        del self._under_way[name]
        return Ended(job, status if status is not None else -15, took, timed_out=late)

    def cancel(self) -> None:
        for _, process in self._under_way.values():
            process.end()
        self._under_way.clear()
