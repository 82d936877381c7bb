from __future__ import annotations

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from fits import fit, noise, windows
from harness import calm, found, healthy, leads, said, watched
from nets import Last, sums
from torch import Tensor

from lossdoctor.words import Finding

CAUSE = "inputs-targets-misaligned"


def apart(x: Tensor, y: Tensor) -> None:
    """Inputs and targets shuffled anew every epoch, each by itself."""
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(8):
        x, y = x[torch.randperm(len(x))], y[torch.randperm(len(y))]
        for rows in torch.arange(len(x)).split(32):
            opt.zero_grad()
            F.mse_loss(net(x[rows]), y[rows]).backward()
            opt.step()


def test_shuffled_apart_every_epoch() -> None:
    signs = watched(partial(apart, *sums(256)))
    answer = found(signs, CAUSE)
    assert answer.proof == "structure"
    assert leads(signs) == CAUSE


def test_off_by_two_rows() -> None:
    x, y = sums(480)
    signs = watched(partial(fit, x, y.roll(2, 0), epochs=2, shuffled=False, lr=3e-3))
    answer = found(signs, CAUSE)
    assert "2 rows after their inputs" in answer.summary
    assert leads(signs) == CAUSE


def test_off_by_forty_rows_in_batches_drawn_at_random() -> None:
    x, y = sums(400)
    signs = watched(partial(fit, x, y.roll(40, 0), epochs=4, lr=3e-3))
    answer = found(signs, CAUSE)
    assert "stand 40 rows after their inputs" in answer.summary and answer.confidence > 0.9
    assert leads(signs) == CAUSE


def test_targets_that_come_too_early() -> None:
    x, y = sums(400)
    answer = found(watched(partial(fit, x, y.roll(-7, 0), epochs=4, lr=3e-3)), CAUSE)
    assert "7 rows before their inputs" in answer.summary


def test_windows_and_next_values_shuffled_apart_once() -> None:
    series = noise(420, 1).cumsum(0) * 0.1 + noise(420, 1, seed=6)
    x, y = windows(series, 8)
    answer = found(watched(partial(fit, x, y[torch.randperm(len(y))], epochs=3, lr=3e-3)), CAUSE)
    assert "shuffled apart" in answer.summary


def test_the_twins_learn() -> None:
    healthy(watched(partial(fit, *sums(256))), CAUSE)


@pytest.mark.parametrize("overlapping", [True, False])
def test_a_forecast_of_noise_is_not_off_by_a_row(overlapping: bool) -> None:
    """The row after a sample holds its target, as it must in a forecast."""
    series = noise(8 * 300 + 8, 1)
    x, y = windows(series, 8)
    if not overlapping:
        x, y = x[::8], y[::8]
    answers = said(watched(partial(fit, x, y, epochs=2, lr=3e-3)), CAUSE)
    assert not isinstance(answers, Finding)


def test_a_forecast_five_steps_ahead_is_meant() -> None:
    time = torch.arange(420.0)[:, None]
    x, y = windows((time / 5).sin() + 0.1 * noise(420, 1), 12)
    healthy(watched(partial(fit, x[:-5], y[5:])), CAUSE)


def test_few_tokens_have_many_targets_honestly() -> None:
    """Three draws of a coin come again and again, and what follows them is another matter each time."""
    x = (noise(600, 3, 1) > 0).float()
    y = noise(600, 1, seed=8)
    assert not isinstance(said(watched(partial(fit, x, y, epochs=2)), CAUSE), Finding)


def test_noise_has_no_better_pairing() -> None:
    signs = watched(partial(fit, noise(320, 8, 2), noise(320, 1, seed=9), epochs=3, lr=3e-3))
    assert not isinstance(said(signs, CAUSE), Finding)


def test_targets_with_new_noise_each_time_still_belong() -> None:
    def loop() -> None:
        x, y = sums(256)
        net = Last()
        opt = torch.optim.Adam(net.parameters(), 1e-2)
        for _ in range(8):
            for rows in torch.randperm(len(x)).split(32):
                opt.zero_grad()
                F.mse_loss(net(x[rows]), y[rows] + 0.5 * torch.randn(len(rows), 1)).backward()
                opt.step()

    signs = watched(loop)
    assert not isinstance(said(signs, CAUSE), Finding)
    calm(signs)


def seasons(length: int = 420) -> Tensor:
    """Something measured that wanders, in whole tenths, beside the season, which climbs."""
    time = torch.arange(float(length))[:, None]
    value = ((time / 4).sin() + 0.5 * noise(length, 1)).mul(10).round() / 10
    return torch.cat([value, time / length + 0.05 * noise(length, 1, seed=6)], dim=1)


def test_targets_sorted_apart_from_their_windows() -> None:
    """The run learns: late windows have large targets, and the season tells how late it is."""
    x, y = windows(seasons(), 8)
    signs = watched(partial(fit, x, y.sort(0).values, epochs=12))
    assert (signs.loss.skill or 0) > 0.8
    assert "order of size" in found(signs, CAUSE, severity="warning").summary


def test_the_twin_of_the_sorted_ones() -> None:
    x, y = windows(seasons(), 8)
    said_of = said(watched(partial(fit, x, y, epochs=6)), CAUSE)
    assert not isinstance(said_of, Finding)


def test_targets_that_rise_by_nature() -> None:
    """The age of a part beside what its sensor says, both in whole numbers: no value of the sensor's is the target."""
    series = torch.cat([(noise(420, 1) * 40 + 200).round(), torch.arange(420.0)[:, None] / 210 + 0.2 * noise(420, 1, seed=6)], dim=1)
    x, _ = windows(series, 8)
    age = torch.arange(float(len(x)))[:, None]
    scaled = torch.cat([x[..., :1] / 100, x[..., 1:]], dim=2)
    healthy(watched(partial(fit, scaled, age / 100, epochs=10)), CAUSE)


def test_a_forecast_of_a_series_that_climbs_steadily() -> None:
    """Its targets rise all the way, as the series does."""
    series = torch.cat([torch.arange(420.0)[:, None] / 100, noise(420, 1)], dim=1)
    x, y = windows(series, 8)
    healthy(watched(partial(fit, x, y, epochs=10)), CAUSE)


def test_moved_back_it_learns() -> None:
    x, y = sums(400)
    signs = watched(partial(fit, x, y.roll(40, 0), epochs=8, lr=1e-2), arms=["realign"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention" and answer.confidence > 0.95
