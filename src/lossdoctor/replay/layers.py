"""Replays one call of a recurrent layer: where its gradients go through time, and what its gates do."""

from __future__ import annotations

import torch

from .call import RecurrentCall
from .recursion import recur
from .result import LayerReplay
from .summary import Align, direction_replay


def replay_layer(
    call: RecurrentCall,
    *,
    only_last: bool = False,
    align: Align = "end",
    dtype: torch.dtype = torch.float64,
) -> LayerReplay:
    """The exact gradient norms of every step, layer and direction, and gate statistics, over the chosen
    samples.

    `only_last`: the gradient enters the top layer only at the last step of each sample and direction that
    has any, for the memory horizon of a loss read at every step. `align`: lay samples end to end by their
    last step, or by the last step at which the loss enters (for padded sequences that were not packed).
    `dtype`: of the recursion; the gradient's maximum is taken out first, so that float32 reaches 1e-40 below
    it too.

    Raises ValueError for a call without gradients, or whose samples, kind or weights do not fit.
    """
    recursion = recur(call, only_last=only_last, dtype=dtype)
    return LayerReplay(
        kind=call.kind,
        samples=int(recursion.batch.chosen.numel()),
        steps=int(recursion.batch.x.shape[0]),
        output_error=recursion.output_error,
        directions=tuple(direction_replay(recursion, each, align) for each in recursion.strands),
    )
