"""Knobs on the scale of what the net is given and judged by: inputs, targets, the weight of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .knob import Args, Knob, Kwargs, outermost


class ScaleInputs(Knob):
    """Standardise each input feature of the models by the statistics given (mean and deviation by feature)."""

    inputs_wanted = True

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.mean = torch.tensor(mean)
        self.std = torch.tensor(std).clamp_min(1e-12)
        self._models: list[nn.Module] = []

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = outermost(models)

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if not any(module is model for model in self._models):
            return None
        for index, value in enumerate(args):
            scaled = self._scaled(value)
            if scaled is not None:
                self.held()
                return (*args[:index], scaled, *args[index + 1 :])
            if isinstance(value, torch.Tensor):
                return None
        return None

    def _scaled(self, value: Any) -> Any:
        if isinstance(value, nn.utils.rnn.PackedSequence):
            data = self._scaled(value.data)
            return None if data is None else value._replace(data=data)
        if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.dim() < 1:
            return None
        mean, std = self.mean.to(value), self.std.to(value)
        if value.shape[-1] != mean.numel() and mean.numel() != 1:
            mean, std = mean.mean(), std.mean()
        return (value - mean) / std


class ScaleTargets(Knob):
    """Standardise the targets of regression losses by the mean and deviation given."""

    NAMES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean = mean
        self.std = max(std, 1e-30)
        self.note = "the loss is not one of torch.nn.functional's regression losses"

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if name not in self.NAMES:
            return args, kwargs
        if len(args) > 1 and isinstance(args[1], torch.Tensor):
            self.held()
            return (args[0], (args[1] - self.mean) / self.std, *args[2:]), kwargs
        target = kwargs.get("target")
        if isinstance(target, torch.Tensor):
            self.held()
            return args, {**kwargs, "target": (target - self.mean) / self.std}
        return args, kwargs


class ScaleBoth(ScaleInputs):
    """Inputs and targets standardised at once: a series that is both is off its scale on both sides."""

    def __init__(self, mean: list[float], std: list[float], targets: ScaleTargets) -> None:
        super().__init__(mean, std)
        self.targets = targets

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        return self.targets.criterion(name, args, kwargs)


class WeighClasses(Knob):
    """Classes of a cross entropy (or the two sides of a binary one) weigh as their rarity."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.weights = torch.tensor(weights)
        self.note = "the loss is no classification loss that takes weights"

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        given = args[0] if args else kwargs.get("input")
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if not isinstance(given, torch.Tensor) or not isinstance(target, torch.Tensor):
            return args, kwargs
        if name in ("cross_entropy", "nll_loss") and given.dim() > 1 and given.shape[1] == self.weights.numel():
            return self._weighted(args, kwargs, self.weights.to(given))
        if name in ("binary_cross_entropy_with_logits", "binary_cross_entropy"):
            weight = torch.where(target > 0.5, self.weights[-1].to(target), self.weights[0].to(target))
            if "pos_weight" in kwargs:
                kwargs = {**kwargs, "pos_weight": None}
            return self._weighted(args, kwargs, weight)
        return args, kwargs

    def _weighted(self, args: Args, kwargs: Kwargs, weight: torch.Tensor) -> tuple[Args, Kwargs]:
        """`weight` is the third argument of all these losses: `nn.BCEWithLogitsLoss` gives it by its place."""
        if len(args) > 2:
            if args[2] is not None:
                return args, kwargs
            self.held()
            return (*args[:2], weight, *args[3:]), kwargs
        if kwargs.get("weight") is not None:
            return args, kwargs
        self.held()
        return args, {**kwargs, "weight": weight}


def make_scale_knob(fix: str, args: Mapping[str, Any]) -> Knob | None:
    """The knob of a fix that changes a scale, or None."""
    if fix == "scale-inputs":
        return ScaleInputs(list(args["mean"]), list(args["std"]))
    if fix == "scale-targets":
        targets = ScaleTargets(float(args["mean"]), float(args["std"]))
        return ScaleBoth(list(args["x_mean"]), list(args["x_std"]), targets) if "x_mean" in args else targets
    return WeighClasses(list(args["weights"])) if fix == "weight-classes" else None
