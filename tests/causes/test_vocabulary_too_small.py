from __future__ import annotations

from functools import partial

import torch
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
