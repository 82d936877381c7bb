from __future__ import annotations

from functools import partial

import torch
from fits import fit, noise
from harness import healthy, leads, not_judged, said, watched
from nets import Last, sums
from torch import Tensor

from lossdoctor.words import Finding

CAUSE = "sequence-too-long"


def recent(steps: int) -> tuple[Tensor, Tensor]:
    """The mean of the last 24 values, at the end of `steps` of them."""
    x = noise(384, steps, 1)
    return x, x[:, -24:].mean(1) * 24**0.5


def running(steps: int) -> None:
    """A net that reads the mean of its states over time: every step weighs the same."""

    class Mean(Last):
        def forward(self, x: Tensor) -> Tensor:
            answer: Tensor = self.head(self.rnn(x)[0].mean(1))
            return answer

    x, y = recent(steps)
    fit(x, y, epochs=8, net=Mean(features=1), lr=1e-2)


def test_a_hundred_and_sixty_steps_for_24() -> None:
    signs = watched(partial(running, 160), arms=["crop"])
    answer = said(signs, CAUSE)
    assert isinstance(answer, Finding) and answer.proof == "intervention", answer
    assert leads(signs) == CAUSE


def test_the_twin_with_a_short_window() -> None:
    healthy(watched(partial(fit, *sums())), CAUSE)


def test_a_long_window_that_is_learned() -> None:
    healthy(watched(partial(fit, *recent(60), epochs=20, lr=2e-2)), CAUSE)


def test_what_decides_lies_far_back() -> None:
    """Cropping would lose it: the arm is not asked, and nothing is said."""
    x = torch.randn(256, 48, 1, generator=torch.Generator().manual_seed(3))
    not_judged(watched(partial(fit, x, x[:, 0], epochs=3)), CAUSE)
