from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from fits import Reader, fit
from harness import found, healthy, leads, not_judged, said, watched
from nets import sums
from torch import Tensor

from lossdoctor.words import Finding, Healthy

CAUSE = "padding-dominates"


def words(steps: int, front: bool = False) -> tuple[Tensor, Tensor, Tensor]:
    """Sequences of three to eight tokens filled up with 0, which of three tokens came last, and marks by step."""
    made = torch.Generator().manual_seed(3)
    x, marks, y = torch.zeros(512, steps, dtype=torch.long), torch.zeros(512, steps, dtype=torch.long), []
    for row in range(512):
        n = int(torch.randint(3, 9, (), generator=made))
        text = torch.randint(1, 4, (n,), generator=made)
        place = slice(steps - n, steps) if front else slice(0, n)
        x[row, place] = text
        marks[row, place] = (text == 2).long()
        y.append(int(text[-1]) - 1)
    return x, torch.tensor(y), marks


def train(steps: int, front: bool = False) -> None:
    x, y, _ = words(steps, front)
    fit(x, y, epochs=2, net=Reader(4, 3))


def tag(steps: int, ignore: bool, lr: float = 1e-2, count: int = 12) -> None:
    x, _, marks = words(steps)
    marks = marks if not ignore else marks.masked_fill(x == 0, -100)
    net = Reader(4, 2, every=True)
    opt = torch.optim.Adam(net.parameters(), lr)
    for rows in torch.arange(len(x)).split(32)[:count]:
        opt.zero_grad()
        F.cross_entropy(net(x[rows]), marks[rows].reshape(-1)).backward()
        opt.step()


def test_read_after_a_hundred_empty_steps() -> None:
    signs = watched(partial(train, 150), arms=["mask-padding"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert leads(signs) == CAUSE


def test_padding_outvotes_the_tags() -> None:
    signs = watched(partial(tag, 90, False), arms=["mask-padding"])
    found(signs, CAUSE)


def test_without_the_panel_nothing_is_said() -> None:
    not_judged(watched(partial(train, 60)), CAUSE)


def test_tags_with_the_padding_left_out_of_the_loss() -> None:
    assert not isinstance(said(watched(partial(tag, 60, True)), CAUSE), Finding)


def test_padding_in_front() -> None:
    healthy(watched(partial(train, 60, front=True)), CAUSE)


def test_numbers_without_padding() -> None:
    healthy(watched(partial(fit, *sums())), CAUSE)


def numbers(steps: int, share: float) -> tuple[Tensor, Tensor]:
    """Six numbers and what their mean is, filled up with zeros; of the first five, this share is zero as measured."""
    made = torch.Generator().manual_seed(5)
    x = torch.randn(512, 6, 1, generator=made)
    x[:, :5] *= torch.rand(512, 5, 1, generator=made) >= share
    return F.pad(x, (0, 0, 0, steps - 6)), 2.0 * x.mean(1)


def test_all_filled_up_to_the_same_length() -> None:
    signs = watched(partial(fit, *numbers(120, 0.0), epochs=2), arms=["mask-padding"])
    assert found(signs, CAUSE).proof == "intervention"


def test_a_zero_that_is_measured_elsewhere_too() -> None:
    assert isinstance(said(watched(partial(fit, *numbers(120, 0.5), epochs=2)), CAUSE), Healthy)
