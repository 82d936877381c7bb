"""Knobs on what the run is fed: extreme values, padding, the window, the order of the samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from .knob import Args, Knob, Kwargs, outermost
from .loading import under_way
from .tables import address, in_sight, tables_of

PER_STEP = frozenset({"cross_entropy", "nll_loss"})
CLIPPED = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})


class InputKnob(Knob):
    """Changes the first tensor that an outermost model is called with."""

    inputs_wanted = True

    def __init__(self) -> None:
        super().__init__()
        self._models: list[nn.Module] = []

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = outermost(models)

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if not any(module is model for model in self._models):
            return None
        for index, value in enumerate(args):
            if isinstance(value, torch.Tensor):
                changed = self.changed(value, args)
                return None if changed is None else (*args[:index], changed, *args[index + 1 :])
        return None

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        raise NotImplementedError


class Winsorise(InputKnob):
    """Inputs (by feature) and the targets of regression losses are held within limits, and then standardised:
    what clipping before the scaling gives. `x` and `y` are (low, high, mean, deviation), each by feature; an empty
    one leaves its side alone."""

    def __init__(self, x: tuple[list[float], ...], y: tuple[float, ...]) -> None:
        super().__init__()
        self.x = tuple(torch.tensor(side) for side in x)
        self.y = y

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        if not self.x or not value.is_floating_point() or value.dim() < 2:
            return None
        low, high, mean, std = (side.to(value) for side in self.x)
        if value.shape[-1] != low.numel():
            return None
        self.held()
        return (torch.minimum(torch.maximum(value, low), high) - mean) / std

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if name not in CLIPPED or not self.y:
            return args, kwargs
        low, high, mean, std = self.y
        if len(args) > 1 and isinstance(args[1], torch.Tensor):
            self.held()
            return (args[0], (args[1].clamp(low, high) - mean) / std, *args[2:]), kwargs
        target = kwargs.get("target")
        if isinstance(target, torch.Tensor):
            self.held()
            return args, {**kwargs, "target": (target.clamp(low, high) - mean) / std}
        return args, kwargs


def trailing(x: torch.Tensor, value: float, axis: int) -> torch.Tensor:
    """Steps at the end of each sequence that hold nothing but `value`: (batch,) of counts."""
    pads = x == value
    if pads.dim() > 2:
        pads = pads.flatten(2).all(2)
    if axis == 0:
        pads = pads.transpose(0, 1)
    return pads.flip(1).long().cumprod(1).sum(1)


def padded_kind(x: torch.Tensor) -> bool:
    """Sequences of tokens, or of rows of features: what may be padded."""
    return x.dim() >= (3 if x.is_floating_point() else 2)


class PaddingFirst(InputKnob):
    """Padding at the end of a sequence is moved to its beginning: the last step is a real one."""

    def __init__(self, value: float, axis: int) -> None:
        super().__init__()
        self.value, self.axis = value, axis
        self.note = "no sequence ends in padding"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        if not padded_kind(value):
            return None
        steps, rows = value.shape[self.axis], value.shape[1 - self.axis]
        ends = trailing(value, self.value, self.axis)
        if not bool((ends > 0).any()):
            return None
        turn = (torch.arange(steps, device=value.device)[None, :] - ends[:, None]) % steps
        self.held()
        batch = torch.arange(rows, device=value.device)[:, None]
        if self.axis == 1:
            return value[batch, turn]
        return value[turn.T, batch.T]


class PaddingIgnored(InputKnob):
    """Steps whose input is padding at the end of a sequence are left out of the loss."""

    def __init__(self, value: float, axis: int) -> None:
        super().__init__()
        self.value, self.axis = value, axis
        self._pads: torch.Tensor | None = None
        self._tokens = False
        self.note = "the loss has no term for each step"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        if padded_kind(value) and not (self._tokens and value.is_floating_point()):
            self._tokens = self._tokens or not value.is_floating_point()
            ends = trailing(value, self.value, self.axis)
            steps = value.shape[self.axis]
            pads = torch.arange(steps, device=value.device)[None, :] >= (steps - ends)[:, None]
            self._pads = pads if self.axis == 1 else pads.T
        return None

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        target = args[1] if len(args) > 1 else None
        if self._pads is None or not isinstance(target, torch.Tensor) or target.numel() != self._pads.numel():
            return args, kwargs
        pads = self._pads.reshape(target.shape)
        if name in PER_STEP and not target.is_floating_point():
            self.held()
            return (args[0], target.masked_fill(pads, -100), *args[2:]), {**kwargs, "ignore_index": -100}
        if args[0].numel() == target.numel() and kwargs.get("reduction", "mean") == "mean" and len(args) == 2:
            self.held()
            keep = ~pads
            return (args[0].reshape(target.shape)[keep], target[keep]), kwargs
        return args, kwargs


class CropWindow(InputKnob):
    """The model is given only the last `steps` steps of its window."""

    def __init__(self, steps: int, axis: int) -> None:
        super().__init__()
        self.steps, self.axis = steps, axis
        self.note = "the model takes something beside its window, or the window is shorter"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        others = [a for a in args if a is not value and isinstance(a, torch.Tensor)]
        if value.dim() < 2 or value.shape[self.axis] <= self.steps or others:
            return None
        self.held()
        return value.narrow(self.axis, value.shape[self.axis] - self.steps, self.steps)


class FewBatches(InputKnob):
    """The run sees its first `count` batches again and again: inputs at the model, targets at the loss function. A net
    with working wiring, enough units and a fit rate learns them by heart."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self._inputs: list[Args] = []
        self._targets: list[torch.Tensor] = []
        self._passes = -1
        self.note = "the model is called several times for one loss, or with other shapes each time"

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if not torch.is_grad_enabled() or not any(module is model for model in self._models):
            return None
        self._passes += 1
        if self._passes < self.count:
            self._inputs.append(tuple(kept(value) for value in args))
            return None
        if len(self._targets) < self.count:
            return None
        stored = self._inputs[self._passes % self.count]
        if [shape(value) for value in stored] != [shape(value) for value in args]:
            return None
        return tuple(own if isinstance(own, torch.Tensor) else given for own, given in zip(stored, args, strict=True))

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        target = args[1] if len(args) > 1 else None
        if not torch.is_grad_enabled() or not isinstance(target, torch.Tensor) or self._passes < 0:
            return args, kwargs
        if len(self._targets) == self._passes < self.count:
            self._targets.append(kept(target))
        elif self._passes >= self.count <= len(self._targets):
            stored = self._targets[self._passes % self.count]
            if shape(stored) == shape(target):
                self.held()
                return (args[0], stored, *args[2:]), kwargs
        return args, kwargs


def kept(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def shape(value: Any) -> Any:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else type(value)


class ShuffledLoader(Knob):
    """A DataLoader that goes through its samples in order draws them at random, from the pass that is under way on."""

    def __init__(self) -> None:
        super().__init__()
        self.note = "no DataLoader goes through its samples in order"

    def first_forward(self, models: list[nn.Module]) -> None:
        found = under_way()
        if found is None:
            return
        loader, iterator = found
        if self.loader(loader) and getattr(iterator, "_num_workers", 0) == 0 and hasattr(iterator, "_sampler_iter"):
            iterator._sampler_iter = iter(loader.batch_sampler)

    def loader(self, loader: DataLoader[Any]) -> bool:
        batches = loader.batch_sampler
        if not torch.is_grad_enabled() or not isinstance(batches, BatchSampler):
            return False
        if not isinstance(batches.sampler, SequentialSampler):
            return False
        batches.sampler = RandomSampler(loader.dataset)  # type: ignore[arg-type]
        self.held()
        return True


class RealignTargets(InputKnob):
    """The targets are moved so many rows up in the array of the script's that they are taken from."""

    TRIES = 3

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows
        self._tries = self.TRIES
        self._inputs: torch.Tensor | None = None
        self.note = "no array was found that the targets are rows of"

    def changed(self, value: torch.Tensor, args: Args) -> torch.Tensor | None:
        self._inputs = value if torch.is_grad_enabled() and not self.took_hold else None
        return None

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        inputs, self._inputs = self._inputs, None
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if inputs is not None and isinstance(target, torch.Tensor) and self._tries > 0:
            self._tries -= 1
            copies = {address(y.array): y.array for _, y in tables_of(list(in_sight()), inputs, target) if y.array.flags.writeable}
            for array in copies.values():
                array[...] = np.roll(array, -self.rows, axis=0)
                self.held()
        return args, kwargs


def make_data_knob(fix: str, args: Any) -> Knob | None:
    """The knob of a fix that changes the data, or None."""
    if fix == "winsorise":
        return Winsorise(tuple(list(side) for side in args["x"]), tuple(float(v) for v in args["y"]))
    if fix == "mask-padding":
        kind = PaddingIgnored if args.get("how") == "loss" else PaddingFirst
        return kind(float(args["index"]), int(args.get("axis", 1)))
    if fix == "set-window":
        return CropWindow(int(args["steps"]), int(args.get("axis", 1)))
    if fix == "few-batches":
        return FewBatches(int(args["count"]))
    if fix == "realign-pairs":
        return RealignTargets(int(args["rows"]))
    return ShuffledLoader() if fix == "shuffle" else None
