"""One GRU layer in one direction: the recursion and its adjoint.

In the symbols of Cho et al.: "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014,
section 2.3, with PyTorch's one change: the reset gate r is applied after the hidden matmul (Cho applies it
before). As in their eq. 7, z is what keeps the state. n is their candidate h-tilde; W, U are PyTorch's w_ih,
w_hh; gates in the order r, z, n.

    forward                                    adjoint (going back from t + 1 to t)
    r = sigma(W_r x_t + U_r h_{t-1} + b_r)     dh_t = Delta_t + dh_{t+1} z_{t+1} + U' (da_r, da_z, dq)_{t+1}
    z = sigma(W_z x_t + U_z h_{t-1} + b_z)     da_z = dh_t (h_{t-1} - n) sigma'(a_z)
    q = U_n h_{t-1} + b_hn                     da_n = dh_t (1 - z) tanh'(a_n)
    n = tanh(W_n x_t + b_in + r q)             da_r = da_n q sigma'(a_r);  dq = da_n r
    h_t = (1 - z) n + z h_{t-1}                dx_t = W' (da_r, da_z, da_n)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .weights import Adjoint, CellWeights, Gates


@dataclass(frozen=True, eq=False)
class GruStates:
    """`h` and `h_prev` (T, B, H), `gates` and `pre` (T, B, 3, H) in the order r, z, n, `q` = U_n h + b_hn
    (T, B, H), `from_x` = W x (T, B, 3, H)."""

    h: Tensor
    h_prev: Tensor
    gates: Tensor
    pre: Tensor
    q: Tensor
    from_x: Tensor


def forward(x: Tensor, h0: Tensor, weights: CellWeights) -> GruStates:
    """`x` (T, B, F), `h0` (B, H)."""
    (steps, batch, _), hidden = x.shape, h0.shape[1]
    from_x = (x.reshape(steps * batch, -1) @ weights.w_ih.T).view(steps, batch, 3 * hidden)
    drive = from_x if weights.b_ih is None else from_x + weights.b_ih
    b_hh = weights.w_hh.new_zeros(3 * hidden) if weights.b_hh is None else weights.b_hh
    from_state = x.new_empty(steps, batch, 3 * hidden)
    pre = x.new_empty(steps, batch, 3 * hidden)
    gates = x.new_empty(steps, batch, 3 * hidden)
    r, z, n = gates.view(steps, batch, 3, hidden).unbind(2)
    q = from_state[:, :, 2 * hidden :]
    h_all = x.new_empty(steps + 1, batch, hidden)
    h_all[0] = h0
    split = 2 * hidden
    sequences = (
        *(drive[:, :, :split], drive[:, :, split:], from_state, from_state[:, :, :split], q),
        *(pre[:, :, :split], pre[:, :, split:], gates[:, :, :split], r, z, n, h_all[:-1], h_all[1:]),
    )
    recurrent = weights.w_hh.T
    for drive_rz, drive_n, state_t, state_rz, q_t, pre_rz, pre_n, gates_rz, r_t, z_t, n_t, h_last, h_t in zip(
        *(each.unbind(0) for each in sequences), strict=True
    ):
        torch.addmm(b_hh, h_last, recurrent, out=state_t)
        torch.add(drive_rz, state_rz, out=pre_rz)
        torch.sigmoid(pre_rz, out=gates_rz)
        torch.addcmul(drive_n, r_t, q_t, out=pre_n)
        torch.tanh(pre_n, out=n_t)
        torch.lerp(n_t, h_last, z_t, out=h_t)
    three = (steps, batch, 3, hidden)
    return GruStates(h_all[1:], h_all[:-1], gates.view(three), pre.view(three), q, from_x.view(three))


def adjoint(states: GruStates, weights: CellWeights, dh_above: Tensor, want_dx: bool = True) -> Adjoint:
    """`dh_above` (T, B, H): dL/dh_t from outside the recurrence (Delta)."""
    steps, batch, _, hidden = states.gates.shape
    r, z, n = states.gates.unbind(2)
    # All that does not depend on the gradient, for all steps at once: (da_r, da_z, dq) = dh * by_h.
    by_n = (1 - z) * (1 - n * n)
    by_h = torch.stack((by_n * states.q * (r - r * r), (states.h_prev - n) * (z - z * z), by_n * r), dim=2)
    da = torch.empty_like(states.gates)
    dh_all = torch.empty_like(dh_above)
    da_next = states.h.new_zeros(batch, 3 * hidden)
    kept = states.h.new_zeros(batch, hidden)
    for above_t, by_h_t, z_t, da_t, da_flat, dh_t in reversed(
        list(zip(*(each.unbind(0) for each in (dh_above, by_h, z, da, da.flatten(2), dh_all)), strict=True))
    ):
        torch.addmm(above_t + kept, da_next, weights.w_hh, out=dh_t)
        torch.mul(dh_t.unsqueeze(1), by_h_t, out=da_t)
        kept = dh_t * z_t
        da_next = da_flat
    dh0 = torch.addmm(kept, da_next, weights.w_hh)
    dx = None
    if want_dx:
        da_x = da.clone()
        da_x[:, :, 2] = dh_all * by_n
        dx = (da_x.view(steps * batch, -1) @ weights.w_ih).view(steps, batch, -1)
    return Adjoint(dh=dh_all, dh0=dh0, dx=dx)


def gates(states: GruStates, weights: CellWeights) -> Gates:
    """The gates r, z and n; to n's pre-activation the state and its bias come through r."""
    r = states.gates[:, :, 0]
    hidden = r.shape[-1]
    zeros = states.h.new_zeros(3, hidden)
    b_ih = zeros if weights.b_ih is None else weights.b_ih.view(3, hidden)
    b_hh = zeros if weights.b_hh is None else weights.b_hh.view(3, hidden)
    from_b = (b_ih + b_hh).expand(states.gates.shape).clone()
    from_b[:, :, 2] = b_ih[2] + r * b_hh[2]
    from_h = states.pre - states.from_x - from_b
    return Gates(("r", "z", "n"), states.gates, states.pre, states.from_x, from_h, from_b, (0.5, 0.5, 0.0))
