"""The arm that sees a few batches again and again: a sound net learns them by heart, whatever they hold."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "causes"))

from harness import examined, watched
from nets import Last, batches


def noise(frozen: bool = False) -> None:
    """Targets that the inputs do not tell."""
    net = Last(2, 32)
    opt = torch.optim.Adam([net.head.bias] if frozen else net.parameters(), 1e-2)
    made = torch.Generator().manual_seed(3)
    x, y = torch.randn(4000, 6, 2, generator=made), torch.randn(4000, 1, generator=made)
    for a, b in batches(x, y, 400, 16):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def several_calls() -> None:
    """The model is called twice for one loss: the arm cannot pair them, and says so."""
    net = nn.GRU(2, 8, batch_first=True)
    head = nn.Linear(8, 1)
    opt = torch.optim.SGD([*net.parameters(), *head.parameters()], 1e-3)
    for a, b in batches(torch.randn(300, 6, 2), torch.randn(300, 1), 40):
        opt.zero_grad()
        F.mse_loss(head(net(a)[0][:, -1] + net(a.flip(1))[0][:, -1]), b).backward()
        opt.step()


def test_a_sound_net_learns_noise_by_heart() -> None:
    signs = watched(noise, arms=["few-batches"])
    (arm,) = signs.arms
    assert arm.took_hold and arm.skill is not None and arm.skill > 0.8
    assert arm.outcome == "learns them by heart" and not arm.helps and not arm.cures
    told = next(f for f in examined(signs).findings if f.cause == "no-signal")
    assert any("first 4 batches" in e.what for e in told.evidence)


def test_a_net_that_cannot_learn() -> None:
    (arm,) = watched(lambda: noise(frozen=True), arms=["few-batches"]).arms
    assert arm.took_hold and arm.outcome == "cannot learn them"


def test_two_calls_for_one_loss_are_not_paired() -> None:
    signs = watched(several_calls, arms=["few-batches"])
    assert not signs.arms[0].took_hold and "several times" in signs.arms[0].note
