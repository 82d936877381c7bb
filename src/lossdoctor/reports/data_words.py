"""What is said of a data file, in the words that the terminal and Markdown share."""

from __future__ import annotations

from collections.abc import Sequence

from lossdoctor.words import ColumnFacts, DataReport, NotJudged, Report, short

from .plain import clip, one_line

__all__ = ["asked_words", "clock_words", "column_cells", "learner_words", "need_a_run", "size_words", "window_words"]

_NAME = 24


def size_words(data: DataReport) -> str:
    if data.form == "pairs":
        return f"{data.rows:,} samples"
    return f"{data.rows:,} rows, {len(data.columns)} column{'' if len(data.columns) == 1 else 's'}"


def asked_words(data: DataReport) -> str:
    """What is to be told from what."""
    what = f"{one_line(data.target)} ({data.classes} classes)" if data.classes else one_line(data.target)
    if data.form == "pairs":
        return f"{what} from {data.window} steps of {len(data.inputs)} number{'' if len(data.inputs) == 1 else 's'}"
    names = [clip(one_line(name), _NAME) for name in data.inputs]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    ahead = "in the same row" if not data.horizon else f"{data.horizon} row{'' if data.horizon == 1 else 's'} on"
    return f"{what}, {ahead}, from the last {data.window} row{'' if data.window == 1 else 's'} of {listed} ({data.samples:,} windows)"


def learner_words(report: Report) -> str:
    """Skill of what needs no net, best first; nothing where none could be measured."""
    found = sorted(report.baselines.items(), key=lambda item: -item[1])[:4]
    return "; ".join(f"{one_line(name)}: {_skill(value)}" for name, value in found)


def window_words(data: DataReport) -> str:
    """What a ridge gets, by the length of its window."""
    if len(data.windows) < 2:
        return ""
    return ", ".join(f"{w.window}: {_skill(w.skill)}" for w in data.windows)


def _skill(value: float) -> str:
    return "below -1" if value < -1 else short(round(value, 3))


def clock_words(data: DataReport) -> str:
    clock = data.clock
    if clock is None:
        return ""
    parts = [f"{one_line(clock.column)}: a step is {clock.step}"]
    odd = [(clock.gaps, f"gaps (longest {clock.longest_gap})"), (clock.duplicates, "repeated"), (clock.backwards, "backwards")]
    parts += [f"{count:,} {what}" for count, what in odd if count]
    return ", ".join(parts if len(parts) > 1 else [*parts, "none left out, none twice, none out of order"])


def column_cells(column: ColumnFacts) -> tuple[str, ...]:
    """Name, kind, use, missing, distinct, mean, deviation, smallest, largest, extreme, lag 1."""
    use = column.role if not column.why else column.why
    gone = short(column.missing) + (f" + {short(column.infinite)} inf" if column.infinite else "")
    extreme = "" if column.extreme is None else f"{column.extreme:.2%}" if 0 < column.extreme < 0.1 else f"{column.extreme:.0%}"
    numbers = [_short(value) for value in (column.mean, column.std, column.low, column.high)]
    return (clip(one_line(column.name), _NAME), column.kind, use, gone, short(column.distinct), *numbers, extreme, _short(column.lag1))


def _short(value: float | None) -> str:
    return "" if value is None else short(float(value))


def need_a_run(not_judged: Sequence[NotJudged]) -> tuple[int, tuple[NotJudged, ...]]:
    """(how many causes say the same need, which is the commonest; the others)."""
    needs = [n.needs for n in not_judged]
    common = max(set(needs), key=needs.count, default="")
    count = needs.count(common)
    return (count, tuple(n for n in not_judged if n.needs != common)) if count > 3 else (0, tuple(not_judged))
