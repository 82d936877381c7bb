"""From a trace on disk to diagnoses: one for each training of the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..diagnosis.engine import Diagnosis, examine
from ..signs import Signs
from ..signs.arms import ArmSign
from ..signs.trainings import put_right
from ..trace.events import Birth
from ..trace.reader import Trace, read_trace

MAIN = "main"
MIN_SHARE = 3
"""A training of fewer backward passes than this, beside longer ones, is a warm-up of something else."""


def trace_of(out: Path) -> Trace:
    """The trace of the run's main process. Raises UserError where there is none."""
    return put_right(read_trace(out / "trace" / MAIN))


def trainings(trace: Trace) -> list[int]:
    numbers = trace.table("loss").column("training")
    if not len(numbers):
        return [0]
    found, counts = np.unique(numbers, return_counts=True)
    kept = [int(k) for k, n in zip(found, counts, strict=True) if n >= MIN_SHARE or len(found) == 1]
    return kept or [int(found[0])]


def examined(
    trace: Trace, *, arms: dict[int, tuple[ArmSign, ...]] | None = None, births: Sequence[Birth] = (),
    select: frozenset[str] | None = None, ignore: frozenset[str] = frozenset(), asked: bool = False,
) -> list[Diagnosis]:  # fmt: skip
    """Every training examined; `arms` by training."""
    found = []
    for number in trainings(trace):
        signs = Signs(trace, number, arms=(arms or {}).get(number, ()), births=tuple(births), panel_asked=asked)
        found.append(examine(signs, select, ignore))
    return found
