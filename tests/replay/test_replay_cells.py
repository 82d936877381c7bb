"""A loop of cells, observed by hooks, tells what the fused layer's replay tells."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from unrolled_net import captured

from lossdoctor.replay.cells import CellCall, profile_cells
from lossdoctor.replay.layers import replay_layer
from lossdoctor.replay.weights import CellWeights

CELLS: dict[str, tuple[Any, Any]] = {
    "lstm": (nn.LSTM, nn.LSTMCell),
    "gru": (nn.GRU, nn.GRUCell),
    "rnn_tanh": (nn.RNN, nn.RNNCell),
    "rnn_relu": (
        lambda *a: nn.RNN(*a, nonlinearity="relu"),
        lambda *a: nn.RNNCell(*a, nonlinearity="relu"),
    ),
}


def observed(kind: str, cell: nn.RNNCellBase, x: Tensor) -> list[CellCall]:
    """Runs a loop with the loss at its end; the calls with the gradients that came to each state."""
    weights = CellWeights(cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    h, c = torch.zeros(x.shape[1], 5).double(), torch.zeros(x.shape[1], 5).double()
    steps = []
    for x_t in x:
        before = (x_t, h, c)
        if kind == "lstm":
            h, c = cell(x_t, (h, c))
            c.retain_grad()
        else:
            h = cell(x_t, h)
        h.retain_grad()
        steps.append((before, h, c))
    h.square().sum().backward()
    return [
        CellCall(
            kind,
            x_t,
            h_in,
            weights,
            c_in if kind == "lstm" else None,
            out.grad,
            state.grad if kind == "lstm" else None,
        )
        for (x_t, h_in, c_in), out, state in steps
    ]


@pytest.mark.parametrize("kind", sorted(CELLS))
def test_a_loop_of_cells_and_a_layer_tell_the_same(kind: str) -> None:
    torch.manual_seed(0)
    make_layer, make_cell = CELLS[kind]
    layer, cell, x = make_layer(3, 5).double(), make_cell(3, 5).double(), torch.randn(12, 4, 3).double()
    for ours, theirs in zip(cell.parameters(), layer.parameters(), strict=True):
        ours.data.copy_(theirs)
    truth = replay_layer(captured(layer, x, None, lambda out, _: out[-1].square().sum())).of(0)
    told = profile_cells(observed(kind, cell, x)).of(0)
    np.testing.assert_allclose(told.dh_norm, truth.dh_norm, atol=1e-9)
    if kind == "lstm":
        np.testing.assert_allclose(told.dc_norm, truth.dc_norm, atol=1e-9)
    else:
        assert told.dc_norm is None
    for name, gate in truth.gates.items():
        np.testing.assert_allclose(
            list(vars(told.gates[name]).values()), list(vars(gate).values()), atol=1e-9
        )
    assert told.h_saturated == pytest.approx(truth.h_saturated, nan_ok=True)
    assert told.dead == pytest.approx(truth.dead, nan_ok=True)
    assert told.present.tolist() == [4] * 12


def test_steps_without_a_gradient_are_told_as_none() -> None:
    torch.manual_seed(1)
    calls = observed("gru", nn.GRUCell(3, 5).double(), torch.randn(6, 4, 3).double())
    calls[-1] = replace(calls[-1], dh=None)
    told = profile_cells(calls).of(0)
    assert told.dh_norm[-1] == -math.inf and np.isfinite(told.dh_norm[:-1]).all()


def test_the_batch_may_shrink_and_samples_be_single() -> None:
    torch.manual_seed(2)
    calls = observed("lstm", nn.LSTMCell(3, 5).double(), torch.randn(6, 4, 3).double())
    shrunk = [
        replace(each, x=each.x[:2], h=each.h[:2], c=each.c[:2], dh=each.dh[:2], dc=each.dc[:2])
        for each in calls[3:]
    ]
    told = profile_cells([*calls[:3], *shrunk], samples=[0, 1]).of(0)
    whole = profile_cells(calls, samples=[0, 1]).of(0)
    np.testing.assert_allclose(told.dh_norm, whole.dh_norm)
    gone = profile_cells([*calls[:3], *shrunk], samples=[2, 3]).of(0)
    assert np.isneginf(gone.dh_norm).tolist() == [False] * 3 + [True] * 3
    assert gone.present.tolist() == [2, 2, 2, 0, 0, 0]
    single = [
        replace(each, x=each.x[0], h=each.h[0], c=each.c[0], dh=each.dh[0], dc=each.dc[0]) for each in calls
    ]
    np.testing.assert_allclose(
        profile_cells(single).of(0).dc_norm, profile_cells(calls, samples=[0]).of(0).dc_norm
    )


def test_no_calls_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        profile_cells([])
    call = observed("lstm", nn.LSTMCell(3, 5).double(), torch.randn(1, 4, 3).double())[0]
    with pytest.raises(ValueError, match="needs its c"):
        profile_cells([replace(call, c=None)])
