"""This machine's processes: one trial a process, cores shared among them, memory watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..candidate import Job
from ..engine import Ended
from . import memory


class Process(Protocol):
    """A trial's process, as the session starts it."""

    started: float
    pid: int

    def poll(self) -> int | None: ...

    def end(self) -> None: ...


SLOT = 0.02
LOOK_EVERY = 0.5
ROOM = 1.3
"""A second trial is started only where so many times the most that one has taken is available."""
SCARCE = 0.05
"""Share of the memory below which the youngest of several trials is ended, to be run again by itself."""


class LocalEngine:
    """Runs at most `width` jobs at a time; one that outstays its seconds is ended with all its children."""

    def __init__(self, start: Callable[[Job], Process], width: int) -> None:
        self.width = width
        self._start = start
        self._waiting: list[Job] = []
        self._under_way: dict[str, tuple[Job, Process]] = {}
        self._peak = 0
        self._looked = 0.0

    def submit(self, job: Job) -> None:
        self._waiting.append(job)
        self._start_what_fits()

    def poll(self, seconds: float) -> list[Ended]:
        deadline = time.monotonic() + seconds
        while True:
            self._watch_memory()
            self._start_what_fits()
            ended = [found for name in list(self._under_way) if (found := self._look_at(name)) is not None]
            if ended or time.monotonic() >= deadline:
                return ended
            time.sleep(SLOT)

    def cancel(self) -> None:
        for _, process in self._under_way.values():
            process.end()
        self._under_way.clear()
        self._waiting.clear()

    def _start_what_fits(self) -> None:
        while self._waiting and (not self._under_way or (len(self._under_way) < self.width and self._has_room())):
            job = self._waiting.pop(0)
            self._under_way[job.name] = (job, self._start(job))

    def _has_room(self) -> bool:
        left = memory.available()
        return left is None or left > ROOM * self._peak

    def _watch_memory(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        for _, process in self._under_way.values():
            self._peak = max(self._peak, memory.peak(process.pid) or 0)
        left, whole = memory.available(), memory.total()
        if left is not None and whole is not None and left < SCARCE * whole and len(self._under_way) > 1:
            name = list(self._under_way)[-1]
            job, process = self._under_way.pop(name)
            process.end()
            self._waiting.insert(0, job)
            self.width = max(1, self.width - 1)

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
