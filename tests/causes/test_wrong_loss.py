from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, groups, sums
from torch import Tensor

CAUSE = "wrong-loss"


def ids_as_amounts() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    x, y = groups(classes=4)
    order = torch.tensor([0, 2, 1, 3])
    for a, b in batches(x, order[y].float()[:, None], 40):
        opt.zero_grad()
        loss = F.mse_loss(net(a), b)
        loss.backward()
        opt.step()


def mostly_zero() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for a, b in batches(x, torch.where(y > 1, y, torch.zeros(())), 60):
        opt.zero_grad()
        loss = F.l1_loss(net(a), b)
        loss.backward()
        opt.step()


def amounts_under_bce() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(x), 3 * y)
        loss.backward()
        opt.step()


def classes(criterion: Callable[[Tensor, Tensor], Tensor]) -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), 60):
        opt.zero_grad()
        criterion(net(x), y).backward()
        opt.step()


def counted(lr: float, count: int = 80) -> None:
    """Whole numbers that are amounts: how many of six inputs are positive."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), lr)
    x, _ = sums()
    x = x.sign()
    y = (x[..., 0] > 0).sum(1, keepdim=True).float()
    for a, b in batches(x, y, count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def test_class_ids_under_a_squared_error() -> None:
    signs = watched(ids_as_amounts)
    answer = found(signs, CAUSE)
    assert answer.proof == "bound"
    assert answer.where is not None and answer.where.line == line_of(ids_as_amounts, "F.mse_loss")
    assert leads(signs) == CAUSE
    as_class, as_amount = (e.value for e in answer.evidence[:2])
    assert isinstance(as_class, float) and isinstance(as_amount, float) and as_class > as_amount + 0.15


def test_an_absolute_error_where_most_targets_are_equal() -> None:
    def stuck() -> None:
        """Inputs that say little: the net stays at the commonest target."""
        net = Last()
        opt = torch.optim.Adam(net.parameters(), 1e-3)
        x, y = sums()
        net.head.weight.data.zero_()
        for a, b in batches(torch.randn(x.shape), torch.where(y > 1, y, torch.zeros(())), 60):
            opt.zero_grad()
            F.l1_loss(net(a), b).backward()
            opt.step()

    answer = found(watched(stuck), CAUSE)
    share = answer.evidence[0].value
    assert isinstance(share, float) and share > 0.7


def test_targets_that_are_no_shares_under_bce() -> None:
    signs = watched(amounts_under_bce)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(amounts_under_bce, "binary_cross_entropy")
    assert leads(signs) == CAUSE


def test_class_ids_under_cross_entropy() -> None:
    healthy(watched(partial(classes, lambda p, y: F.cross_entropy(p, y))), CAUSE)


def test_smoothed_labels() -> None:
    healthy(watched(partial(classes, lambda p, y: F.cross_entropy(p, y, label_smoothing=0.1))), CAUSE)


def test_class_shares_as_targets() -> None:
    healthy(watched(partial(classes, lambda p, y: F.cross_entropy(p, F.one_hot(y, 3).float()))), CAUSE)


def test_amounts_that_happen_to_be_whole() -> None:
    healthy(watched(partial(counted, 2e-2, 120)), CAUSE)


def test_whole_amounts_that_are_not_learned_yet() -> None:
    """The run does not learn, for another reason: its targets are none the less amounts."""
    signs = watched(partial(counted, 1e-4, 60))
    assert signs.loss.skill is not None and signs.loss.skill < 0.3
    assert "as amounts" in healthy(signs, CAUSE).why
