"""What one cell computes with, and what its adjoint recursion gives back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class CellWeights:
    """PyTorch's names; G gates stacked in PyTorch's order.

    `w_ih` (G*H, F), `w_hh` (G*H, P), `b_ih` and `b_hh` (G*H,) or None, `w_hr` (P, H) or None (an LSTM's
    projection; without it P = H).
    """

    w_ih: Tensor
    w_hh: Tensor
    b_ih: Tensor | None = None
    b_hh: Tensor | None = None
    w_hr: Tensor | None = None

    def to(self, device: torch.device, dtype: torch.dtype) -> CellWeights:
        def move(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.detach().to(device=device, dtype=dtype)

        return CellWeights(
            w_ih=self.w_ih.detach().to(device=device, dtype=dtype),
            w_hh=self.w_hh.detach().to(device=device, dtype=dtype),
            b_ih=move(self.b_ih),
            b_hh=move(self.b_hh),
            w_hr=move(self.w_hr),
        )

    @property
    def outputs(self) -> int:
        """P, the size of what a step gives out."""
        return int(self.w_hh.shape[1])


@dataclass(frozen=True, eq=False)
class Adjoint:
    """Total derivatives of the loss. `dh` (T, B, P) and `dc` (T, B, H; LSTM only) by the states after each
    step, `dh0` (B, P) and `dc0` (B, H) by the states before the first, `dx` (T, B, F) by the input if asked
    for."""

    dh: Tensor
    dh0: Tensor
    dc: Tensor | None = None
    dc0: Tensor | None = None
    dx: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Gates:
    """Gates over all steps, for their statistics.

    `names` (G), `value` (T, B, G, H) after the nonlinearity, `pre` (T, B, G, H) before it, and what it is
    the sum of: `from_x` (T, B, G, H) of the input, `from_h` (T, B, G, H) of the state, `from_b` of the
    biases ((T, B, G, H), or (G, H) where it is the same at every step). `centre`: the nonlinearities' values
    at 0, one a gate; a gate is on one side or the other of it.
    """

    names: tuple[str, ...]
    value: Tensor
    pre: Tensor
    from_x: Tensor
    from_h: Tensor
    from_b: Tensor
    centre: tuple[float, ...]


def bias_sum(weights: CellWeights) -> Tensor:
    """b_ih + b_hh, (G*H,); zeros for a cell without biases."""
    if weights.b_ih is None or weights.b_hh is None:
        return weights.w_ih.new_zeros(weights.w_ih.shape[0])
    return weights.b_ih + weights.b_hh
