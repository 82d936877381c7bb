"""The masks of the dropout between layers, drawn again."""

from __future__ import annotations

import torch
from torch import Tensor

from .batch import Batch
from .call import RecurrentCall


def dropout_masks(call: RecurrentCall, batch: Batch) -> list[Tensor] | None:
    """For each pair of adjacent layers (T, B, D*P): 0 or 1 / (1 - p) for the chosen samples; None if unknown.

    On the CPU the dropout between two layers is one Bernoulli draw over the lower one's whole output, time
    first, or over the packed data, from the default generator, layer by layer: with the generator's state
    before the call the masks are known exactly. On an accelerator the kernel draws, in a way of its own.
    The draw is from a generator of ours; the run's is not touched.
    """
    if call.dropout == 0 or call.num_layers == 1:
        return [batch.x.new_ones(1, 1, 1)] * (call.num_layers - 1)
    if call.rng_state is None or call.input.device.type != "cpu":
        return None
    width = call.directions * call.cell_weights(0, 0).outputs
    packed = batch.rows is not None
    shape = (call.input.shape[0], width) if packed else (batch.x.shape[0], batch.total, width)
    generator = torch.Generator("cpu")
    generator.set_state(call.rng_state)
    masks = []
    for _ in range(call.num_layers - 1):
        empty = torch.empty(shape, dtype=call.input.dtype, device="cpu")
        kept = empty.bernoulli_(1 - call.dropout, generator=generator)
        taken = kept[batch.rows] if batch.rows is not None else kept[:, batch.chosen]
        masks.append(taken.to(batch.x.device, batch.x.dtype) / max(1 - call.dropout, 1e-30))
    return masks
