from __future__ import annotations

from functools import partial

import torch
from fits import fit, noise, windows
from harness import found, healthy, leads, not_judged, said, watched
from nets import sums
from torch import Tensor, nn

from lossdoctor.words import Finding

CAUSE = "sequence-too-short"


def echo(lag: int, length: int = 520) -> Tensor:
    """A value that repeats another one `lag` steps later, and that one."""
    source = noise(length + lag, 1)
    return torch.cat([source[:length] + 0.2 * noise(length, 1, seed=8), source[lag : length + lag]], 1)


def test_the_lag_lies_before_the_window() -> None:
    signs = watched(partial(fit, *windows(echo(10), 6), epochs=3, lr=5e-3))
    answer = found(signs, CAUSE)
    assert "at least 10 steps" in answer.summary
    assert leads(signs) == CAUSE


def test_the_twin_with_the_lag_in_its_window() -> None:
    healthy(watched(partial(fit, *windows(echo(10), 14), epochs=10)), CAUSE)


def test_a_series_without_memory_needs_no_longer_window() -> None:
    assert not isinstance(said(watched(partial(fit, *windows(noise(520, 2), 6), epochs=3)), CAUSE), Finding)


def test_what_came_before_unrelated_samples_is_not_known() -> None:
    x, y = sums(256)
    not_judged(watched(partial(fit, x, torch.roll(y, 1, 0), epochs=2, lr=1e-3)), CAUSE)


def test_a_single_step_is_no_window() -> None:
    signs = watched(partial(fit, *windows(echo(10), 1), epochs=6), arms=["lower-lr-0.1", "raise-lr-10"])
    answer = found(signs, CAUSE)
    assert "single step" in answer.summary and answer.proof == "structure"
    assert leads(signs) == CAUSE


def test_a_window_that_lies_in_the_features_of_one_step_is_one() -> None:
    x, y = windows(echo(10), 14)
    healthy(watched(partial(fit, x.reshape(len(x), 1, -1), y, epochs=12)), CAUSE)


def test_a_single_step_that_tells_the_target_is_enough() -> None:
    x = noise(400, 2)
    healthy(watched(partial(fit, x[:, None, :], x.sum(1, keepdim=True), epochs=12)), CAUSE)


class CellLoop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(2, 16), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        state = x.new_zeros(len(x), 16)
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
        answer: Tensor = self.head(state)
        return answer


def test_a_loop_over_cells_that_goes_round_once_is_no_window_either() -> None:
    one = watched(partial(fit, *windows(echo(10), 1), epochs=4, net=CellLoop()), arms=["lower-lr-0.1"])
    assert "single step" in found(one, CAUSE).summary
    assert not isinstance(said(watched(partial(fit, *windows(echo(10), 14), epochs=4, net=CellLoop())), CAUSE), Finding)
