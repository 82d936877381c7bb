"""From which step on was a finding certain? Its cause is asked again with ever more of the trace."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from ..causes import all_causes
from ..signs import Signs
from ..trace.events import RunEnded
from ..trace.reader import Table, Trace
from ..words import CERTAIN, Finding

FIRST = 1
MOST_DATED = 3
"""Findings of one report that are dated: each takes up to a dozen looks at a part of the trace."""


def dated(findings: tuple[Finding, ...], signs: Signs) -> tuple[Finding, ...]:
    """The first findings that are certain, with the number of updates after which they were. What was proven by
    intervention was certain when the arms had repeated the stretch; what statistics say is not dated."""
    made = []
    for place, finding in enumerate(findings):
        step = None
        if place < MOST_DATED and finding.confidence >= CERTAIN and finding.proof != "statistics":
            step = signs.updates if finding.proof == "intervention" else _first_certain(finding, signs)
        made.append(dataclasses.replace(finding, certain_step=step))
    return tuple(made)


def _first_certain(finding: Finding, signs: Signs) -> int | None:
    cause = all_causes()[finding.cause]
    for step in _steps(signs):
        with contextlib.suppress(Exception):
            part = Signs(upto(signs.trace, step), signs.training, births=tuple(b for b in signs.births if b.step < step))
            said = cause.judge(part)
            if isinstance(said, Finding) and said.confidence >= CERTAIN:
                return step
    return signs.updates or signs.loss.count


def _steps(signs: Signs) -> Iterator[int]:
    """1, 2, 4, ... updates, short of the whole."""
    step, last = FIRST, int(signs.loss.steps[-1]) if signs.loss.count else 0
    while step < last:
        yield step
        step *= 2


def upto(trace: Trace, step: int) -> Trace:
    """What the trace held before update number `step` (counted from 0) was done, of a run still going on."""
    events = tuple(e for e in trace.events if getattr(e, "step", 0) < step and not isinstance(e, RunEnded))
    tables = {}
    for name, table in trace.tables.items():
        clock = table.column("step")
        tables[name] = Table(table.columns, table.values[clock < step], table.stride) if len(clock) else table
    return dataclasses.replace(trace, events=events, tables=tables)
