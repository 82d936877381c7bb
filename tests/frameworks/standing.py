"""A watcher in the doors of this process, for the length of a with block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from lossdoctor.frameworks.sampling import OwnTime
from lossdoctor.frameworks.torch.install import install
from lossdoctor.frameworks.torch.knob import Knob, Knobs
from lossdoctor.frameworks.torch.watcher import Watcher
from lossdoctor.trace.reader import Trace, read_trace
from lossdoctor.trace.writer import TraceWriter


@contextlib.contextmanager
def standing(folder: Path, *knobs: Knob, dense: bool = True) -> Iterator[Watcher]:
    writer = TraceWriter(folder)
    watcher = Watcher(writer, own=OwnTime(), budget=0.02, allowance=0.25, knobs=Knobs(list(knobs)))
    if dense:
        watcher.sampler.wants = lambda iteration: True  # type: ignore[method-assign]
    doors = install(watcher)
    try:
        yield watcher
    finally:
        doors.close()
        watcher.finish()
        writer.close()


def trace_of(folder: Path) -> Trace:
    return read_trace(folder)


class Net(nn.Module):
    def __init__(self, hidden: int = 6, **more: object) -> None:
        super().__init__()
        self.rnn = nn.LSTM(3, hidden, batch_first=True, **more)  # type: ignore[arg-type]
        self.head = nn.Linear(hidden, 1)
        self.act = nn.Tanh()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.rnn(x)[0][:, -1]))


def train(steps: int = 8, evaluate: bool = True) -> list[torch.Tensor]:
    """A small training that passes every door; what it leaves behind."""
    torch.manual_seed(3)
    model, cell = Net(), nn.GRUCell(3, 6)
    opt = torch.optim.Adam([*model.parameters(), *cell.parameters()], lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(opt, 2, 0.9)
    for step in range(steps):
        x = torch.randn(4, 5, 3)
        opt.zero_grad()
        h = torch.zeros(4, 6)
        for t in range(5):
            h = cell(x[:, t], h)
        loss = F.mse_loss(model(x) + h.sum(1, keepdim=True), x.sum((1, 2)).unsqueeze(1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
        schedule.step()
        if evaluate and step % 3 == 2:
            model.eval()
            with torch.no_grad():
                F.mse_loss(model(x), x.sum((1, 2)).unsqueeze(1))
            model.train()
    return [p.detach().clone() for p in [*model.parameters(), *cell.parameters()]] + [torch.get_rng_state()]


def alike(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
