"""All arms in one picture, and skill as a row of bars: this run beside what the data allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossdoctor.words import Arm, LinePanel, Report, Series, short

from ..wording import CONTROL_FIXES, arms_by_outcome, control_arm, fix_words
from .charts import LineChart, line_chart

__all__ = ["ArmRow", "SkillRow", "WhatIf", "skill_rows", "what_ifs"]

LOWEST = -0.5
"""Skill below this is drawn here: it is all equally far from useful."""


@dataclass(frozen=True, slots=True)
class ArmRow:
    """An arm in the table below the picture. `curve` is its number in the picture, None without one."""

    arm: Arm
    title: str
    outcome: str
    style: str
    level: str
    curve: int | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The arms of one measure (skill, or loss) together."""

    measure: str
    chart: LineChart | None
    rows: tuple[ArmRow, ...]


@dataclass(frozen=True, slots=True)
class SkillRow:
    """A bar from `start` to `end`, shares of the width; `style` "run", "held", "arm" or "data"."""

    name: str
    value: str
    start: float
    end: float
    zero: float
    style: str


def what_ifs(arms: Sequence[Arm], points: int) -> tuple[WhatIf, ...]:
    """One picture a measure: curves in skill and in loss do not share an axis."""
    measures = dict.fromkeys(arm.measure for arm in arms if any(y is not None for y in arm.curve[1]))
    without = [arm for arm in arms if arm.measure not in measures]
    out = []
    for measure in measures:
        own = arms_by_outcome([arm for arm in arms if arm.measure == measure] + without)
        without = []
        out.append(_what_if(measure, own, points))
    if without:
        out.append(WhatIf("", None, tuple(_row(arm, style, None) for arm, style in _styled(without))))
    return tuple(out)


def _what_if(measure: str, arms: Sequence[Arm], points: int) -> WhatIf:
    drawn = [(arm, style) for arm, style in _styled(arms) if any(y is not None for y in arm.curve[1])]
    # Painted from the least telling to the most, so that the cure lies on top.
    painted = list(reversed(drawn))
    panel = LinePanel(
        id=f"what-if-{measure}",
        title="What if",
        how_to_read="",
        x_label="step",
        y_label="skill (dashed: the best constant)" if measure == "skill" else measure,
        series=tuple(Series(fix_words(arm), arm.curve[0], _cut(arm, measure)) for arm, _ in painted),
        levels=((0.0, ""),) if measure == "skill" else (),
    )
    chart = line_chart(panel, points, tuple(style for _, style in painted))
    number = {id(arm): k for k, (arm, _) in enumerate(painted)}
    rows = tuple(_row(arm, style, number.get(id(arm))) for arm, style in _styled(arms))
    return WhatIf(measure, chart, rows)


def _cut(arm: Arm, measure: str) -> tuple[float | None, ...]:
    if measure != "skill":
        return arm.curve[1]
    return tuple(None if y is None else max(LOWEST * 2, y) for y in arm.curve[1])


def _styled(arms: Sequence[Arm]) -> list[tuple[Arm, str]]:
    """A class of the style sheet for each: by outcome, and by number where an outcome comes again."""
    names = {"cures": "cures", "helps": "helps", "worse": "worse", "no difference": "same"}
    count: dict[str, int] = {}
    out = []
    for arm in arms:
        style = "control" if arm.fix in CONTROL_FIXES else names.get(arm.outcome, "none")
        count[style] = count.get(style, -1) + 1
        out.append((arm, f"{style} n{count[style] % 3}"))
    return out


def _row(arm: Arm, style: str, curve: int | None) -> ArmRow:
    value = arm.skill if arm.measure == "skill" else arm.loss
    level = "" if value is None else f"{short(value)}"
    outcome = "the original" if arm.fix in CONTROL_FIXES else arm.outcome
    return ArmRow(arm, fix_words(arm), outcome, style, level, curve)


def skill_rows(report: Report) -> tuple[SkillRow, ...]:
    """This run, its held-back skill, the best arm and the baselines, on one scale up to 1."""
    found: list[tuple[str, float, str]] = []
    if report.skill is not None:
        found.append(("this run", report.skill, "run"))
    if report.skill_held_back is not None:
        found.append(("held-back data", report.skill_held_back, "held"))
    control = control_arm(report.arms)
    cures = [arm for arm in report.arms if arm.outcome in ("cures", "helps") and arm.skill is not None]
    best = max((arm for arm in cures if arm is not control), key=lambda arm: arm.skill or 0.0, default=None)
    if best is not None and best.skill is not None:
        found.append((f"what if: {fix_words(best)}", best.skill, "arm"))
    found += sorted(((name, value, "data") for name, value in report.baselines.items()), key=lambda item: -item[1])[:5]
    real = [(name, value, style) for name, value, style in found if value == value]
    low = min([0.0, *(max(LOWEST, value) for _, value, _ in real)])
    span = 1.0 - low
    rows = []
    for name, value, style in real:
        at = (min(1.0, max(LOWEST, value)) - low) / span
        zero = -low / span
        rows.append(SkillRow(name, short(value), min(at, zero), max(at, zero), zero, style))
    return tuple(rows)
