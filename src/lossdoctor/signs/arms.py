"""What the arms of the panel showed, compared with the run itself over the same steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..words.what_if import key_of
from .loss import LossSign

CURED = 0.5
"""An arm cures if it removes at least this share of the loss that a constant prediction leaves (skill gained
out of the skill that was missing), and learns itself."""
HELPED = 0.15
LEARNS = 0.2
"""Skill below which nobody would call it learning: a fifth of the way from a constant to perfect."""

PROBES = {"few-batches": ("learns them by heart", "cannot learn them"), "hold-out": ("knows them", "does not know them")}
"""Arms that change nothing for the better, and ask what the net can do: they cure nothing, whatever their skill."""
CAN = 0.8


@dataclass(frozen=True)
class ArmSign:
    """One arm: which fix with which arguments, whether it took hold, and its loss beside the original's at the
    same number of updates. `gain` is the share of the missing skill that it won."""

    name: str
    fix: str
    args: Mapping[str, Any]
    title: str
    took_hold: bool
    note: str
    steps: int
    seconds: float
    loss: LossSign | None
    skill: float | None
    original: float | None
    held_skill: float | None = None
    balanced: float | None = None
    original_balanced: float | None = None
    kind: str = "fork"
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return key_of(self.fix, self.args)

    @property
    def gain(self) -> float:
        if self.skill is None or not self.took_hold or self.fix in PROBES:
            return 0.0
        original = -1.0 if self.original is None else max(-1.0, self.original)
        missing = max(1e-6, 1.0 - original)
        return (max(-1.0, self.skill) - original) / missing

    @property
    def cures(self) -> bool:
        return self.took_hold and self.skill is not None and self.gain >= CURED and self.skill >= LEARNS

    @property
    def helps(self) -> bool:
        return self.took_hold and self.skill is not None and self.gain >= HELPED and self.skill > 0.05

    @property
    def outcome(self) -> str:
        if not self.took_hold:
            return "did not take hold"
        if self.fix in PROBES:
            yes, no = PROBES[self.fix]
            return yes if (self.extra.get("held_out_skill", self.skill) or 0.0) >= (CAN if self.fix == "few-batches" else LEARNS) else no
        if self.cures:
            return "cures"
        if self.helps:
            return "helps"
        return "worse" if self.gain < -0.1 else "no difference"


def original_at(loss: LossSign, steps: int) -> float | None:
    """The run's own skill after as many updates as an arm had; None where it was not finite by then."""
    if not loss.count or loss.smoothed.size == 0:
        return None
    if loss.first_bad is not None and float(loss.steps[loss.first_bad]) < steps:
        return None
    within = int((loss.steps[: loss.smoothed.size] < steps).sum())
    if not within:
        return None
    value = loss.skill_of(float(loss.smoothed[within - 1]))
    return value if math.isfinite(value) else None
