from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from fits import Reader, fit
from harness import found, healthy, leads, said, watched
from nets import sums
from torch import Tensor

from lossdoctor.words import Finding

CAUSE = "vocabulary-too-small"


def texts(known: int) -> tuple[Tensor, Tensor]:
    """Two kinds of text: half of the words are telling, and the rarer half; words from `known` on become 0."""
    made = torch.Generator().manual_seed(3)
    y = torch.randint(0, 2, (640,), generator=made)
    plain = torch.randint(1, 9, (640, 14), generator=made)
    telling = 9 + 2 * torch.randint(0, 20, (640, 14), generator=made) + y[:, None]
    x = torch.where(torch.rand(640, 14, generator=made) < 0.5, plain, telling)
    return x.masked_fill(x >= known, 0), y


def train(known: int) -> None:
    x, y = texts(known)
    fit(x, y, epochs=3, net=Reader(60, 2))


def test_what_tells_is_unknown() -> None:
    signs = watched(partial(train, 9))
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_the_twin_with_all_words() -> None:
    healthy(watched(partial(train, 60)), CAUSE)


def test_a_common_token_that_does_no_harm() -> None:
    """Nothing happens in most steps, and what happens tells the class."""
    x, y = texts(60)
    x[:, ::2] = 0
    healthy(watched(partial(fit, x, y, epochs=8, net=Reader(60, 2))), CAUSE)


def test_padding_is_no_unknown() -> None:
    x, y = texts(60)
    x = torch.cat([x, torch.zeros(640, 40, dtype=torch.long)], 1)
    assert not isinstance(said(watched(partial(fit, x, y, epochs=1, lr=1e-4, net=Reader(60, 2))), CAUSE), Finding)


def test_numbers_are_no_tokens() -> None:
    healthy(watched(partial(fit, *sums())), CAUSE)


def short(known: int, drawn: bool) -> None:
    """Five digits of ten; those from `known` on become 1. The target: the first digit (or one drawn by chance)."""
    made = torch.Generator().manual_seed(4)
    x = torch.randint(0, 10, (1200, 5), generator=made)
    y = torch.randint(0, 10, (1200,), generator=made) if drawn else x[:, 0].clone()
    fit(x.masked_fill(x >= known, 1), y, epochs=4, net=Reader(11, 10))


def test_sequences_that_all_look_alike() -> None:
    signs = watched(partial(short, 2, False))
    answer = found(signs, CAUSE)
    assert answer.proof == "bound" and "2 of the 11 tokens" in answer.summary
    assert leads(signs) == CAUSE


def test_few_tokens_that_tell() -> None:
    """Two symbols of an embedding of eleven rows, and the target is what they tell: the parity of the first three."""
    x = torch.randint(0, 2, (1200, 5), generator=torch.Generator().manual_seed(4))
    healthy(watched(partial(fit, x, x[:, :3].sum(1) % 2, epochs=4, net=Reader(11, 2))), CAUSE)


def test_all_tokens_and_targets_by_chance_is_another_matter() -> None:
    assert not isinstance(said(watched(partial(short, 10, True)), CAUSE), Finding)


def digits(rest: float = 0.0) -> Tensor:
    """(600, 6) digits of ten, the share `rest` of them 0."""
    made = torch.Generator().manual_seed(4)
    x = torch.randint(0, 10, (600, 6), generator=made)
    return x.masked_fill(torch.rand(600, 6, generator=made) < rest, 0)


def name_them(x: Tensor, y: Tensor, lr: float = 1e-2) -> None:
    """Which digit is it, at every step?"""
    fit(x, y, epochs=8, lr=lr, net=Reader(10, 10, every=True), criterion=lambda p, t: F.cross_entropy(p, t.flatten()))


def test_half_of_the_digits_are_one() -> None:
    """What the others are the run learns, and what this one stood for nobody can."""
    y = digits()
    signs = watched(partial(name_them, y.masked_fill(y > 4, 1), y))
    assert 0.4 < (signs.loss.skill or 0) < 0.8
    assert "hangs on it" in found(signs, CAUSE, severity="warning").summary


def test_a_digit_as_common_that_tells_itself() -> None:
    x = digits(rest=0.5)
    healthy(watched(partial(name_them, x, x)), CAUSE)


def test_a_common_digit_and_targets_with_as_much_noise_anywhere() -> None:
    x = digits(rest=0.5)
    drawn = torch.randint(0, 10, x.shape, generator=torch.Generator().manual_seed(5))
    noisy = torch.where(torch.rand(x.shape, generator=torch.Generator().manual_seed(6)) < 0.4, drawn, x)
    assert not isinstance(said(watched(partial(name_them, x, noisy)), CAUSE), Finding)


def test_a_net_that_has_not_learned_what_can_be_told() -> None:
    y = digits()
    assert not isinstance(said(watched(partial(name_them, y.masked_fill(y > 4, 1), y, 1e-4)), CAUSE), Finding)
