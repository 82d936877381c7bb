"""What does the net do on samples that it is not trained on? An arm that leaves some out of the loss, and asks."""

from __future__ import annotations

import torch
from torch import nn

from .data_knobs import InputKnob
from .knobs import Args, Kwargs

PER_SAMPLE = frozenset({
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss",
    "smooth_l1_loss", "huber_loss",
})  # fmt: skip
Measured = tuple[str, Args, Kwargs, torch.Tensor]


class HoldOut(InputKnob):
    """One in `parts` samples, chosen by the bits of their inputs (the same ones in every epoch), is left out of the
    loss; the loss on these is measured beside it."""

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self._inputs: torch.Tensor | None = None
        self._measured: list[Measured] = []
        self.note = "inputs and targets cannot be paired sample by sample"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        self._inputs = value if torch.is_grad_enabled() else None
        return None

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        inputs, self._inputs = self._inputs, None
        if inputs is None or name not in PER_SAMPLE or len(args) != 2 or (kwargs.get("weight") is not None and name[:3] == "bin"):
            return args, kwargs
        given, target = args
        if not (isinstance(given, torch.Tensor) and isinstance(target, torch.Tensor)) or len(given) != len(target):
            return args, kwargs
        out = self._left_out(inputs, len(target))
        if out is None or not bool(out.any()) or bool(out.all()):
            return args, kwargs
        self._measure(name, (given[out].detach(), target[out]), kwargs)
        self.held()
        return (given[~out], target[~out]), kwargs

    def _left_out(self, inputs: torch.Tensor, rows: int) -> torch.Tensor | None:
        """(rows,) of booleans; None where inputs and targets have not the same samples."""
        if inputs.dim() >= 3 and inputs.shape[1] == rows != inputs.shape[0]:
            inputs = inputs.transpose(0, 1)
        samples = len(inputs)
        if not samples or rows % samples:
            return None
        bits = inputs.detach().reshape(samples, -1).contiguous().cpu().view(torch.uint8).to(torch.int64)
        places = torch.arange(1, bits.shape[1] + 1, dtype=torch.int64) * 2654435761
        mixed = (bits * (places >> 7) + bits * bits * places).sum(1)
        out = ((mixed ^ (mixed >> 17)) * 40503 >> 11) % self.parts == 0
        return out.repeat_interleave(rows // samples).to(inputs.device)

    def _measure(self, name: str, args: Args, kwargs: Kwargs) -> None:
        assert self.guard is not None
        off, self.guard.off = self.guard.off, True
        try:
            with torch.no_grad():
                self._measured.append((name, args, kwargs, getattr(nn.functional, name)(*args, **kwargs)))
        finally:
            self.guard.off = off

    def measured(self) -> list[Measured]:
        made, self._measured = self._measured, []
        return made
