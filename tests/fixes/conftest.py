from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossdoctor.signs import Signs
from lossdoctor.trace.events import (
    LOSS_COLUMNS,
    STEP_COLUMNS,
    BatchSaved,
    GroupFacts,
    LossTerm,
    OptimizerSeen,
    RunStarted,
    Site,
)
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter

NEEDLES = {
    "loss": (".backward(",), "criterion": ("criterion(", "cross_entropy(", "mse_loss("), "clip": ("clip_grad",),
    "scheduler": ("scheduler.step", "sched.step"), "recurrent": ("self.lstm(", "self.gru(", "self.rnn("),
}  # fmt: skip

MakeSigns = Callable[..., Signs]


def line_of(text: str, needles: Sequence[str]) -> int:
    """The last line that holds one of these."""
    found = [n for n, line in enumerate(text.split("\n"), 1) if any(needle in line for needle in needles)]
    return found[-1] if found else 0


@pytest.fixture
def signs_of(tmp_path: Path) -> MakeSigns:
    """Signs of a run of a script: its events lie at the lines where such calls stand."""

    def make(
        text: str, optimizer: str = "", lr: Sequence[float] = (), weight_decay: float | None = None,
        clip: tuple[float, float] | None = None, maximize: bool = False,
        term: LossTerm | None = None, events: Sequence[Any] = (),
        x: np.ndarray | None = None, y: np.ndarray | None = None, arrays: Mapping[str, np.ndarray] | None = None,
    ) -> Signs:  # fmt: skip
        script = tmp_path / "job" / "train.py"
        script.parent.mkdir(exist_ok=True)
        script.write_bytes(text.encode())
        writer = TraceWriter(tmp_path / "trace")
        writer.event(RunStarted("train.py", cwd=str(script.parent)))
        for number, (what, needles) in enumerate(NEEDLES.items()):
            line = line_of(text, needles)
            if line:
                writer.event(Site(number, str(script), line, what))
        if optimizer:
            group = GroupFacts(lr[0] if lr else 0.1, None, weight_decay, (), None, maximize, ())
            writer.event(OptimizerSeen(0, 0, optimizer, (group,)))
        steps = writer.table("step", STEP_COLUMNS)
        for step, rate in enumerate(lr):
            row = dict.fromkeys(STEP_COLUMNS, 0.0) | {"step": step, "lr": rate, "grad_norm": 1.0}
            row |= {"clip_max": clip[0] if clip else np.nan, "clip_total": clip[1] if clip else np.nan}
            steps.append([float(row[c]) for c in STEP_COLUMNS])
        if term is not None:
            writer.event(term)
            losses = writer.table("loss", LOSS_COLUMNS)
            values = dict.fromkeys(LOSS_COLUMNS, 0.0) | {"value": 1.0, "criterion": 1.0, "count": 1, "site": 0}
            losses.append([float(values[c]) for c in LOSS_COLUMNS])
            names = [writer.array(n, a) if a is not None else None for n, a in (("x", x), ("y", y))]
            writer.event(BatchSaved(0, 0, 0, names[0], names[1], None))
        for name, array in (arrays or {}).items():
            writer.array(name, array)
        for event in events:
            writer.event(event)
        writer.close()
        return Signs(read_trace(tmp_path / "trace"))

    return make
