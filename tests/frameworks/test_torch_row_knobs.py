"""What-ifs about rows: samples with gaps left out, windows made longer from the array that they are rows of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lossdoctor.frameworks.torch import row_knobs, tables
from lossdoctor.frameworks.torch.row_knobs import LeaveOutGaps, LongerWindow, overlaps
from lossdoctor.frameworks.torch.tables import InSight


@pytest.mark.parametrize("steps_first", [False, True])
def test_samples_with_gaps_are_left_out_on_both_sides(steps_first: bool) -> None:
    x, y = torch.randn(6, 4, 2), torch.randn(6, 1)
    x[1, 2, 0], y[4, 0] = float("nan"), float("inf")
    given = torch.randn(6, 1)
    knob = LeaveOutGaps()
    batch = x.transpose(0, 1) if steps_first else x
    changed = knob.changed(batch, (batch,))
    assert changed is not None and bool(changed.isfinite().all())
    (kept, wanted), _ = knob.criterion("mse_loss", (given, y), {})
    good = torch.tensor([0, 2, 3, 5])
    assert knob.took_hold
    assert torch.equal(kept, given[good]) and torch.equal(wanted, y[good])


def test_a_target_for_every_step() -> None:
    x = torch.randn(3, 4, 2)
    x[1, 0, 0] = float("nan")
    knob = LeaveOutGaps()
    knob.changed(x, (x,))
    (kept, wanted), _ = knob.criterion("cross_entropy", (torch.randn(12, 5), torch.zeros(12, dtype=torch.long)), {})
    assert (len(kept), len(wanted)) == (8, 8)


@pytest.mark.parametrize(("name", "rows"), [("mse_loss", 5), ("my_own_loss", 6)])
def test_what_cannot_be_paired_is_left_alone(name: str, rows: int) -> None:
    x = torch.randn(6, 4, 2)
    x[0] = float("nan")
    knob = LeaveOutGaps()
    knob.changed(x, (x,))
    args = (torch.randn(rows, 1), torch.randn(rows, 1))
    assert knob.criterion(name, args, {})[0] is args
    assert not knob.took_hold


def test_a_batch_of_nothing_but_gaps_teaches_nothing() -> None:
    x, y, given = torch.randn(3, 4, 2), torch.full((3, 1), float("nan")), torch.randn(3, 1, requires_grad=True)
    knob = LeaveOutGaps()
    args, _ = knob.criterion("mse_loss", (given, y), {})
    loss = F.mse_loss(*args)
    loss.backward()
    assert float(loss.detach()) == 0.0 and given.grad is not None and not bool(given.grad.any())
    assert not knob.took_hold and "every sample" in knob.note
    assert knob.changed(x, (x,)) is None


def test_whole_data_are_left_alone() -> None:
    x, args = torch.randn(6, 4, 2), (torch.randn(6, 1), torch.randn(6, 1))
    knob = LeaveOutGaps()
    assert knob.changed(x, (x,)) is None
    assert knob.criterion("mse_loss", args, {})[0] is args
    assert not knob.took_hold


def windows(series: np.ndarray, steps: int) -> np.ndarray:
    return np.stack([series[i : i + steps] for i in range(len(series) - steps + 1)])


def seen(monkeypatch: pytest.MonkeyPatch, *arrays: np.ndarray) -> None:
    for module in (row_knobs, tables):
        monkeypatch.setattr(module, "in_sight", lambda: iter([InSight(array, None, 0) for array in arrays]))


def test_windows_are_made_longer_from_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    series = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    table = windows(series, 5)
    seen(monkeypatch, np.zeros((70, 3, 2), dtype=np.float32), table)
    knob = LongerWindow(9)
    batch = torch.from_numpy(table[[20, 7, 60, 33]])
    longer = knob.changed(batch, (batch,))
    assert longer is not None and knob.took_hold
    assert longer.shape == (4, 9, 2)
    for row, window in zip((20, 7, 60, 33), longer, strict=True):
        assert np.array_equal(window.numpy(), series[row - 4 : row + 5])
    first = knob.changed(torch.from_numpy(table[:4]), ())
    assert first is not None and np.array_equal(first[0].numpy(), np.concatenate([series[[0] * 4], series[:5]]))


def test_held_back_windows_are_made_longer_too_and_from_their_own_array(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = (np.random.default_rng(seed).normal(size=(80, 2)).astype(np.float32) for seed in (0, 1))
    seen(monkeypatch, windows(train, 5), windows(test, 5))
    knob = LongerWindow(9)
    knob.changed(torch.from_numpy(windows(train, 5)[[20, 7, 60, 33]]), ())
    with torch.no_grad():
        asked = knob.changed(torch.from_numpy(windows(test, 5)[40:44]), ())
    assert asked is not None and np.array_equal(asked[0].numpy(), test[36:45])


def test_no_window_reaches_into_another_series(monkeypatch: pytest.MonkeyPatch) -> None:
    sensors = [np.random.default_rng(seed).normal(size=(40, 2)).astype(np.float32) for seed in range(3)]
    table = np.concatenate([windows(one, 5) for one in sensors])
    seen(monkeypatch, table)
    knob = LongerWindow(9)
    longer = knob.changed(torch.from_numpy(table[[36, 38, 50, 90]]), ())
    assert longer is not None
    assert np.array_equal(longer[0].numpy(), sensors[1][[0] * 4 + list(range(5))])
    assert np.array_equal(longer[1].numpy(), sensors[1][[0, 0, *range(7)]])
    assert np.array_equal(longer[2].numpy(), sensors[1][10:19])
    assert np.array_equal(longer[3].numpy(), sensors[2][14:23])


def test_a_window_that_is_there_twice_has_no_certain_past(monkeypatch: pytest.MonkeyPatch) -> None:
    series = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    series[60:68] = series[20:28]
    table = windows(series, 5)
    seen(monkeypatch, table)
    knob = LongerWindow(9)
    assert knob.changed(torch.from_numpy(table[[1, 7, 40, 33]]), ()) is not None
    assert knob.took_hold
    assert knob.changed(torch.from_numpy(table[[1, 7, 21, 33]]), ()) is None
    assert not knob.took_hold and "twice" in knob.note
    assert knob.changed(torch.from_numpy(table[[1, 7, 40, 33]]), ()) is None


def test_windows_of_nothing_in_sight_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    series = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    table = windows(series, 5)
    apart = np.ascontiguousarray(table[np.random.default_rng(1).permutation(len(table))])
    seen(monkeypatch, apart)
    knob = LongerWindow(9)
    batch = torch.from_numpy(apart[:8])
    assert knob.changed(batch, (batch,)) is None
    assert not knob.took_hold and knob.note
    assert overlaps(table) and not overlaps(apart)
    seen(monkeypatch, table)
    strange = LongerWindow(9)
    assert strange.changed(torch.randn(8, 5, 2), ()) is None
    assert strange.changed(batch, (batch, torch.randn(8, 3))) is None
    assert not strange.took_hold


def test_a_loss_without_the_gaps_is_that_of_the_rest() -> None:
    x, y, head = torch.randn(6, 4, 2), torch.randn(6, 1), torch.nn.Linear(2, 1)
    x[3, 3] = float("nan")
    knob = LeaveOutGaps()
    filled = knob.changed(x, (x,))
    assert filled is not None
    args, _ = knob.criterion("mse_loss", (head(filled[:, -1]), y), {})
    rest = torch.tensor([0, 1, 2, 4, 5])
    assert float(F.mse_loss(*args).detach()) == pytest.approx(float(F.mse_loss(head(x[rest, -1]), y[rest]).detach()))
