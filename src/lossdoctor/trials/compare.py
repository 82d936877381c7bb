"""Pairs of trials, same script and same seed with and without: is the fix better, by how much, and does it learn?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ..signs.arms import CURED, LEARNS
from .outcome import Seen
from .printed import Metric

T_975 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""Student's t for a two-sided 95 % interval, by degrees of freedom."""
MARGIN = 0.03
"""Skill by which a run has to be better than its pair to count as better."""
WELL = 0.9
"""Skill from which nothing else needs to be tried."""
ENOUGH = 0.5
"""Skill from which the fix of a proven cause is good enough, where a simple learner gets no more."""
SHORT_OF = 0.15
"""Skill by which a cure may fall short of what a simple learner gets from the same inputs."""
HALF = 0.5
FLOOR = -1.0
"""A skill below this says no more than this: diverged."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The number that scripts print, as far as it can be compared across these fixes."""

    metric: Metric | None
    fixes: frozenset[str] = frozenset()

    def printed(self, seen: Seen) -> float | None:
        if self.metric is None or not self.metric.comparable(self.fixes):
            return None
        return self.metric.read(seen.printed)


def score(seen: Seen | None) -> float:
    """How well a trial does, from -1 to 1: by held-back skill where it was measured, else in training."""
    if seen is None or not seen.works or seen.skill is None:
        return FLOOR
    value = seen.skill if seen.held is None else seen.held
    return max(FLOOR, min(1.0, value))


def learns(seen: Seen) -> bool:
    """Learning, not merely less bad: its own trace has nothing that is proven wrong, and it is far from a constant; on held-back
    data half as far will do, where the training is."""
    if not seen.works or seen.verdict not in ("learning", "converged") or seen.errors:
        return False
    return seen.relative or score(seen) >= LEARNS or (score(seen) >= HALF * LEARNS and (seen.skill or 0.0) >= LEARNS)


def done(seen: Seen) -> bool:
    """So good that nothing else needs to be tried: near perfect, or as far as a simple learner gets from these inputs."""
    if not learns(seen):
        return False
    return score(seen) >= WELL or (seen.reference is not None and score(seen) >= max(ENOUGH, seen.reference))


def enough(seen: Seen, plain: Seen) -> bool:
    """Good enough for the fix of a cause that is proven: it learns, is not clearly below a simple learner, and is well above
    a constant or has won most of what was missing."""
    if not learns(seen) or falls_short(seen):
        return False
    return score(seen) >= ENOUGH or score(seen) - score(plain) >= CURED * (1 - score(plain))


def falls_short(seen: Seen) -> bool:
    """A simple learner gets clearly more from the same inputs: something else is still wrong. (It is asked about samples like
    those of the training; held-back ones may be harder for anybody.)"""
    return seen.reference is not None and max(score(seen), seen.skill or 0.0) < seen.reference - SHORT_OF


def gain(fixed: Seen, plain: Seen) -> float:
    """Skill won over the pair: held-back where both have it, else in training. A run that broke counts as -1."""
    if fixed.held is not None and plain.held is not None and plain.works:
        return max(FLOOR, fixed.held) - max(FLOOR, plain.held)
    if fixed.skill is None:
        return -2.0
    return max(FLOOR, fixed.skill) - (max(FLOOR, plain.skill) if plain.works and plain.skill is not None else FLOOR)


def better(fixed: Seen, plain: Seen, measure: Measure) -> bool:
    """Is the fixed one of a pair better? The script's own metric, where it prints one, has a veto and, where skill is about
    the same (it is not the loss that was wrong), the last word."""
    if not fixed.works:
        return False
    if plain.crashed and not fixed.crashed:
        return True
    now, before = measure.printed(fixed), measure.printed(plain)
    won = gain(fixed, plain)
    if measure.metric is not None and now is not None and before is None:
        return won > -MARGIN
    if now is None or before is None:
        return won > MARGIN
    ahead = measure.metric.better(now, before) if measure.metric is not None else 0.0
    if measure.metric is not None and measure.metric.given:
        return ahead > 0
    if ahead < 0:
        return False
    return won > MARGIN or ahead > 0.1 * max(abs(before), 1e-12)


def clearly_better(fixed: Seen, plain: Seen, measure: Measure) -> bool:
    """Half of what was missing is won, by held-back skill or by the number that the script prints: what a run that learns must
    gain before it is meddled with."""
    if not fixed.works:
        return False
    if fixed.held is not None and plain.held is not None and fixed.held - plain.held >= HALF * (1 - plain.held) > MARGIN:
        return True
    won = progress(fixed, plain, measure)
    return won is not None and won >= HALF


def cleared(fixed: Seen, plain: Seen, measure: Measure, causes: frozenset[str]) -> bool:
    """What was told of the run without the change is told no more, and it still learns. The number that the script prints must
    not be worse: skill may be, where it was owed to what should not be known."""
    if not causes or not causes <= set(plain.warned) or causes & set(fixed.warned) or not learns(fixed):
        return False
    won = progress(fixed, plain, measure)
    return won is not None and won > 0


def progress(fixed: Seen, plain: Seen, measure: Measure) -> float | None:
    """Share won of what was missing, by the number that the script prints: 1 is perfect, 0 no better than without. None where
    it is not printed, cannot be compared, or nothing is missing."""
    now, before = measure.printed(fixed), measure.printed(plain)
    if now is None or before is None or measure.metric is None:
        return None
    missing = 1 - before if measure.metric.higher and before <= 1 else abs(before)
    return measure.metric.better(now, before) / missing if missing > 0 else None


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """95 % interval of the mean by Student's t; None of fewer than two."""
    if len(values) < 2:
        return None
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    half = T_975.get(len(values) - 1, 1.96) * spread / math.sqrt(len(values))
    return mean - half, mean + half
