"""By what the trials of one script are judged: which is better than without, good enough, and worth most."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ..signs.arms import LEARNS
from .candidate import Candidate
from .compare import WELL, Measure, better, cleared, clearly_better, done, enough, falls_short, learns, progress, score
from .outcome import Seen
from .printed import Metric
from .runner import Ran

AS_GOOD = 0.03
"""Skill by which a smaller set of changes may be worse and is still preferred."""
UNASKED = 0.2
"""Skill by which a change that no finding asks for must do better than one that does: a longer run gets a little further with
almost any fault still in it."""
BY_METRIC = 0.75
"""How much the number that a script prints itself counts beside the skill in training, where no skill on held-back data is known."""
KNOWN_TOO_WELL = frozenset({"leakage"})
"""What makes a run look better than it is: its cure costs skill."""


@dataclass
class Judge:
    """`metric` is the script's own printed number. `learns_already`: the run learns, and what was found may only be seen elsewhere
    than in its loss, so that a change must gain much to be kept. `by_heart`: what the run learns of its training data may be by
    heart, and only what was held back tells whether a change cures. `backed`: more than statistics speak for what was found.
    `balanced`: trials are read by their balanced accuracy, not by their loss."""

    metric: Metric | None = None
    learns_already: bool = False
    by_heart: bool = False
    backed: bool = False
    balanced: bool = False

    def needs_none(self, plain: Seen) -> bool:
        """The baseline, run to its end, learns as well as can be (or, where more was found than statistics can say, near
        perfectly)."""
        good = score(plain) >= WELL and learns(plain) if self.backed else done(plain)
        return good and not self.learns_already and not self.by_heart

    def better(self, ran: Ran, plain: Seen) -> bool:
        """Better than its pair, by as much as a change of this run must be."""
        measure = self.measure(ran.candidate)
        if self.learns_already and known_too_well(ran.candidate):
            return cleared(ran.seen, plain, measure, frozenset(c.cause for c in ran.candidate.changes))
        return (clearly_better if self.learns_already or self.by_heart else better)(ran.seen, plain, measure)

    def enough(self, ran: Ran, plain: Seen) -> bool:
        """Good enough to look no further."""
        if self.by_heart and self.better(ran, plain) and self.learns(ran.seen):
            return True
        return enough(ran.seen, plain) and better(ran.seen, plain, self.measure(ran.candidate))

    def learns(self, seen: Seen) -> bool:
        """As ever; where the training is known by heart, held-back data that are told better than by a constant will do."""
        return learns(seen) or (self.by_heart and seen.works and (seen.held or 0.0) > 0 and (seen.skill or 0.0) >= LEARNS and not seen.errors)

    def measure(self, candidate: Candidate) -> Measure:
        return Measure(self.metric, frozenset(change.id for change in candidate.changes))

    def worth(self, ran: Ran, plain: Seen) -> float:
        """Score, less a little for every change and for one that changes what is learned, and less much for what no finding asks
        for and for what the user would have to put in by hand."""
        candidate = ran.candidate
        unasked = UNASKED * (sum(not change.cause for change in candidate.changes) + is_live(candidate))
        unsafe = sum(change.safety != "safe" for change in candidate.changes)
        value = score(ran.seen)
        if self.metric is not None and self.metric.given:
            number, before = self.metric.read(ran.seen.printed), self.metric.read(plain.printed)
            if number is not None and before is not None:
                value = self.metric.better(number, before) / max(abs(before), 1e-12)
        elif ran.seen.held is None:
            # Of two that learn, training skill would have the one that knows more by heart.
            won = progress(ran.seen, plain, self.measure(candidate))
            value = value if won is None else (1 - BY_METRIC) * value + BY_METRIC * max(-1.0, won)
        return value - unasked - AS_GOOD * (len(candidate.steps) - 1) - 0.01 * unsafe - 1e-6 * sum(s.rank for s in candidate.steps)

    def why_not(self, fixed: Sequence[Ran], plain: Sequence[Ran]) -> str:
        """Why these pairs prove nothing; "" where they do."""
        for one, other in zip(fixed, plain, strict=True):
            if not one.seen.works:
                return f"seed {one.seed}: {one.seen.crashed or one.seen.note or 'its loss is no number'}"
            if not self.better(one, other.seen):
                return f"seed {one.seed}: no better than without"
            if not self.learns(one.seen):
                left = f", and {one.seen.errors[0]} is still there" if one.seen.errors else ""
                return f"seed {one.seed}: less bad, but it does not learn{left}"
        if not self.learns_already and statistics.fmean(score(r.seen) for r in fixed) < WELL and falls_short(fixed[0].seen):
            return "a simple learner gets clearly more from the same inputs: something else is still wrong"
        return ""

    @property
    def skill_words(self) -> str:
        """What trials are compared by, where nothing held back was measured."""
        return "balanced accuracy in training above a guess" if self.balanced else "training skill"


def is_live(candidate: Candidate) -> bool:
    return any(change.how == "live" for change in candidate.changes)


def known_too_well(candidate: Candidate) -> bool:
    return {change.cause for change in candidate.changes} <= KNOWN_TOO_WELL
