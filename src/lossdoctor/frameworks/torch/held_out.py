"""What does the net do on samples that it is not trained on? An arm that leaves some out of the loss, and asks."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from .data_knobs import InputKnob
from .knob import Args, Kwargs

PER_SAMPLE = frozenset({
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss",
    "smooth_l1_loss", "huber_loss",
})  # fmt: skip
CLASSES = PER_SAMPLE - {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
LATE = 3
"""The last third of the steps is what counts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one step's samples left out: their mean loss, how many values they have, the targets, and which are right."""

    loss: torch.Tensor
    count: int
    target: torch.Tensor
    right: torch.Tensor | None


def by_sample(inputs: torch.Tensor, rows: int) -> torch.Tensor | None:
    """A batch with its samples first, of which `rows` of a loss are one or several each; None where these are not its."""
    if inputs.dim() >= 3 and inputs.shape[1] == rows != inputs.shape[0]:
        inputs = inputs.transpose(0, 1)
    return inputs if len(inputs) and not rows % len(inputs) else None


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
        if inputs is None or name not in PER_SAMPLE or len(args) < 2 or (kwargs.get("weight") is not None and name[:3] == "bin"):
            return args, kwargs
        given, target, *others = args
        if any(other is not None for other in others):
            return args, kwargs
        if not (isinstance(given, torch.Tensor) and isinstance(target, torch.Tensor)) or len(given) != len(target):
            return args, kwargs
        out = self._left_out(inputs, len(target))
        if out is None or not bool(out.any()) or bool(out.all()):
            return args, kwargs
        self._measure(name, given[out].detach(), target[out], kwargs)
        self.held()
        return (given[~out], target[~out], *others), kwargs

    def _left_out(self, inputs: torch.Tensor, rows: int) -> torch.Tensor | None:
        """(rows,) of booleans; None where inputs and targets have not the same samples."""
        found = by_sample(inputs, rows)
        if found is None:
            return None
        inputs, samples = found, len(found)
        bits = inputs.detach().reshape(samples, -1).contiguous().cpu().view(torch.uint8).to(torch.int64)
        places = torch.arange(1, bits.shape[1] + 1, dtype=torch.int64) * 2654435761
        mixed = (bits * (places >> 7) + bits * bits * places).sum(1)
        out = ((mixed ^ (mixed >> 17)) * 40503 >> 11) % self.parts == 0
        return out.repeat_interleave(rows // samples).to(inputs.device)

    def _measure(self, name: str, given: torch.Tensor, target: torch.Tensor, kwargs: Kwargs) -> None:
        assert self.guard is not None
        off, self.guard.off = self.guard.off, True
        try:
            with torch.no_grad():
                loss = getattr(nn.functional, name)(given, target, **{**kwargs, "reduction": "mean"})
                ignored = int(kwargs.get("ignore_index", -100))
                known = target if target.is_floating_point() else target[target != ignored]
                self._measured.append(Measured(loss, known.numel(), known, _right(name, given, target, ignored)))
        finally:
            self.guard.off = off

    def numbers(self) -> dict[str, float]:
        late = self._measured[-max(1, len(self._measured) // LATE) :]
        late = [one for one in late if one.count]
        if not late:
            return {}
        count = sum(one.count for one in late)
        found = {"held_out_loss": sum(float(one.loss) * one.count for one in late) / count}
        right = [one.right for one in late if one.right is not None]
        if len(right) == len(late):
            _, times = torch.cat([one.target.flatten() for one in late]).unique(return_counts=True)
            found["held_out_right"] = float(torch.cat([r.flatten() for r in right]).float().mean())
            found["held_out_majority"] = float(times.max() / times.sum())
        return found


def _right(name: str, given: torch.Tensor, target: torch.Tensor, ignored: int) -> torch.Tensor | None:
    """Which answers are right, where the targets are classes (those to be ignored left out); None where they are numbers
    or shares."""
    if name not in CLASSES:
        return None
    if name.startswith("binary"):
        marks = bool(((target == 0) | (target == 1)).all())
        return (given > (0.5 if name == "binary_cross_entropy" else 0.0)) == (target > 0.5) if marks else None
    return None if target.is_floating_point() else (given.argmax(1) == target)[target != ignored]
