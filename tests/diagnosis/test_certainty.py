"""When could it be said? Findings are dated by asking their cause again with the trace up to a step."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "causes"))

from harness import examined, watched
from nets import Last, batches, sums

from lossdoctor.diagnosis.certainty import dated, upto
from lossdoctor.trace.events import RunEnded


def never_stepped() -> None:
    net = Last()
    for x, y in batches(*sums(), 60):
        net.zero_grad()
        F.mse_loss(net(x), y).backward()


def poisoned_late(first: int) -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 100)):
        given = torch.where(torch.rand_like(x) < 0.1, torch.nan, x) if number >= first else x
        opt.zero_grad()
        F.mse_loss(net(given), y).backward()
        opt.step()


def test_a_missing_step_is_certain_long_before_the_end() -> None:
    signs = watched(never_stepped)
    (first, *_) = dated(examined(signs).findings, signs)
    assert first.cause == "missing-optimizer-step" and first.certain_step is not None
    assert first.certain_step <= 16


def test_it_is_not_certain_before_it_began() -> None:
    signs = watched(lambda: poisoned_late(40))
    first = next(f for f in dated(examined(signs).findings, signs) if f.cause == "nan-in-data")
    assert first.certain_step is not None and 40 < first.certain_step <= 100


def test_a_part_of_a_trace_is_a_run_that_goes_on() -> None:
    signs = watched(never_stepped)
    part = upto(signs.trace, 5)
    assert part.last(RunEnded) is None
    assert part.table("loss").column("step").max() < 5 <= signs.trace.table("loss").column("step").max()
