from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums

CAUSE = "weight-decay-too-high"


def train(decay: float, optimizer: str = "AdamW", lr: float = 1e-2, noise: bool = False) -> None:
    x, y = sums()
    if noise:
        y = torch.randn(y.shape, generator=torch.Generator().manual_seed(5))
    net = Last()
    opt: torch.optim.Optimizer = getattr(torch.optim, optimizer)(net.parameters(), lr, weight_decay=decay)
    for a, b in batches(x, y, 60):
        opt.zero_grad()
        loss = F.mse_loss(net(a), b)
        loss.backward()
        opt.step()


def test_a_decay_that_holds_the_weights_down() -> None:
    signs = watched(partial(train, 1.0, "Adam"), arms=["set-weight-decay"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert leads(signs) == CAUSE


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, 1.0, "Adam")), CAUSE)


def test_no_decay() -> None:
    assert healthy(watched(partial(train, 0.0)), CAUSE).why == "no weight decay"


def test_a_usual_decay_beside_a_run_that_learns() -> None:
    """AdamW's default decay, and its weights in balance with the gradient: an arm without it wins nothing."""
    signs = watched(partial(train, 0.01), arms=[])
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)


def test_where_nothing_can_be_learned_the_decay_is_not_to_blame() -> None:
    signs = watched(partial(train, 1.0, "Adam", 1e-2, True), arms=["set-weight-decay"])
    healthy(signs, CAUSE)
    calm(signs)
