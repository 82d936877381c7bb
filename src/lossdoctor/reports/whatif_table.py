"""The what-ifs on a sheet: an arm a row, its curve as a line of bars, all on one scale."""

from __future__ import annotations

from lossdoctor.words import Arm, Report, short

from .plain import one_line
from .sheet import Column, Sheet
from .sparkline import ASCII_BARS, BARS, arm_range, resampled, sparkline
from .wording import CONTROL_FIXES, arms_by_outcome, fix_words, what_if_words

__all__ = ["what_if_table"]

SHOWN_SAME = 4
"""Arms that make no difference and get a row; the others are named in one sentence."""

_OUTCOME_STYLE = {"cures": "bold green", "helps": "green", "worse": "red", "did not take hold": "yellow"}


def what_if_table(sheet: Sheet, report: Report) -> None:
    """The original first, then from the best outcome to the worst; what did not take hold in words."""
    if not report.arms:
        return
    sheet.blank()
    sheet.add(("What if", "bold"), (f"  {what_if_words(report)}", "dim"), hang=2)
    size = 8 if sheet.width < 80 else 16 if sheet.width < 110 else 24
    bars = ASCII_BARS if sheet.ascii else BARS
    arms = arms_by_outcome(report.arms)
    drawn = [arm for arm in arms if arm.outcome != "did not take hold"]
    same = [arm for arm in drawn if arm.outcome == "no difference" and arm.fix not in CONTROL_FIXES]
    short_of = same[SHOWN_SAME:] if len(same) > SHOWN_SAME + 1 else []
    rows = [_arm_row(arm, report, size, bars) for arm in drawn if arm not in short_of]
    if rows:
        columns = (Column(), Column(bends=True), Column(style="cyan"), Column(right=True))
        sheet.table(columns, rows, indent=3)
    if short_of:
        sheet.add(("no difference either: ", "dim"), ", ".join(map(fix_words, short_of)), indent=3, hang=2)
    for arm in arms:
        if arm not in drawn:
            note = f" ({one_line(arm.note)})" if arm.note else ""
            sheet.add(("did not take hold: ", "yellow"), fix_words(arm), (note, "dim"), indent=3, hang=2)


def _arm_row(arm: Arm, report: Report, size: int, bars: str) -> tuple[str | tuple[str, str], ...]:
    control = arm.fix in CONTROL_FIXES
    outcome = "the original" if control else arm.outcome
    title = fix_words(arm)
    low, high = arm_range(report.arms, arm.measure)
    value = arm.skill if arm.measure == "skill" else arm.loss
    level = "" if value is None else f"{arm.measure} {short(value)}"
    curve = sparkline(resampled(arm.curve[1], size), low, high, bars=bars)
    return ((outcome, "dim" if control else _OUTCOME_STYLE.get(arm.outcome, "dim")), title, curve, level)
