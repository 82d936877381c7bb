"""One tanh or relu layer in one direction: the recursion and its adjoint.

Elman: "Finding Structure in Time", Cognitive Science 1990, the adjoint in the symbols of Pascanu, Mikolov,
Bengio: "On the difficulty of training recurrent neural networks", ICML 2013, eq. 2 to 5; W_in, W_rec are
PyTorch's w_ih, w_hh. (The paper applies the nonlinearity to the state before the matmul, PyTorch and we
after the sum.)

    forward                                    adjoint (going back from t + 1 to t)
    a_t = W_in x_t + W_rec h_{t-1} + b         dh_t = Delta_t + W_rec' da_{t+1}      Delta: from above
    h_t = sigma(a_t)                           da_t = dh_t sigma'(a_t);  dx_t = W_in' da_t
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .weights import Adjoint, CellWeights, Gates, bias_sum


@dataclass(frozen=True, eq=False)
class RnnStates:
    """`h`, `pre` and `from_x` = W_in x, each (T, B, H); `relu` or tanh."""

    h: Tensor
    pre: Tensor
    from_x: Tensor
    relu: bool


def forward(x: Tensor, h0: Tensor, weights: CellWeights, relu: bool) -> RnnStates:
    """`x` (T, B, F), `h0` (B, H)."""
    (steps, batch, _), hidden = x.shape, h0.shape[1]
    from_x = (x.reshape(steps * batch, -1) @ weights.w_ih.T).view(steps, batch, hidden)
    drive = from_x + bias_sum(weights)
    pre = torch.empty_like(drive)
    h_all = torch.empty_like(drive)
    h, recurrent = h0, weights.w_hh.T
    for drive_t, pre_t, h_t in zip(drive.unbind(0), pre.unbind(0), h_all.unbind(0), strict=True):
        torch.addmm(drive_t, h, recurrent, out=pre_t)
        if relu:
            torch.clamp_min(pre_t, 0, out=h_t)
        else:
            torch.tanh(pre_t, out=h_t)
        h = h_t
    return RnnStates(h_all, pre, from_x, relu)


def adjoint(states: RnnStates, weights: CellWeights, dh_above: Tensor, want_dx: bool = True) -> Adjoint:
    """`dh_above` (T, B, H): dL/dh_t from outside the recurrence (Delta)."""
    steps, batch, hidden = states.h.shape
    slope = (states.h > 0).to(states.h.dtype) if states.relu else 1 - states.h * states.h
    da = torch.empty_like(states.h)
    dh_all = torch.empty_like(states.h)
    da_next = states.h.new_zeros(batch, hidden)
    for above_t, slope_t, da_t, dh_t in reversed(
        list(zip(dh_above.unbind(0), slope.unbind(0), da.unbind(0), dh_all.unbind(0), strict=True))
    ):
        torch.addmm(above_t, da_next, weights.w_hh, out=dh_t)
        torch.mul(dh_t, slope_t, out=da_t)
        da_next = da_t
    dx = (da.view(steps * batch, hidden) @ weights.w_ih).view(steps, batch, -1) if want_dx else None
    return Adjoint(dh=dh_all, dh0=da_next @ weights.w_hh, dx=dx)


def gates(states: RnnStates, weights: CellWeights) -> Gates:
    """The layer's one nonlinearity, named h."""
    from_b = bias_sum(weights).view(1, -1)
    value, pre, from_x = (each.unsqueeze(2) for each in (states.h, states.pre, states.from_x))
    return Gates(("h",), value, pre, from_x, pre - from_x - from_b, from_b, (0.0,))
