"""A machine on which trials take no time: what each set of changes gives is written down beforehand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lossdoctor.trials.candidate import Job, Step
from lossdoctor.trials.engine import Ended
from lossdoctor.trials.journal import Journal
from lossdoctor.trials.outcome import Seen
from lossdoctor.trials.runner import Runner
from lossdoctor.words import Change

World = Callable[[frozenset[str], int], Seen]
"""(fix ids, seed) -> what a trial of them shows."""


def seen(skill: float | None, *, held: float | None = None, printed: str = "", errors: tuple[str, ...] = (), **more: object) -> Seen:
    verdict = "diverged" if skill is None else "learning" if skill >= 0.2 else "stalled"
    facts: dict[str, object] = {
        "verdict": verdict, "errors": errors, "steps": 100, "seconds": 1.0, "start": 1.0, "reference": None,
    }  # fmt: skip
    return Seen(skill=skill, held=held, printed=printed, **{**facts, **more})  # type: ignore[arg-type]


def step(name: str, rank: float = 0.0, *, proven: bool = False, safety: str = "safe", cause: str = "", how: str = "source") -> Step:
    return Step(Change(name, {}, name, safety, how, cause), live=(name, {}), rank=rank, proven=proven)  # type: ignore[arg-type]


class FakeEngine:
    """Runs every job at once; `lost` jobs fail so often first."""

    def __init__(self, width: int = 2, lost: dict[str, int] | None = None) -> None:
        self.width = width
        self.jobs: list[Job] = []
        self.lost = lost or {}
        self.cancelled = False
        self._under_way: list[Job] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self._under_way.append(job)

    def poll(self, seconds: float) -> list[Ended]:
        ended, self._under_way = self._under_way, []
        found = []
        for job in ended:
            left = self.lost.get(job.key, 0)
            self.lost[job.key] = left - 1
            found.append(Ended(job, -9 if left > 0 else 0, 1.0, lost=left > 0))
        return found

    def cancel(self) -> None:
        self.cancelled = True


def runner(world: World, folder: Path, engine: FakeEngine | None = None, resume: bool = False, minutes: float = 10.0) -> Runner:
    def read(ended: Ended, training: int) -> tuple[Seen, None]:
        place = Path(ended.job.folder)
        place.mkdir(parents=True, exist_ok=True)
        what = world(frozenset(name for name, _ in ended.job.live), ended.job.seed)
        (place / "output.txt").write_text(what.printed)
        return what, None

    journal = Journal(folder, {"script": "train.py"}, resume)
    return Runner(engine or FakeEngine(), journal, folder, 0, time.monotonic() + 60 * minutes, 60.0, read=read)
