"""The masks of the dropout between layers, drawn again."""

from __future__ import annotations

import torch
from torch import Tensor

from .batch import Batch
from .call import RecurrentCall


def dropout_masks(
    call: RecurrentCall, batch: Batch, device: torch.device, dtype: torch.dtype
) -> list[Tensor] | None:
    """For each pair of layers (T, B, D*P): 0 or 1 / (1 - p) for the chosen samples; None if unknown or not
    needed.

    On the CPU a layer's dropout is one Bernoulli draw over its whole output (T, whole batch, D*P), or over
    the packed data, from the default generator; so the generator's state before the call tells the masks. On
    an accelerator the draws are the kernel's own. The test compares with the layer's own output; a torch
    that draws otherwise fails it.
    """
    return None
