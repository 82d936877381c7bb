"""What `fix` tried, on the page: the proof as pairs, the patch, and every trial's curve."""

from __future__ import annotations

from dataclasses import dataclass

from lossdoctor.words import Arm, Change, CureReport, Report, short

from ..wording import skill_words
from .code import CodeLine, change_lines
from .whatif import WhatIf, what_ifs

__all__ = ["CureView", "cure_view"]

OUTCOMES = {"learns": "cures", "helps": "helps", "no difference": "no difference", "worse": "worse", "diverges": "worse",
            "did not take hold": "did not take hold"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """The same seed without and with, as words."""

    seed: int
    without: str
    fixed: str
    metric_without: str
    metric_fixed: str


@dataclass(frozen=True, slots=True)
class CureView:
    cure: CureReport
    pairs: tuple[Pair, ...]
    patch: tuple[CodeLine, ...]
    by_hand: tuple[tuple[Change, tuple[CodeLine, ...]], ...]
    trials: tuple[WhatIf, ...]


def cure_view(report: Report, points: int) -> CureView | None:
    """None where nothing was tried."""
    cure = report.cure
    if cure is None or not cure.needed:
        return None
    first = cure.seeds[0] if cure.seeds else 0
    arms = []
    for trial in cure.trials:
        if trial.seed != first:
            continue
        title = " and ".join(c.title for c in trial.changes) or "as it is"
        fix = "" if not trial.changes else "+".join(c.id for c in trial.changes)
        outcome = OUTCOMES.get(trial.outcome, trial.outcome)
        arms.append(Arm(fix, {}, title, outcome, trial.steps, trial.skill, None, trial.curve, "skill", trial.seconds, "trial", trial.note))
    best = cure.best
    return CureView(
        cure, _pairs(cure), change_lines(cure.diff) if cure.diff else (),
        tuple((c, change_lines(c.snippet)) for c in (best.by_hand if best is not None else ())), what_ifs(arms, points),
    )  # fmt: skip


def _pairs(cure: CureReport) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            without.seed, skill_words(cure.measured(without)), skill_words(cure.measured(fixed)), short(without.metric),
            short(fixed.metric),
        )
        for without, fixed in cure.pairs
    )  # fmt: skip
