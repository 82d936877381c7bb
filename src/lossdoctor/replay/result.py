"""What a replay tells: plain numbers, read without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GateReplay:
    """One gate over the replayed samples, all their steps and units.

    `mean`, `std`: of its value (sigma or tanh of the pre-activation a). `saturated`: share with |a| > 4
    (sigma' < 0.018), nan for relu. `share_x`, `share_h`, `share_b`: how much of |a| comes from W_ih x, W_hh
    h and the biases: mean |term| / sum of the three, in 0 ... 1. `stuck`: share of units whose value stays
    on one side with std < 1e-3 over all samples and steps, `stuck_saturated`: share of those that are also
    saturated at every step. The latter is a gate that no longer works; the former may just have a small
    input.
    """

    mean: float
    std: float
    saturated: float
    share_x: float
    share_h: float
    share_b: float
    stuck: float
    stuck_saturated: float


@dataclass(frozen=True, eq=False)
class DirectionReplay:
    """One layer in one direction.

    Arrays have one entry a step, in the order in which the direction works (the reverse direction starts at
    the sequence's end); samples of different length are laid end to end, so `x[-1 - k]` is k steps before
    each sample's last step (with align="entry": before the last step at which the loss enters). `dh_norm`,
    `dc_norm` (None but for an LSTM): log10 of the root mean square over the samples of |dL/dh_t|, |dL/dc_t|
    (total derivatives); -inf where it is exactly 0. `entering`: the same for what comes in from outside the
    recurrence (loss, or layers above). `present` how many samples have that step. `log10_dh0`: as dh_norm,
    for the initial state. `approximate`: masks of dropout between layers were unknown. `h_saturated`: share
    of |h| > 0.95 (nan for relu). `dead`: share of units that are 0 for all samples and steps (relu, else
    nan).
    """

    layer: int
    reverse: bool
    dh_norm: Floats
    dc_norm: Floats | None
    entering: Floats
    present: NDArray[np.int64]
    log10_dh0: float
    gates: dict[str, GateReplay]
    h_saturated: float
    dead: float
    approximate: bool

    @property
    def forget_mean(self) -> float | None:
        """Mean of what keeps the state: an LSTM's f, a GRU's z; None for a plain RNN."""
        keep = self.gates.get("f") or self.gates.get("z")
        return None if keep is None else keep.mean


@dataclass(frozen=True, eq=False)
class LayerReplay:
    """A replayed call: `directions` holds every layer and direction, lowest layer first, forward before
    reverse. `kind`: lstm, gru, rnn_tanh, rnn_relu. `samples`, `steps`: how many were replayed."""

    kind: str
    samples: int
    steps: int
    output_error: float
    directions: tuple[DirectionReplay, ...]

    def of(self, layer: int, reverse: bool = False) -> DirectionReplay:
        """One of them. Raises KeyError if there is none."""
        for each in self.directions:
            if each.layer == layer and each.reverse == reverse:
                return each
        raise KeyError((layer, reverse))

    def as_dict(self) -> dict[str, Any]:
        """For JSON: arrays as lists rounded to 5 digits, -inf, inf and nan as None."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value.tolist()]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
