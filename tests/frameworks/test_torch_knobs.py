"""Each knob takes hold of an unmodified training, does what it says and nothing else, and says whether it held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from standing import Net, standing
from torch.nn.utils import clip_grad_norm_ as clip_imported_before

from lossdoctor.frameworks.torch.knob import Knob
from lossdoctor.frameworks.torch.knobs import make_knob


def fit(steps: int = 5, **more: Any) -> dict[str, Any]:
    """A training with everything that a knob can take hold of. `from ... import` names are taken inside, as a
    script does after torch has been imported."""
    from torch.nn.utils import clip_grad_norm_

    torch.manual_seed(5)
    model = Net()
    if more.get("freeze"):
        model.rnn.requires_grad_(False)
    params = [p for p in model.parameters() if p.requires_grad]
    opt = more.get("opt", lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.5))(params)
    schedule = torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)
    before = [p.detach().clone() for p in model.parameters()]
    rates, losses, inputs = [], [], []
    model.rnn.register_forward_pre_hook(lambda m, a: inputs.append(a[0].detach().clone()))
    for _ in range(steps):
        x = torch.randn(4, 5, 3) * 10 + 100
        opt.zero_grad()
        loss = F.mse_loss(model(x), x.sum((1, 2)).unsqueeze(1))
        loss.backward()
        if more.get("clip", True):
            norm = float(clip_grad_norm_(model.parameters(), 1e-6))
        opt.step()
        rates.append(opt.param_groups[0]["lr"])
        losses.append(float(loss.detach()))
        schedule.step()
    moved = [float((p.detach() - b).norm()) for p, b in zip(model.parameters(), before, strict=True)]
    return {"model": model, "opt": opt, "rates": rates, "losses": losses, "inputs": inputs, "moved": moved, "norm": norm if more.get("clip", True) else 0.0}


def under(folder: Path, fix: str, args: dict[str, Any], **more: Any) -> tuple[Knob, dict[str, Any]]:
    knob = make_knob(fix, args)
    assert knob is not None
    with standing(folder, knob):
        return knob, fit(**more)


def no_decay(params: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=0.1)


def test_a_rate_is_scaled_and_the_script_sees_its_own(tmp_path: Path) -> None:
    plain = fit(opt=no_decay, clip=False, steps=1)
    knob, changed = under(tmp_path, "lower-lr", {"factor": 0.1}, opt=no_decay, clip=False, steps=1)
    assert knob.took_hold
    assert changed["rates"] == plain["rates"]
    for less, more in zip(changed["moved"], plain["moved"], strict=True):
        assert less == pytest.approx(0.1 * more, rel=1e-3)


def test_a_schedule_is_held(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "drop-scheduler", {}, opt=no_decay, clip=False)
    assert knob.took_hold
    assert changed["rates"] == [0.1 * 0.5**i for i in range(5)]
    plain = fit(opt=no_decay, clip=False)
    assert changed["moved"][-1] > plain["moved"][-1]
    idle, _ = under(tmp_path / "idle", "drop-scheduler", {}, opt=no_decay, clip=False, steps=1)
    assert not idle.took_hold
    assert idle.note


def test_decay_is_set(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "set-weight-decay", {"value": 0.0})
    assert knob.took_hold
    assert changed["opt"].param_groups[0]["weight_decay"] == 0.0
    assert max(changed["moved"]) < 1e-3 < max(fit()["moved"])
    idle, _ = under(tmp_path / "idle", "set-weight-decay", {"value": 0.0}, opt=no_decay)
    assert not idle.took_hold


def test_a_clip_is_loosened_also_where_it_was_imported_by_name(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "loosen-clip", {}, opt=no_decay)
    assert knob.took_hold
    assert max(fit(opt=no_decay)["moved"]) < 1e-5 < max(changed["moved"])
    idle, _ = under(tmp_path / "idle", "loosen-clip", {}, opt=no_decay, clip=False)
    assert not idle.took_hold


def test_a_name_taken_before_the_doors_does_not_hold_and_says_so(tmp_path: Path) -> None:
    knob = make_knob("loosen-clip", {})
    assert knob is not None
    with standing(tmp_path, knob):
        p = nn.Parameter(torch.ones(2))
        p.sum().backward()
        clip_imported_before([p], 0.1)
    assert not knob.took_hold
    assert knob.note


def test_a_clip_is_added(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "add-clip", {"max_norm": 1e-4}, opt=no_decay, clip=False)
    assert knob.took_hold
    assert sum(m**2 for m in changed["moved"]) ** 0.5 < 1e-4


def test_the_optimizer_is_swapped(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "swap-optimizer", {"lr": 1e-3}, opt=no_decay, clip=False, steps=1)
    assert knob.took_hold
    assert type(changed["opt"]) is torch.optim.SGD
    # Adam's first step moves a weight with a gradient by its rate: the head's bias has one.
    assert changed["moved"][-1] == pytest.approx(1e-3, rel=1e-3)
    assert fit(opt=no_decay, clip=False, steps=1)["moved"][-1] > 1.0


def test_weights_are_drawn_anew(tmp_path: Path) -> None:
    def zeroed(params: Any) -> torch.optim.Optimizer:
        with torch.no_grad():
            for p in params:
                p.zero_()
        return torch.optim.SGD(params, lr=0.0)

    knob, changed = under(tmp_path, "reinit", {}, opt=zeroed, clip=False, steps=1)
    assert knob.took_hold
    assert all(float(p.detach().abs().sum()) > 0 for p in changed["model"].parameters())
    knob, changed = under(tmp_path / "forget", "reinit", {"forget": 1.0, "keep": True}, opt=zeroed, clip=False, steps=1)
    assert knob.took_hold
    assert changed["model"].rnn.bias_ih_l0[6:12].tolist() == [1.0] * 6
    assert float(changed["model"].rnn.bias_ih_l0.detach().abs().sum()) == 6.0


def test_inputs_are_scaled(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "scale-inputs", {"mean": [100.0] * 3, "std": [10.0] * 3}, clip=False)
    assert knob.took_hold
    seen = torch.cat(changed["inputs"])
    assert abs(float(seen.mean())) < 0.3
    assert 0.7 < float(seen.std()) < 1.3


def test_targets_are_scaled(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "scale-targets", {"mean": 1500.0, "std": 40.0}, clip=False, opt=lambda p: torch.optim.SGD(p, lr=0.0))
    assert knob.took_hold
    assert max(changed["losses"]) < 10
    assert min(fit(clip=False, steps=1)["losses"]) > 1e5
    other = make_knob("scale-targets", {"mean": 0.0, "std": 1.0})
    assert other is not None
    with standing(tmp_path / "other", other):
        (nn.Linear(2, 1)(torch.ones(3, 2)) ** 2).mean().backward()
    assert not other.took_hold
    assert other.note


def test_what_is_frozen_thaws(tmp_path: Path) -> None:
    knob, changed = under(tmp_path, "unfreeze", {}, freeze=True, opt=no_decay, clip=False)
    assert knob.took_hold
    assert min(changed["moved"][:4]) > 0
    assert max(fit(freeze=True, opt=no_decay, clip=False)["moved"][:4]) == 0.0
    idle, _ = under(tmp_path / "idle", "unfreeze", {}, clip=False)
    assert not idle.took_hold


def test_modes_are_set_right(tmp_path: Path) -> None:
    knob = make_knob("set-mode", {})
    assert knob is not None
    model = nn.Sequential(nn.Linear(2, 50), nn.Dropout(0.5), nn.Linear(50, 1)).eval()
    with standing(tmp_path, knob):
        model(torch.ones(1, 2)).sum().backward()
        assert model.training
        with torch.no_grad():
            assert torch.equal(model(torch.ones(1, 2)), model(torch.ones(1, 2)))
    assert knob.took_hold


@pytest.mark.parametrize("loss", [
    lambda p, y: nn.BCEWithLogitsLoss()(p, y), lambda p, y: F.binary_cross_entropy_with_logits(p, y),
    lambda p, y: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.0))(p, y), lambda p, y: nn.BCELoss()(p.sigmoid(), y),
    lambda p, y: F.binary_cross_entropy(input=p.sigmoid(), target=y),
])  # fmt: skip
def test_both_sides_are_weighed_however_the_loss_is_called(tmp_path: Path, loss: Callable[..., torch.Tensor]) -> None:
    knob = make_knob("weight-classes", {"weights": [0.5, 9.0]})
    assert knob is not None
    logits, target = torch.tensor([2.0, 1.0, -1.0]), torch.tensor([0.0, 0.0, 1.0])
    with standing(tmp_path, knob):
        weighed = loss(logits, target)
    wanted = F.binary_cross_entropy_with_logits(logits, target, weight=torch.tensor([0.5, 0.5, 9.0]))
    assert knob.took_hold and torch.allclose(weighed, wanted, rtol=1e-5)


def test_classes_are_weighed(tmp_path: Path) -> None:
    knob = make_knob("weight-classes", {"weights": [1.0, 9.0]})
    assert knob is not None
    logits, target = torch.tensor([[2.0, 0.0], [2.0, 0.0]], requires_grad=True), torch.tensor([0, 1])
    with standing(tmp_path, knob):
        weighed = F.cross_entropy(logits, target)
    assert knob.took_hold
    assert float(weighed.detach()) == pytest.approx(float(F.cross_entropy(logits, target, weight=torch.tensor([1.0, 9.0])).detach()))
