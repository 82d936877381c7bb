"""From the recursions' tensors to the numbers that are kept."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .recursion import Recursion, Strand, gates_of
from .result import DirectionReplay, Floats, GateReplay
from .weights import Gates

Align = Literal["end", "entry"]
SATURATED = 4.0
STUCK_STD = 1e-3
FULL = 0.95


def log10_norms(tensor: Tensor) -> Floats:
    """log10 of the norm over the last dimension: (..., N) to (...). The maximum is taken out first, for the
    squares of tiny gradients are 0 in any float. -inf for exact zeros, nan or inf where there are any."""
    largest = tensor.abs().amax(dim=-1)
    safe = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
    rest = (tensor / safe.unsqueeze(-1)).square().sum(dim=-1).sqrt()
    told = largest.log10() + torch.where(largest > 0, rest, torch.ones_like(rest)).log10()
    return np.asarray(told.to(device="cpu", dtype=torch.float64).numpy(), dtype=np.float64)


def over_samples(norms: Floats, present: NDArray[np.bool_]) -> Floats:
    """log10 of the root mean square over the samples present: (T, B) to (T,); -inf where there are none."""
    twice = np.where(present, 2 * norms, -np.inf)
    largest = twice.max(axis=1)
    safe = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        total = np.power(10.0, twice - safe[:, None]).sum(axis=1)
        told = safe + np.log10(total) - np.log10(np.maximum(present.sum(axis=1), 1))
    return np.asarray(told / 2, dtype=np.float64)


def laid_end_to_end(
    per_sample: NDArray[np.generic], ends: NDArray[np.int64], fill: object
) -> NDArray[np.generic]:
    """Moves each column (T,) of (T, B) down, so that row `ends[b]` becomes the last; above it `fill`."""
    steps = per_sample.shape[0]
    rows = np.arange(steps)[:, None] - (steps - 1 - ends)[None, :]
    moved = np.take_along_axis(per_sample, np.maximum(rows, 0), axis=0)
    return np.where(rows >= 0, moved, np.asarray(fill, dtype=per_sample.dtype))


def direction_replay(recursion: Recursion, strand: Strand, align: Align = "end") -> DirectionReplay:
    """The numbers of one layer and direction."""
    batch, adjoint = recursion.batch, strand.adjoint
    valid = batch.valid.cpu().numpy()
    entering = log10_norms(strand.dh_above)
    ends = batch.lengths.cpu().numpy() - 1
    if align == "entry":
        told = ~np.isneginf(entering)
        ends = np.where(told.any(axis=0), told.shape[0] - 1 - told[::-1].argmax(axis=0), ends)
    present = laid_end_to_end(valid, ends, False).astype(np.bool_)

    def profile(norms: Floats) -> Floats:
        laid = laid_end_to_end(norms, ends, -np.inf).astype(np.float64)
        return over_samples(laid, present) + recursion.log10_scale

    everywhere = np.ones((1, valid.shape[1]), dtype=np.bool_)
    h = _cells(strand.states.h, batch.valid if batch.ragged else None)
    relu, gates = _is_relu(strand), gates_of(strand.states, strand.weights)
    return DirectionReplay(
        layer=strand.layer,
        reverse=strand.reverse,
        dh_norm=profile(log10_norms(adjoint.dh)),
        dc_norm=None if adjoint.dc is None else profile(log10_norms(adjoint.dc)),
        entering=profile(entering),
        present=present.sum(axis=1),
        log10_dh0=float(over_samples(log10_norms(adjoint.dh0)[None], everywhere)[0]) + recursion.log10_scale,
        gates=gate_replays(gates, batch.valid if batch.ragged else None, relu),
        h_saturated=math.nan if relu else _share(h.abs() > FULL),
        dead=_share((h == 0).all(dim=0)) if relu else math.nan,
        approximate=recursion.approximate,
    )


def gate_replays(gates: Gates, valid: Tensor | None, relu: bool) -> dict[str, GateReplay]:
    """Statistics of every gate over the cells (step, sample) that are no padding; `valid` (T, B), None for
    all."""
    value, pre, from_x, from_h = (
        _cells(each, valid) for each in (gates.value, gates.pre, gates.from_x, gates.from_h)
    )
    from_b = gates.from_b if gates.from_b.dim() == 2 else _cells(gates.from_b, valid)
    # By hand: torch.std_mean and torch.aminmax take ten times as long over the first dimension.
    unit_mean = value.mean(dim=0)
    spread = (value - unit_mean).square_().mean(dim=0).sqrt()
    mean = unit_mean.mean(dim=1)
    std = (spread.square().mean(dim=1) + (unit_mean - mean.unsqueeze(1)).square().mean(dim=1)).sqrt()
    centre = value.new_tensor(gates.centre).unsqueeze(1)
    stuck = (spread < STUCK_STD) & ((value.amin(dim=0) > centre) | (value.amax(dim=0) < centre))
    far = (pre.abs() > SATURATED).sum(dim=0)
    magnitudes = torch.stack(
        [
            from_x.abs().mean(dim=(0, 2)),
            from_h.abs().mean(dim=(0, 2)),
            from_b.abs().mean(dim=1) if from_b.dim() == 2 else from_b.abs().mean(dim=(0, 2)),
        ]
    )
    shares = magnitudes / magnitudes.sum(dim=0).clamp_min(torch.finfo(magnitudes.dtype).tiny)
    rows = torch.stack(
        [
            mean,
            std,
            far.sum(dim=1) / value[:, 0].numel(),
            *shares,
            _mean(stuck),
            _mean(stuck & (far == value.shape[0])),
        ]
    )
    told = {name: GateReplay(*column) for name, column in zip(gates.names, rows.T.tolist(), strict=True)}
    if relu:
        return {name: _without_saturation(each) for name, each in told.items()}
    return told


def _without_saturation(gate: GateReplay) -> GateReplay:
    return GateReplay(
        gate.mean, gate.std, math.nan, gate.share_x, gate.share_h, gate.share_b, gate.stuck, math.nan
    )


def _cells(sequence: Tensor, valid: Tensor | None) -> Tensor:
    """(T, B, ...) to (cells, ...), without padding."""
    return sequence.flatten(0, 1) if valid is None else sequence[valid]


def _mean(mask: Tensor) -> Tensor:
    return mask.to(torch.float64).mean(dim=1)


def _share(mask: Tensor) -> float:
    return float(mask.to(torch.float64).mean())


def _is_relu(strand: Strand) -> bool:
    return bool(getattr(strand.states, "relu", False))
