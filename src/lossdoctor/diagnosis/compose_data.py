"""The Report of a data file: the same words as that of a run, with nothing trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from .. import __version__
from ..causes import all_causes, page
from ..datafile.series import CONSTANT
from ..words import DataReport, Finding, LinePanel, Panel, Report, Series, TablePanel, short
from .columns import beyond_the_last
from .engine import Diagnosis, with_fixes

COPIES = 0.02


def compose_data(
    diagnosis: Diagnosis, data: DataReport, baselines: Mapping[str, float], *, out: str, seconds: float, notes: Sequence[str] = ()
) -> Report:
    done = with_fixes(diagnosis)
    done = dataclasses.replace(done, findings=tuple(dataclasses.replace(f, since_step=None) for f in done.findings))
    known = all_causes()
    named = {f.cause for f in done.findings} | {h.cause for h in done.healthy}
    errors = ["a cause could not be judged because of an internal error (details in errors.log)."] if done.errors else []
    return Report(
        script=data.file, framework="", verdict=done.verdict, answer=_answer(done.verdict, done.findings, data), steps=0, seconds=round(seconds, 2),
        version=__version__, findings=done.findings, healthy=done.healthy, not_judged=done.not_judged,
        notes=tuple(dict.fromkeys([*notes, *_notes(data, baselines), *errors])), baselines=dict(baselines), panels=_panels(data),
        pages={name: page(known[name]) for name in sorted(named)}, out=out,
        next_command=f"lossdoctor explain {done.findings[0].cause}" if done.findings else "lossdoctor check train.py", data=data,
    )  # fmt: skip


FEW = 60


def _answer(verdict: str, findings: Sequence[Finding], data: DataReport) -> str:
    if verdict == "unfit":
        title = page(all_causes()[findings[0].cause]).title
        return f"No network can learn from this data as it is: {title[0].lower()}{title[1:]}."
    rest = sum(f.severity == "warning" for f in findings)
    if data.samples < FEW:
        few = f"{data.samples} samples are too few to say what they tell"
        return f"Hardly anything can be said of this data: {few}{f'; {rest} thing' + ('s' if rest > 1 else '') + ' to see to' if rest else ''}."
    if not rest:
        return "Nothing in this data keeps a recurrent network from learning."
    return f"Fit for a recurrent network, with {rest} thing{'s' if rest > 1 else ''} to see to first."


def _notes(data: DataReport, baselines: Mapping[str, float]) -> list[str]:
    found = []
    clock = data.clock
    if clock is not None and clock.gaps:
        found.append(
            f"{clock.column} has {clock.gaps:,} gaps (the longest {clock.longest_gap}, a step is {clock.step}): a window that spans one sees a jump."
        )
    if clock is not None and clock.duplicates:
        found.append(f"{clock.duplicates:,} rows have the same {clock.column} as the row before: are they several series, or the same row twice?")
    last = baselines.get("the last value")
    ridge = max((w.skill for w in data.windows), default=None)
    if last is not None and ridge is not None and last > 0.5:
        more = beyond_the_last(ridge, last)
        told = (
            "no more than that" if more < COPIES else f"{more:.0%} of what that leaves"
        )
        found.append(
            f"the last value alone has skill {last:.3g}, and a ridge tells {told}: compare a net with the last value, not with the mean"
            + (", and let it predict the change." if more < COPIES else ".")
        )
    elif data.best_window is not None and data.form == "series":
        rows = f"last {data.best_window} rows" if data.best_window > 1 else "last row alone"
        found.append(f"a ridge gets nearly all that it can from the {rows}.")
    flat = [c.name for c in data.columns if c.why == CONSTANT]
    if flat:
        found.append(f"{', '.join(flat[:6])}{' and others' if len(flat) > 6 else ''} never change{'s' if len(flat) == 1 else ''}: of no use as input.")
    return found


def _panels(data: DataReport) -> tuple[Panel, ...]:
    panels: list[Panel] = [
        TablePanel(
            "columns", "What the file holds", "Over all rows. Extreme: beyond 20 robust deviations. lag 1: autocorrelation from row to row.",
            ("column", "kind", "used as", "missing", "distinct", "mean", "deviation", "smallest", "largest", "extreme", "lag 1"),
            tuple(
                (c.name, c.kind, f"{c.role}: {c.why}" if c.why else c.role, c.missing, c.distinct, c.mean, c.std, c.low, c.high, c.extreme, c.lag1)
                for c in data.columns
            ),
        )
    ]  # fmt: skip
    if len(data.windows) > 1:
        panels.append(
            LinePanel(
                "skill-by-window", "What a ridge gets, by the length of its window",
                "Cross-validated over stretches of time. Where the curve is flat, a longer window tells a linear learner nothing more.",
                "rows in the window", "skill",
                (Series("ridge", tuple(float(w.window) for w in data.windows), tuple(max(-1.0, w.skill) for w in data.windows)),),
                marks=((float(data.window), f"window {short(data.window)}"),),
            )
        )  # fmt: skip
    return tuple(panels)
