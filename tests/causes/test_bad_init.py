from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, groups, sums
from torch import nn

CAUSE = "bad-init"


def train(net: nn.Module, lr: float = 1e-2, count: int = 60) -> None:
    opt = torch.optim.Adam(net.parameters(), lr)
    for x, y in batches(*sums(), count):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def far_too_large() -> None:
    net = Last()
    for p in net.parameters():
        if p.dim() > 1:
            nn.init.normal_(p, std=8.0)
    train(net)


def usual() -> None:
    train(Last())


def orthogonal() -> None:
    net = Last()
    nn.init.orthogonal_(net.rnn.weight_hh_l0)
    nn.init.xavier_uniform_(net.rnn.weight_ih_l0)
    nn.init.zeros_(net.rnn.bias_hh_l0)
    train(net)


def bias_at_the_prior() -> None:
    """A head whose bias starts at the logarithm of the class shares: a loss below log C is right."""
    net = Last(outputs=3)
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([0.9, 0.05, 0.05]).log())
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = groups()
    y = torch.where(torch.rand(len(y), generator=torch.Generator().manual_seed(0)) < 0.1, y, torch.zeros_like(y))
    for a, b in batches(x, y, 60):
        opt.zero_grad()
        F.cross_entropy(net(a), b).backward()
        opt.step()


def pretrained_weights(state: dict[str, torch.Tensor]) -> None:
    net = Last()
    net.load_state_dict(state)
    train(net, 1e-3, 40)


def test_weights_far_too_large() -> None:
    signs = watched(far_too_large, arms=["reinit", "lower-lr-0.1"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(far_too_large), CAUSE)


def test_the_usual_start() -> None:
    healthy(watched(usual), CAUSE)


def test_the_usual_alternatives() -> None:
    healthy(watched(orthogonal), CAUSE)


def test_a_bias_at_the_prior() -> None:
    signs = watched(bias_at_the_prior)
    calm(signs)
    healthy(signs, CAUSE)


def test_trained_weights_may_have_any_size() -> None:
    net = Last()
    train(net, 5e-2, 150)
    signs = watched(partial(pretrained_weights, {k: v.clone() for k, v in net.state_dict().items()}))
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)
