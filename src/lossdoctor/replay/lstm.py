"""One LSTM layer in one direction: the recursion and its adjoint.

In the symbols of Greff, Srivastava, Koutnik, Steunebrink, Schmidhuber: "LSTM: A Search Space Odyssey", IEEE
TNNLS 2017, section II, without peepholes; W, R, b are PyTorch's w_ih, w_hh, b_ih + b_hh, and the block input
z is PyTorch's gate g (its order is i, f, g, o). A projection, h = P m, is that of Sak, Senior, Beaufays
2014; without one h = m, the paper's y.

    forward                              adjoint (going back from t + 1 to t)
    a_t = W x_t + R h_{t-1} + b          dh_t = Delta_t + R' da_{t+1}      Delta: what comes in from above
    i, f, o = sigma(a), z = tanh(a)      dm_t = P' dh_t
    c_t = z i + c_{t-1} f                dc_t = dm_t o tanh'(c_t) + dc_{t+1} f_{t+1}
    m_t = tanh(c_t) o                    da_o = dm_t tanh(c_t) sigma'(a_o);  da_f = dc_t c_{t-1} sigma'(a_f)
    h_t = P m_t                          da_i = dc_t z sigma'(a_i);          da_z = dc_t i tanh'(a_z)
                                         dx_t = W' da_t
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .weights import Adjoint, CellWeights, Gates, bias_sum


@dataclass(frozen=True, eq=False)
class LstmStates:
    """`h` (T, B, P), `c`, `tanh_c` and `c_prev` (T, B, H), `gates` and `pre` (T, B, 4, H) in the order i, f,
    z, o, `from_x` = W x (T, B, 4, H)."""

    h: Tensor
    c: Tensor
    c_prev: Tensor
    tanh_c: Tensor
    gates: Tensor
    pre: Tensor
    from_x: Tensor


def forward(x: Tensor, h0: Tensor, c0: Tensor, weights: CellWeights) -> LstmStates:
    """`x` (T, B, F), `h0` (B, P), `c0` (B, H)."""
    (steps, batch, _), hidden = x.shape, c0.shape[1]
    from_x = (x.reshape(steps * batch, -1) @ weights.w_ih.T).view(steps, batch, 4 * hidden)
    drive = from_x + bias_sum(weights)
    pre = torch.empty_like(drive)
    gates = torch.empty_like(drive)
    i, f, z, o = gates.view(steps, batch, 4, hidden).unbind(2)
    pre_z = pre[:, :, 2 * hidden : 3 * hidden]
    c_all = x.new_empty(steps + 1, batch, hidden)
    c_all[0] = c0
    tanh_c = x.new_empty(steps, batch, hidden)
    m = x.new_empty(steps, batch, hidden)
    h_all = m if weights.w_hr is None else x.new_empty(steps, batch, weights.outputs)
    h, recurrent = h0, weights.w_hh.T
    for drive_t, pre_t, pre_z_t, gates_t, i_t, f_t, z_t, o_t, c_last, c_t, tanh_t, m_t, h_t in zip(
        *(
            each.unbind(0)
            for each in (drive, pre, pre_z, gates, i, f, z, o, c_all[:-1], c_all[1:], tanh_c, m, h_all)
        ),
        strict=True,
    ):
        torch.addmm(drive_t, h, recurrent, out=pre_t)
        torch.sigmoid(pre_t, out=gates_t)
        torch.tanh(pre_z_t, out=z_t)
        torch.addcmul(torch.mul(z_t, i_t), c_last, f_t, out=c_t)
        torch.tanh(c_t, out=tanh_t)
        torch.mul(tanh_t, o_t, out=m_t)
        if weights.w_hr is not None:
            torch.mm(m_t, weights.w_hr.T, out=h_t)
        h = h_t
    four = (steps, batch, 4, hidden)
    return LstmStates(
        h_all, c_all[1:], c_all[:-1], tanh_c, gates.view(four), pre.view(four), from_x.view(four)
    )


def adjoint(
    states: LstmStates,
    weights: CellWeights,
    dh_above: Tensor,
    dc_above: Tensor | None = None,
    want_dx: bool = True,
) -> Adjoint:
    """`dh_above` (T, B, P) and `dc_above` (T, B, H): dL/dh_t, dL/dc_t from outside the recurrence (Delta)."""
    steps, batch, _, hidden = states.gates.shape
    i, f, z, o = states.gates.unbind(2)
    # All that does not depend on the gradient, for all steps at once: da = dc * by_c, da_o = dm * by_m.
    by_c = torch.stack((z * (i - i * i), states.c_prev * (f - f * f), i * (1 - z * z)), dim=2)
    by_m = states.tanh_c * (o - o * o)
    dm_to_dc = o * (1 - states.tanh_c**2)
    da = torch.empty_like(states.gates)
    dh_all = torch.empty_like(dh_above)
    dc_all = torch.empty_like(states.c)
    if dc_above is None:
        dc_above = states.c.new_zeros(1, 1, 1).expand(steps, batch, hidden)
    sequences = (
        dh_above,
        dc_above,
        by_c,
        by_m,
        dm_to_dc,
        f,
        da.flatten(2),
        da[:, :, :3],
        da[:, :, 3],
        dh_all,
        dc_all,
    )
    da_next = states.c.new_zeros(batch, 4 * hidden)
    dc_next = states.c.new_zeros(batch, hidden)
    for above_t, c_above_t, by_c_t, by_m_t, through_t, f_t, da_t, da_ifz, da_o, dh_t, dc_t in reversed(
        list(zip(*(each.unbind(0) for each in sequences), strict=True))
    ):
        torch.addmm(above_t, da_next, weights.w_hh, out=dh_t)
        dm = dh_t if weights.w_hr is None else dh_t @ weights.w_hr
        torch.addcmul(dc_next + c_above_t, dm, through_t, out=dc_t)
        torch.mul(dc_t.unsqueeze(1), by_c_t, out=da_ifz)
        torch.mul(dm, by_m_t, out=da_o)
        dc_next = dc_t * f_t
        da_next = da_t
    dx = (da.view(steps * batch, -1) @ weights.w_ih).view(steps, batch, -1) if want_dx else None
    return Adjoint(dh=dh_all, dh0=da_next @ weights.w_hh, dc=dc_all, dc0=dc_next, dx=dx)


def gates(states: LstmStates, weights: CellWeights) -> Gates:
    """The gates i, f, g (the paper's z) and o, and what their pre-activations are the sum of."""
    from_b = bias_sum(weights).view(4, -1)
    from_h = states.pre - states.from_x - from_b
    centre = (0.5, 0.5, 0.0, 0.5)
    return Gates(("i", "f", "g", "o"), states.gates, states.pre, states.from_x, from_h, from_b, centre)
