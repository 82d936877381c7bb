"""Targets that stand some rows off are moved where they have their name, in the training and wherever else they are off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakeSigns

from lossdoctor.fixes import all_fixes
from lossdoctor.trace.events import LossTerm, TableSeen, Variable

RNG = np.random.default_rng(0)
REGRESSION = LossTerm(0, 0, "mse_loss", (16,), (16,), "float32")


def pair(rows: int, off: int) -> dict[str, np.ndarray]:
    x = RNG.normal(size=(rows, 6, 2)).astype("float32")
    return {"x": x, "y": np.roll(x[:, :, 0].sum(1) + 0.5 * RNG.normal(size=rows), off)}


MODULE = """\
import numpy as np
import torch
x, y = load("train")
x_test, y_test = load("test")
loss = criterion(net(x), y)
loss.backward()
"""
REUSED = """\
x, y = load("train")
loss = criterion(net(x), y)
loss.backward()
x, y = load("test")
"""
ONE_LINE = """\
x, y, x_test, y_test = (load(key) for key in keys)
loss = criterion(net(x), y)
loss.backward()
"""
CLASS = """\
class Pairs(Dataset):
    def __init__(self, x, y):
        self.x = x
        self.y = torch.tensor(y)


def main():
    loss = criterion(net(x), y)
    loss.backward()
"""
FUNCTION = """\
y = 0


def main():
    x, y = load()
    y = y.float()
    y = later(y)
    loss = criterion(net(x), y)
    loss.backward()
    y = other(y)
"""
Place = tuple[str, int, int, str, str]
"""(function, its line, the line where it stood, the variable, its kind)."""


@pytest.mark.parametrize(
    ("text", "tables", "added"),
    [
        (MODULE, [(3, ("", 0, 5, "y", "tensor"))], {4: "y = y.roll(-3, 0)"}),
        (MODULE, [(-2, ("", 0, 5, "y", "array"))], None),  # too near: the row before may hold a forecast's target
        (MODULE, [(-7, ("", 0, 5, "y", "array"))], {4: "y = np.roll(y, 7, axis=0)"}),
        (MODULE, [(3, ("", 0, 5, "y", "tensor")), (3, ("", 0, 5, "y_test", "tensor"))],
         {4: "y = y.roll(-3, 0)", 6: "y_test = y_test.roll(-3, 0)"}),
        (MODULE, [(3, ("", 0, 5, "y", "tensor")), (0, ("", 0, 5, "y_test", "tensor"))], {4: "y = y.roll(-3, 0)"}),
        (REUSED, [(4, ("", 0, 2, "y", "tensor")), (4, ("", 0, 4, "y", "tensor"))], {2: "y = y.roll(-4, 0)", 6: "y = y.roll(-4, 0)"}),
        (ONE_LINE, [(3, ("", 0, 2, "y", "tensor")), (3, ("", 0, 2, "y_test", "tensor"))],
         {2: "y = y.roll(-3, 0)", 3: "y_test = y_test.roll(-3, 0)"}),
        (REUSED, [(4, ("", 0, 2, "y", "tensor"))], {2: "y = y.roll(-4, 0)"}),
        (FUNCTION, [(5, ("main", 4, 8, "y", "tensor"))], {8: "    y = y.roll(-5, 0)"}),
        (CLASS, [(5, ("", 0, 0, "self.y", "tensor"))], {5: "        self.y = self.y.roll(-5, 0)"}),
        (CLASS, [(5, ("", 0, 0, "self.y", "tensor")), (5, ("", 0, 0, "self.y", "tensor"))], {5: "        self.y = self.y.roll(-5, 0)"}),
        # One line makes both, and one stands right.
        (CLASS, [(5, ("", 0, 0, "self.y", "tensor")), (0, ("", 0, 0, "self.y", "tensor"))], None),
        (MODULE, [(3, ("", 0, 5, "nobody", "tensor"))], None),
        (REUSED, [(-7, ("", 0, 2, "y", "array"))], None),  # numpy has no name here
    ],
)  # fmt: skip
def test_moved_where_they_are_named(
    signs_of: MakeSigns, tmp_path: Path, text: str, tables: list[tuple[int, Place]], added: dict[int, str] | None
) -> None:
    arrays: dict[str, Any] = {}
    events = []
    for number, (off, place) in enumerate(tables):
        made = pair(600 if number == 0 else 200, off)
        arrays |= {f"{letter}{number}": array for letter, array in made.items()}
        seen = Variable(str(tmp_path / "job" / "train.py"), *place)
        events.append(TableSeen(0, 0, f"x{number}", f"y{number}", len(made["x"]), number == 0, (), (seen,)))
    x, y = arrays["x0"][:16], arrays["y0"][:16]
    signs = signs_of(text, "SGD", [0.1], term=REGRESSION, x=x, y=y.astype("float32"), events=events, arrays=arrays)
    fix = all_fixes()["realign-pairs"]
    change = fix.change(signs, {})
    if added is None:
        assert change is None and fix.otherwise(signs, {})
        return
    assert change is not None
    lines = text.splitlines()
    for at, line in added.items():
        lines.insert(at - 1, line)
    assert change.edits[0].after.splitlines() == lines
    assert str(abs(tables[0][0])) in fix.title(signs, {})
