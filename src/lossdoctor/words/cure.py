"""What `fix` tried and what it found: changes, trials, and the set of changes that works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .finding import FixValue, Safety


@dataclass(frozen=True, slots=True)
class Change:
    """One fix with its arguments, as it was tried: in the source itself ("source"), or through a live knob where no
    place in the source is certain ("live"; then `snippet` says by hand what to do). `cause` is what it is tried for."""

    id: str
    args: Mapping[str, FixValue]
    title: str
    safety: Safety
    how: Literal["source", "live"]
    cause: str = ""
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One controlled re-run. No `changes`: the baseline. `skill` is training skill, `held` held-back skill, `metric` the
    script's own printed number; None where not measured. `outcome`: "learns", "helps", "no difference", "worse",
    "diverges", "crashes" or "did not take hold". `curve` is (steps, skill), thinned."""

    changes: tuple[Change, ...]
    seed: int
    steps: int
    seconds: float
    skill: float | None
    held: float | None
    metric: float | None
    outcome: str
    why: str = ""
    note: str = ""
    whole: bool = True
    curve: tuple[tuple[float, ...], tuple[float | None, ...]] = ((), ())


@dataclass(frozen=True, slots=True)
class Cure:
    """The smallest set of changes that did best. `skill` is its mean over the seeds and `interval` its 95 % interval;
    `effect` the mean paired gain over the baseline, same seeds, with its own. `measure` says of what. `patch` is the
    name of the patch's file; `by_hand` are the changes that it could not hold: a cure that leaves some to be done by hand is
    not called verified, since what the user applies was not what was run."""

    changes: tuple[Change, ...]
    verified: bool
    skill: float | None
    interval: tuple[float, float] | None
    effect: float | None
    effect_interval: tuple[float, float] | None
    measure: str
    seeds: tuple[int, ...]
    patch: str | None
    by_hand: tuple[Change, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class CureReport:
    """What `fix` says. `needed` is false where the run learns as it is."""

    script: str
    needed: bool
    answer: str
    seeds: tuple[int, ...]
    baseline: float | None
    trials: tuple[Trial, ...]
    best: Cure | None
    confirmed: tuple[str, ...]
    taken_back: tuple[str, ...]
    ruled_out: tuple[str, ...]
    notes: tuple[str, ...]
    plain_seconds: float
    trial_seconds: float
    diff: str = ""
    out: str = ""
    metric: str = ""
    reference: float | None = None

    @property
    def pairs(self) -> tuple[tuple[Trial, Trial], ...]:
        """(without, with) of the best set of changes, for each seed of its proof. Where a seed was run twice (its trials
        were cut on the way), the later ones count."""
        if self.best is None:
            return ()
        last = {(bool(t.changes), t.seed): t for t in self.trials if t.changes in ((), self.best.changes)}
        return tuple(
            (last[False, seed], last[True, seed]) for seed in self.best.seeds if (False, seed) in last and (True, seed) in last
        )

    def measured(self, trial: Trial) -> float | None:
        """A trial's skill as the proof compares it: held-back where that is its measure."""
        held = self.best is not None and self.best.measure.startswith("held") and trial.held is not None
        return trial.held if held else trial.skill
