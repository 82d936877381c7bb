"""Loops over LSTMCell, GRUCell or RNNCell: every step is its own node, so its gradients can be observed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from . import gru, lstm, rnn
from .batch import choose
from .recursion import States, gates_of
from .result import DirectionReplay, Floats, LayerReplay
from .summary import FULL, gate_replays, log10_norms, over_samples
from .weights import CellWeights

CellKind = Literal["lstm", "gru", "rnn_tanh", "rnn_relu"]


@dataclass(frozen=True, eq=False)
class CellCall:
    """One step of a loop: `x` (B, F) and the states it started from, `h` (B, H) and `c` (B, H; LSTM only);
    without B for a single sample. `dh`, `dc` (B, H): the total gradients that autograd brought to the states
    it gave out, None where none came. (The CUDA kernel's dc leaves out the part that comes through h_t.)"""

    kind: CellKind
    x: Tensor
    h: Tensor
    weights: CellWeights
    c: Tensor | None = None
    dh: Tensor | None = None
    dc: Tensor | None = None


def profile_cells(calls: Sequence[CellCall], samples: Sequence[int] | int = 8, layer: int = 0) -> LayerReplay:
    """The calls of one cell in the order of time; the batch may shrink or grow on the way.

    `entering` is unknown to a loop of cells and all nan. Raises ValueError for no
    call, or an LSTM's without c.
    """
    if not calls:
        raise ValueError("a profile of cells needs at least one call")
    if any(each.kind == "lstm" and each.c is None for each in calls):
        raise ValueError("an LSTM's call needs its c")
    first = calls[0]
    device = first.x.device if first.x.device.type != "mps" else torch.device("cpu")
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        return _profile_cells(calls, samples, layer, device)


def _profile_cells(
    calls: Sequence[CellCall], samples: Sequence[int] | int, layer: int, device: torch.device
) -> LayerReplay:
    first = calls[0]

    def taken(call: CellCall, tensor: Tensor) -> Tensor:
        rows = tensor.detach().unsqueeze(0) if tensor.dim() == 1 else tensor.detach()
        size = rows.shape[0]
        chosen = choose(samples, size) if isinstance(samples, int) else [b for b in samples if b < size]
        return rows[torch.tensor(chosen, dtype=torch.int64, device=rows.device)].to(device, torch.float64)

    def joined(name: str) -> Tensor:
        return torch.cat([taken(call, getattr(call, name)) for call in calls])

    def norms(name: str) -> Floats:
        told = []
        for call in calls:
            gradient: Tensor | None = getattr(call, name)
            each = np.zeros(0) if gradient is None else log10_norms(taken(call, gradient))
            present = np.ones((1, each.size), dtype=np.bool_)
            told.append(over_samples(each[None], present)[0] if each.size else -np.inf)
        return np.array(told, dtype=np.float64)

    weights = first.weights.to(device, torch.float64)
    states = _one_step(
        first.kind, joined("x"), joined("h"), joined("c") if first.kind == "lstm" else None, weights
    )
    relu = first.kind == "rnn_relu"
    h = states.h[0]
    present = np.array([taken(call, call.h).shape[0] for call in calls], dtype=np.int64)
    direction = DirectionReplay(
        layer=layer,
        reverse=False,
        dh_norm=norms("dh"),
        dc_norm=norms("dc") if first.kind == "lstm" else None,
        entering=np.full(len(calls), math.nan),
        present=present,
        log10_dh0=math.nan,
        gates=gate_replays(gates_of(states, weights), None, relu),
        h_saturated=math.nan if relu else float((h.abs() > FULL).double().mean()),
        dead=float((h == 0).all(dim=0).double().mean()) if relu else math.nan,
        approximate=False,
    )
    return LayerReplay(
        kind=first.kind,
        samples=int(present.max()),
        steps=len(calls),
        output_error=math.nan,
        directions=(direction,),
    )


def _one_step(kind: str, x: Tensor, h: Tensor, c: Tensor | None, weights: CellWeights) -> States:
    """All calls at once, as one step of a large batch: where each began is known."""
    if kind == "lstm":
        assert c is not None
        return lstm.forward(x.unsqueeze(0), h, c, weights)
    if kind == "gru":
        return gru.forward(x.unsqueeze(0), h, weights)
    return rnn.forward(x.unsqueeze(0), h, weights, relu=kind == "rnn_relu")
