"""Knobs on how the weights are stepped: the rate, decay, clipping, another optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .knob import Args, Knob, Kwargs


class ScaleRate(Knob):
    """Every learning rate times `factor`, while the script and its schedulers see their own."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self._saved: dict[int, list[Any]] = {}

    def before_step(self, opt: Any) -> None:
        self._saved[id(opt)] = [group["lr"] for group in opt.param_groups]
        for group in opt.param_groups:
            group["lr"] = group["lr"] * self.factor
        self.held()

    def after_step(self, opt: Any) -> None:
        for group, lr in zip(opt.param_groups, self._saved.pop(id(opt), []), strict=False):
            group["lr"] = lr


class HoldRate(Knob):
    """Every learning rate stays where the first update found it (or at its largest so far, for a warm-up)."""

    def __init__(self) -> None:
        super().__init__()
        self._best: dict[int, list[float]] = {}
        self._saved: dict[int, list[Any]] = {}

    def before_step(self, opt: Any) -> None:
        now = [group["lr"] for group in opt.param_groups]
        best = self._best.setdefault(id(opt), [float(lr) for lr in now])
        self._saved[id(opt)] = now
        for index, group in enumerate(opt.param_groups):
            best[index] = max(best[index], float(now[index]))
            if float(now[index]) != best[index]:
                group["lr"] = best[index]
                self.held()
        if not self.took_hold:
            self.note = "the rate never fell"

    def after_step(self, opt: Any) -> None:
        for group, lr in zip(opt.param_groups, self._saved.pop(id(opt), []), strict=False):
            group["lr"] = lr


class SetDecay(Knob):
    """Another weight decay."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def before_step(self, opt: Any) -> None:
        for group in opt.param_groups:
            if group.get("weight_decay", self.value) != self.value:
                group["weight_decay"] = self.value
                self.held()


class Unclipped(Knob):
    """The script's own clipping does nothing: neither torch's functions, nor a scaling down by hand of what
    the backward pass has left."""

    def __init__(self, by_hand: bool = False) -> None:
        super().__init__()
        self.by_hand = by_hand
        self._models: list[nn.Module] = []
        self._norm = 0.0

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = models

    def _grads(self) -> list[torch.Tensor]:
        params = {id(p): p for model in self._models for p in model.parameters()}
        return [p.grad for p in params.values() if p.grad is not None and not p.grad.is_sparse]

    def after_backward(self) -> None:
        grads = self._grads() if self.by_hand else []
        if grads:
            self._norm = float(torch.stack(torch._foreach_norm(grads)).norm())

    def before_step(self, opt: Any) -> None:
        grads = self._grads() if self.by_hand else []
        if grads:
            now = float(torch.stack(torch._foreach_norm(grads)).norm())
            if 0 < now < 0.999 * self._norm:
                torch._foreach_mul_(grads, self._norm / now)
                self.held()

    def clip(self, how: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        self.held()
        key = "max_norm" if how == "clip_grad_norm_" else "clip_value"
        if args:
            return (float("inf"), *args[1:]), kwargs
        return args, {**kwargs, key: float("inf")}


class AddClip(Knob):
    """Clip the gradient's norm over all of an optimizer's parameters before each of its steps."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def before_step(self, opt: Any) -> None:
        grads = [p.grad for g in opt.param_groups for p in g["params"] if p.grad is not None and not p.grad.is_sparse]
        if not grads:
            return
        total = torch.linalg.vector_norm(torch.stack([n.double() for n in torch._foreach_norm(grads)]))
        if not bool(torch.isfinite(total)):
            for grad in grads:
                grad.zero_()
            self.held()
        elif float(total) > self.limit:
            torch._foreach_mul_(grads, float(self.limit / (total + 1e-12)))
            self.held()


class SwapOptimizer(Knob):
    """Step with Adam instead of the script's optimizer; its rate is Adam's usual one unless given."""

    def __init__(self, lr: float = 1e-3) -> None:
        super().__init__()
        self.lr = lr
        self._shadow: dict[int, torch.optim.Optimizer] = {}
        self._kept: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}

    def before_step(self, opt: Any) -> None:
        if isinstance(opt, torch.optim.LBFGS) or any(opt is shadow for shadow in self._shadow.values()):
            return
        self._kept[id(opt)] = [(p, p.detach().clone()) for g in opt.param_groups for p in g["params"]]

    def after_step(self, opt: Any) -> None:
        kept = self._kept.pop(id(opt), None)
        if kept is None:
            return
        shadow = self._shadow.get(id(opt))
        if shadow is None:
            shadow = self._shadow[id(opt)] = torch.optim.Adam([p for p, _ in kept], lr=self.lr)
        with torch.no_grad():
            for param, before in kept:
                param.copy_(before)
        type(shadow).step.__wrapped__(shadow) if hasattr(type(shadow).step, "__wrapped__") else shadow.step()
        self.held()


def make_optimizer_knob(fix: str, args: Mapping[str, Any]) -> Knob | None:
    """The knob of a fix that changes the steps of the optimizer, or None."""
    if fix in ("lower-lr", "raise-lr"):
        return ScaleRate(float(args.get("factor", 0.1 if fix == "lower-lr" else 10.0)))
    if fix == "drop-scheduler":
        return HoldRate()
    if fix == "set-weight-decay":
        return SetDecay(float(args.get("value", 0.0)))
    if fix == "loosen-clip":
        return Unclipped(by_hand=bool(args.get("by_hand", False)))
    if fix == "add-clip":
        return AddClip(float(args["max_norm"]))
    return SwapOptimizer(float(args.get("lr", 1e-3))) if fix == "swap-optimizer" else None
