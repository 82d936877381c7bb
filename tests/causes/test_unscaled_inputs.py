from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, groups, sums
from torch import Tensor, nn

CAUSE = "unscaled-inputs"


def train(mean: float, std: float, first: type[nn.Module] | None = None, count: int = 60) -> None:
    rest = Last()
    net = rest if first is None else nn.Sequential(Scale() if first is Scale else first(2), rest)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for a, b in batches(x * std + mean, y, count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


class Scale(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x - 100) / 20


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(200, 8)
        self.rest = Last(features=8, outputs=3)

    def forward(self, ids: Tensor) -> Tensor:
        answer: Tensor = self.rest(self.embed(ids))
        return answer


def tokens() -> None:
    net = Words()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    _x, y = groups()
    ids = y[:, None] * 50 + torch.arange(6)[None]
    for a, b in batches(ids, y, 60):
        opt.zero_grad()
        F.cross_entropy(net(a), b).backward()
        opt.step()


def test_inputs_around_a_hundred() -> None:
    signs = watched(partial(train, 100.0, 20.0), arms=["scale-inputs", "lower-lr-0.1"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE


def test_without_the_panel_nothing_is_claimed() -> None:
    not_judged(watched(partial(train, 100.0, 20.0)), CAUSE)


def test_standardised_inputs() -> None:
    healthy(watched(partial(train, 0.0, 1.0)), CAUSE)


def test_wide_inputs_that_the_net_learns_from() -> None:
    """A deviation of ten is off scale, and still learned."""
    signs = watched(partial(train, 0.0, 10.0, None, 250))
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)


def test_a_model_that_scales_by_itself() -> None:
    signs = watched(partial(train, 100.0, 20.0, Scale))
    healthy(signs, CAUSE)


def test_tokens_have_no_scale() -> None:
    assert healthy(watched(tokens), CAUSE).why == "the inputs are tokens"


def test_where_scaling_does_no_better_it_is_ruled_out() -> None:
    def nothing_to_learn() -> None:
        made = torch.Generator().manual_seed(3)
        net = Last()
        opt = torch.optim.Adam(net.parameters(), 1e-3)
        x, y = 100 + 20 * torch.randn(256, 6, 2, generator=made), torch.randn(256, 1, generator=made)
        for a, b in batches(x, y, 60):
            opt.zero_grad()
            F.mse_loss(net(a), b).backward()
            opt.step()

    signs = watched(nothing_to_learn, arms=["scale-inputs"])
    healthy(signs, CAUSE)
    calm(signs)
