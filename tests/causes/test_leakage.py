from __future__ import annotations

from functools import partial

import torch
from fits import fit, noise, windows
from harness import found, healthy, not_judged, watched
from nets import sums
from torch import Tensor

CAUSE = "leakage"


def wandering(length: int = 420) -> Tensor:
    values = [torch.zeros(1)]
    for step in noise(length, 1):
        values.append(0.8 * values[-1] + 0.6 * step)
    return torch.stack(values[1:])


def with_mean(centred: bool) -> Tensor:
    series = wandering()
    ahead = torch.cat([series[1:], series[-1:]])
    behind = torch.cat([series[:1], series[:-1]])
    other = torch.cat([behind[:1], behind[:-1]])
    return torch.cat([series, (behind + series + (ahead if centred else other)) / 3], 1)


def test_a_centred_mean_knows_the_next_value() -> None:
    found(watched(partial(fit, *windows(with_mean(True), 8), epochs=4)), CAUSE, severity="warning")


def test_the_twin_with_a_trailing_mean() -> None:
    healthy(watched(partial(fit, *windows(with_mean(False), 8), epochs=4)), CAUSE)


def test_a_series_without_noise_tells_itself() -> None:
    time = torch.arange(420.0)[:, None]
    healthy(watched(partial(fit, *windows(torch.cat([(time / 5).sin(), (time / 7).cos()], 1), 8), epochs=4)), CAUSE)


def test_unrelated_samples_are_no_series() -> None:
    not_judged(watched(partial(fit, *sums())), CAUSE)
