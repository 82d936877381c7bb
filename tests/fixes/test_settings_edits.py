"""An optimizer that a settings file names, and a head that must stay above zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakeSigns

from lossdoctor.fixes import all_fixes
from lossdoctor.trace.events import BatchSaved, Birth, LossTerm

BY_ATTRIBUTE = """\
import json
import torch
setup = json.load(open("c.json"))


def make(parameters):
    return getattr(torch.optim, setup["optimizer"])(parameters, lr=setup["lr"])


opt = make(net.parameters())
loss.backward()
"""
BY_TABLE = """\
import json
import torch
setup = json.load(open("c.json"))
kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
opt = kinds[setup["optimizer"]](net.parameters(), lr=setup["lr"])
loss.backward()
"""


@pytest.mark.parametrize(
    ("text", "before", "args", "after"),
    [
        (BY_ATTRIBUTE, '{"optimizer": "SGD", "lr": 0.1}', {"optimizer": "Adam", "lr": 0.1}, '{"optimizer": "Adam", "lr": 0.1}'),
        (BY_ATTRIBUTE, '{"optimizer": "SGD", "lr": 0.1}', {"optimizer": "Adam", "lr": 0.001}, '{"optimizer": "Adam", "lr": 0.001}'),
        (BY_TABLE, '{"optimizer": "sgd", "lr": 0.1}', {"optimizer": "Adam", "lr": 0.1}, '{"optimizer": "adam", "lr": 0.1}'),
        # A word that the script does not know, and a setting of something else.
        (BY_TABLE, '{"optimizer": "sgd", "lr": 0.1}', {"optimizer": "RMSprop", "lr": 0.1}, None),
        (BY_ATTRIBUTE, '{"name": "SGD", "lr": 0.1}', {"optimizer": "Adam", "lr": 0.1}, None),
    ],
)
def test_the_optimizer_that_a_settings_file_names(
    signs_of: MakeSigns, tmp_path: Path, text: str, before: str, args: dict[str, Any], after: str | None
) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "c.json").write_text(before)
    change = all_fixes()["swap-optimizer"].change(signs_of(text, "SGD", [0.1]), args)
    found = {Path(e.script.file).name: e.after for e in change.edits} if change is not None else {}
    assert found.get("c.json") == after


HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = {fc}

    def forward(self, x):
        return {value}


net = Net()
loss = (net(x) - y * torch.log(net(x))).mean()
loss.backward()
"""


@pytest.mark.parametrize(
    ("fc", "value", "op", "line"),
    [
        ("nn.Linear(2, 1)", "F.relu(self.fc(x)).squeeze(-1)", "log", "return F.softplus(self.fc(x)).squeeze(-1)"),
        ("nn.Sequential(nn.Linear(2, 1), nn.ReLU())", "self.fc(x)", "log", "self.fc = nn.Sequential(nn.Linear(2, 1), nn.Softplus())"),
        ("nn.Linear(2, 1)", "F.relu(self.fc(x))", "exp", ""),
        ("nn.Linear(2, 1)", "torch.sigmoid(self.fc(x))", "log", ""),
    ],
)
def test_what_goes_into_a_logarithm_stays_above_zero(signs_of: MakeSigns, tmp_path: Path, fc: str, value: str, op: str, line: str) -> None:
    born = Birth(0, op, "0", "-inf", False, str(tmp_path / "job" / "train.py"), 15)
    signs, fix = signs_of(HEAD.format(fc=fc, value=value), events=[born]), all_fixes()["soften-head-activation"]
    assert fix.proposed(signs, {}) == bool(line)
    if line:
        change = fix.change(signs, {})
        assert change is not None and line in change.edits[0].after


BARE = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 1, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0][:, -1]


net = Net()
criterion = nn.MSELoss()
loss = criterion(net(x), y)
loss.backward()
"""


@pytest.mark.parametrize(("answers", "line"), [
    (np.ones(40), "return self.rnn(x)[0][:, -1] * 2.2 + 5.0"),
    (np.linspace(-0.3, 0.3, 40), "return self.rnn(x)[0][:, -1] * 1.184 + 5.0"),
])  # fmt: skip
def test_targets_are_brought_within_what_a_bounded_net_can_give(signs_of: MakeSigns, answers: np.ndarray, line: str) -> None:
    y = np.linspace(3, 7, 40, dtype=np.float32)[:, None]
    given = {"y1": y, "p1": answers.astype(np.float32)[:, None]}
    events = [BatchSaved(1, 0, 0, None, "y1", "p1", batch=1)]
    term = LossTerm(0, 0, "mse_loss", (40, 1), (40, 1), "float32")
    change = all_fixes()["scale-targets"].change(signs_of(BARE, term=term, y=y, events=events, arrays=given), {})
    assert change is not None and line in change.edits[0].after
