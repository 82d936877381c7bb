from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, watched
from nets import Last, batches, groups, sums
from torch import Tensor

CAUSE = "class-imbalance"


def rare(share: float = 0.06, apart: float = 0.35) -> tuple[Tensor, Tensor]:
    """Two classes; the rare one lies `apart` from the other."""
    made = torch.Generator().manual_seed(4)
    y = (torch.rand(1024, generator=made) < share).long()
    x = 0.7 * torch.randn(1024, 6, 2, generator=made)
    return x + apart * y[:, None, None], y


def train(share: float, apart: float, lr: float, count: int = 60) -> None:
    net = Last(outputs=2)
    opt = torch.optim.Adam(net.parameters(), lr)
    for x, y in batches(*rare(share, apart), count, 64):
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()


def even() -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), 60):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()


def amounts() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_a_rare_class_that_is_never_answered() -> None:
    signs = watched(partial(train, 0.06, 0.5, 4e-3), arms=["weight-classes"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "F.cross_entropy")
    assert leads(signs) == CAUSE


def test_without_the_arm_it_is_a_suspicion() -> None:
    found(watched(partial(train, 0.06, 0.5, 4e-3)), CAUSE, severity="warning")


def test_even_classes() -> None:
    healthy(watched(even), CAUSE)


def test_uneven_and_learned() -> None:
    signs = watched(partial(train, 0.12, 2.0, 1e-2, 100))
    assert "are found" in healthy(signs, CAUSE).why


def test_amounts_are_no_classes() -> None:
    healthy(watched(amounts), CAUSE)


def test_a_rare_class_that_nothing_tells_apart() -> None:
    """Weighted by their rarity the classes are found no better: the data do not tell them."""
    signs = watched(partial(train, 0.06, 0.0, 1e-3), arms=["weight-classes"])
    healthy(signs, CAUSE)
    calm(signs)
