"""Runs trials on an engine, side by side, each once: what the journal knows is not run again."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..diagnosis.engine import Diagnosis
from .candidate import Candidate, Job
from .engine import Ended, Engine
from .journal import Journal
from .outcome import Seen, read_trial

AGAIN = 2
"""Times that a trial is run again after its machine was lost."""


class OutOfTime(Exception):
    """The time that the search was given is over."""


@dataclass
class Ran:
    """A finished trial of one candidate under one seed."""

    candidate: Candidate
    seed: int
    seen: Seen
    diagnosis: Diagnosis | None = None


@dataclass
class Runner:
    """`ask` answers for (candidate, seed) pairs. `limit` cuts every trial at so many updates. `each` is the most seconds
    that one trial may take; `deadline` (monotonic) ends all."""

    engine: Engine
    journal: Journal
    folder: Path
    training: int
    deadline: float
    each: float
    limit: int | None = None
    read: Callable[[Ended, int], tuple[Seen, Diagnosis | None]] = read_trial
    told: Callable[[str, int], None] = lambda text, beside: None
    finished: Callable[[Ran], None] = lambda ran: None
    done: dict[tuple[str, int, int | None], Ran] = field(default_factory=dict)
    spent: float = 0.0
    """Seconds of computing of all trials together."""

    def ask(
        self, wanted: Sequence[tuple[Candidate, int]], enough: Callable[[Ran], bool] | None = None, must: bool = False
    ) -> list[Ran]:
        """Run what has not been run, `engine.width` at a time, and give all that have ended. Once `enough` says so of one,
        no more are started. Raises OutOfTime where nothing could be run, or with `must` not all of it."""
        waiting = list(dict.fromkeys(wanted))
        answers: list[Ran] = []
        again: dict[str, int] = {}
        under_way: dict[str, tuple[Candidate, int]] = {}
        stop = False
        try:
            while waiting or under_way:
                while waiting and not stop and len(under_way) < self.engine.width:
                    candidate, seed = waiting.pop(0)
                    known = self._known(candidate, seed)
                    if known is not None:
                        answers.append(known)
                        stop = stop or (enough is not None and enough(known))
                        continue
                    left = self.deadline - time.monotonic()
                    if left <= 0:
                        raise OutOfTime
                    job = self._job(candidate, seed, min(self.each, left))
                    self.told(candidate.title, len(under_way))
                    under_way[job.name] = (candidate, seed)
                    self.engine.submit(job)
                if not under_way:
                    break
                for ended in self.engine.poll(0.2):
                    candidate, seed = under_way.pop(ended.job.name)
                    if ended.lost and again.get(ended.job.name, 0) < AGAIN:
                        again[ended.job.name] = again.get(ended.job.name, 0) + 1
                        under_way[ended.job.name] = (candidate, seed)
                        self.engine.submit(ended.job)
                        continue
                    ran = self._note(candidate, seed, ended)
                    answers.append(ran)
                    if enough is not None and enough(ran):
                        stop = True
        except OutOfTime:
            self.engine.cancel()
            if must or not answers:
                raise
        except BaseException:
            self.engine.cancel()
            raise
        return answers

    def take(self, ran: Ran) -> None:
        """A run that counts as a trial and was made elsewhere: it is not run again."""
        self._keep(ran)

    def diagnosed(self, ran: Ran) -> Diagnosis | None:
        """The diagnosis of a trial from what lies on disk of it."""
        return self.read(Ended(self._job(ran.candidate, ran.seed, 0.0), 0, ran.seen.seconds), self.training)[1]

    def _known(self, candidate: Candidate, seed: int) -> Ran | None:
        ran = self.done.get((candidate.key, seed, self.limit))
        if ran is not None:
            return ran
        row = self.journal.known(candidate.key, seed, self.limit)
        if row is None:
            return None
        folder = self.folder / row["folder"]
        output = folder / "output.txt"
        printed = output.read_text(encoding="utf-8", errors="replace") if output.is_file() else ""
        return self._keep(Ran(candidate, seed, Seen.load(row["seen"], printed)))

    def _keep(self, ran: Ran) -> Ran:
        self.done[ran.candidate.key, ran.seed, self.limit] = ran
        self.finished(ran)
        return ran

    def _note(self, candidate: Candidate, seed: int, ended: Ended) -> Ran:
        seen, diagnosis = self.read(ended, self.training)
        self.spent += seen.computing or ended.seconds
        if not ended.lost:
            self.journal.note(candidate.key, seed, self.limit, Path(ended.job.folder).name, seen.stored())
        return self._keep(Ran(candidate, seed, seen, diagnosis))

    def _job(self, candidate: Candidate, seed: int, seconds: float) -> Job:
        ids = "+".join(change.id for change in candidate.changes) or "baseline"
        short = re.sub(r"[^a-z0-9+-]", "", ids)[:60]
        digest = hashlib.sha256(f"{candidate.key}|{self.limit}".encode()).hexdigest()[:6]
        name = f"{short}-{digest}-seed{seed}"
        live = tuple(step.live for step in candidate.steps if step.live is not None)
        return Job(candidate.key, name, seed, self.limit, seconds, str(self.folder / name), candidate.sources, live)
