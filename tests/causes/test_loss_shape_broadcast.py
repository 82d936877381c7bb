from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, watched
from nets import Last, batches, groups, sums
from torch import Tensor

CAUSE = "loss-shape-broadcast"


def stretched() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y.squeeze(1))
        loss.backward()
        opt.step()


def stretched_by_hand() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 40):
        opt.zero_grad()
        loss = ((net(x) - y.squeeze(1)) ** 2).mean()
        loss.backward()
        opt.step()


def trained(criterion: Callable[[Tensor, Tensor], Tensor]) -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        criterion(net(x), y).backward()
        opt.step()


def weighted(p: Tensor, y: Tensor) -> Tensor:
    """One weight a sample, (N, 1) against (N, 1) and a scalar: stretched on purpose."""
    weight = torch.linspace(0.5, 1.5, len(p))[:, None]
    return (weight * (p - y) ** 2).mean() + 0 * p.sum()


def against_centres() -> None:
    """Distances of each answer to each class's centre, (N, 1, 2) - (3, 2): stretched along an axis of its own."""
    net = Last(outputs=2)
    centres = torch.tensor([[1.0, 0.0], [-0.5, 0.87], [-0.5, -0.87]])
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), 60):
        opt.zero_grad()
        distance = ((net(x)[:, None] - centres) ** 2).sum(-1)
        F.cross_entropy(-distance, y).backward()
        opt.step()


def test_a_column_against_a_row() -> None:
    signs = watched(stretched)
    answer = found(signs, CAUSE)
    assert answer.proof == "bound"
    assert answer.where is not None and answer.where.line == line_of(stretched, "F.mse_loss")
    assert leads(signs) == CAUSE
    assert answer.evidence[0].value == 32 * 32
    assert signs.loss.skill is not None and signs.loss.skill < 0.2, "skill 0 is the best that can happen"


def test_a_loss_written_by_hand_which_torch_never_warns_of() -> None:
    signs = watched(stretched_by_hand)
    answer = found(signs, CAUSE)
    assert leads(signs) == CAUSE
    assert answer.where is not None and answer.where.file == __file__


def test_equal_shapes() -> None:
    healthy(watched(partial(trained, lambda p, y: F.mse_loss(p, y))), CAUSE)


def test_a_weight_for_each_sample() -> None:
    healthy(watched(partial(trained, weighted)), CAUSE)


def test_the_same_with_equal_shapes_by_hand() -> None:
    healthy(watched(partial(trained, lambda p, y: ((p - y) ** 2).mean())), CAUSE)


def test_distances_to_the_centres_of_classes() -> None:
    healthy(watched(against_centres), CAUSE)
