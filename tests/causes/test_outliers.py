from __future__ import annotations

from functools import partial

import torch
from fits import fit, noise
from harness import calm, found, healthy, leads, said, watched
from nets import sums

from lossdoctor.words import Finding

CAUSE = "outliers"


def typos(share: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """One target in `share` is a thousand times as large; scaled by all."""
    x, y = sums(640)
    y[::share] *= 1000
    return x, (y - y.mean()) / y.std()


def test_typos_in_the_targets() -> None:
    signs = watched(partial(fit, *typos(), epochs=4, lr=5e-3), arms=["winsorise"])
    answer = found(signs, CAUSE)
    assert "targets" in answer.summary
    assert leads(signs) == CAUSE


def test_without_the_panel_the_data_say_so() -> None:
    assert found(watched(partial(fit, *typos(), epochs=4, lr=5e-3)), CAUSE).proof == "statistics"


def test_the_twin_without_them() -> None:
    healthy(watched(partial(fit, *sums(640))), CAUSE)


def test_heavy_tails_that_are_the_target() -> None:
    """Large values that the inputs announce, on a log-normal: they are learned, like the others."""
    x, y = sums(640)
    healthy(watched(partial(fit, x, (0.8 * y).exp() / 2)), CAUSE)


def test_extreme_inputs_that_do_no_harm() -> None:
    x, y = sums(640)
    x[::60, 0, 1] = 500.0
    signs = watched(partial(fit, x, y, epochs=8))
    assert not isinstance(said(signs, CAUSE), Finding)
    calm(signs)


def test_noise_with_typos_is_cured_by_nothing() -> None:
    y = noise(640, 1, seed=9)
    y[::40] *= 1000
    assert not isinstance(said(watched(partial(fit, noise(640, 6, 2), y / y.std(), epochs=3, lr=3e-3)), CAUSE), Finding)
