from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums
from torch import Tensor

CAUSE = "constant-inputs"


def train(x: Tensor, y: Tensor, count: int = 60) -> None:
    net = Last(features=x.shape[-1])
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for a, b in batches(x, y, count):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def zeros() -> None:
    x, y = sums()
    train(torch.zeros_like(x), y)


def the_clock_alone() -> None:
    """Every sample holds the same sequence of times, and nothing else."""
    _x, y = sums()
    train(torch.linspace(0, 1, 6)[None, :, None].expand(256, 6, 2).clone(), y)


def with_a_constant_column() -> None:
    x, y = sums()
    train(torch.cat([x, torch.ones(256, 6, 2)], dim=2), y)


def ends_with_padding() -> None:
    """The last batches are padding alone."""
    x, y = sums()
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (a, b) in enumerate(batches(x, y, 62)):
        keep = 1.0 if number < 60 else 0.0
        opt.zero_grad()
        F.mse_loss(net(a * keep), b * keep).backward()
        opt.step()


def few_distinct_inputs() -> None:
    """Four patterns, drawn again and again: most samples equal another one, and they tell the target."""
    made = torch.Generator().manual_seed(0)
    patterns = torch.randn(4, 6, 2, generator=made)
    pick = torch.randint(0, 4, (256,), generator=made)
    train(patterns[pick], torch.tensor([-1.5, -0.5, 0.5, 1.5])[pick][:, None], 80)


def test_inputs_of_zeros() -> None:
    signs = watched(zeros)
    answer = found(signs, CAUSE)
    assert "zero" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(Last, "self.rnn(x)")
    assert leads(signs) == CAUSE


def test_the_same_sequence_in_every_sample() -> None:
    assert "the same in every sample" in found(watched(the_clock_alone), CAUSE).summary


def test_inputs_that_vary() -> None:
    healthy(watched(partial(train, *sums())), CAUSE)


def test_a_constant_column_beside_others() -> None:
    healthy(watched(with_a_constant_column), CAUSE)


def test_padding_at_the_end() -> None:
    healthy(watched(ends_with_padding), CAUSE)


def test_few_distinct_inputs_that_tell_the_target() -> None:
    healthy(watched(few_distinct_inputs), CAUSE)


def test_without_inputs_there_is_nothing_to_say() -> None:
    def by_hand() -> None:
        w = torch.zeros(3, requires_grad=True)
        for _ in range(30):
            loss = ((w - 1) ** 2).sum()
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad  # type: ignore[operator]
            w.grad = None

    not_judged(watched(by_hand), CAUSE)
