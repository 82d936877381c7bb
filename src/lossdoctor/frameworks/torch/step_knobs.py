"""What-ifs about what a step is made of: smaller or larger batches, and terms of the loss weighed otherwise."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .knob import Args, Knob, Kwargs, outermost


class SplitBatch(Knob):
    """After each update of the script's, one more for each of `parts` parts of the same batch: so many smaller batches
    from the same pass over the data. Works where one call of one model and one loss function make the loss."""

    inputs_wanted = True

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self._models: list[nn.Module] = []
        self._calls: list[tuple[nn.Module, Args]] = []
        self._losses: list[tuple[str, Args, Kwargs]] = []
        self.note = "the loss is not made by one call of the model and one loss function"

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = outermost(models)

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if torch.is_grad_enabled() and any(module is model for model in self._models):
            self._calls.append((module, args))
        return None

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if torch.is_grad_enabled():
            self._losses.append((name, args, kwargs))
        return args, kwargs

    def after_step(self, opt: Any) -> None:
        calls, losses, self._calls, self._losses = self._calls, self._losses, [], []
        if len(calls) != 1 or len(losses) != 1 or self.guard is None or isinstance(opt, torch.optim.LBFGS):
            return
        (model, given), (name, args, kwargs) = calls[0], losses[0]
        x = next((a for a in given if isinstance(a, torch.Tensor)), None)
        if x is None or len(args) < 2 or not isinstance(args[1], torch.Tensor) or not args[1].dim() or x.dim() < 2:
            return
        answer, target = args[0], args[1]
        axis = next((a for a in (0, 1) if x.shape[a] and target.shape[0] == x.shape[a]), 0)
        rows = int(x.shape[axis])
        if rows < 2 or target.shape[0] % rows or answer.shape[0] % rows or (axis == 1 and target.shape[0] != rows):
            return
        each_y, each_p = target.shape[0] // rows, answer.shape[0] // rows
        off, self.guard.off = self.guard.off, True
        try:
            for part in torch.arange(rows).chunk(min(self.parts, rows)):
                low, size = int(part[0]), len(part)
                mine = tuple(_cut(a, rows, axis if a is x else 0, low, size) for a in given)
                with torch.enable_grad():
                    output = _as(_first(model(*mine)), answer, size * each_p)
                    if output is None:
                        self.note = "between the model and its loss something is done to the output"
                        return
                    wanted = target[low * each_y : (low + size) * each_y]
                    loss = getattr(nn.functional, name)(output, wanted, *args[2:], **kwargs)
                    opt.zero_grad()
                    loss.backward()
                opt.step()
            self.held()
        finally:
            self.guard.off = off


def _cut(value: Any, rows: int, axis: int, low: int, size: int) -> Any:
    if not isinstance(value, torch.Tensor) or value.dim() <= axis or value.shape[axis] != rows:
        return value
    return value.narrow(axis, low, size)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple | list) and output else output


def _as(output: Any, answer: torch.Tensor, rows: int) -> torch.Tensor | None:
    """The model's output in the shape in which the loss gets it; None where that is no matter of shape."""
    if not isinstance(output, torch.Tensor):
        return None
    shape = (rows, *answer.shape[1:])
    if tuple(output.shape) == shape:
        return output
    if output.dim() == 3 and tuple(output.transpose(1, 2).shape) == shape:
        return output.transpose(1, 2)
    return output.reshape(shape) if output.numel() == torch.Size(shape).numel() else None


class JoinBatches(Knob):
    """Only every `times`-th update is made, with the mean of the gradients since the last: so many batches in one."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self._count: dict[int, int] = {}
        self._sums: dict[int, dict[int, torch.Tensor]] = {}

    def before_step(self, opt: Any) -> None:
        if isinstance(opt, torch.optim.LBFGS):
            return
        sums = self._sums.setdefault(id(opt), {})
        params = [p for group in opt.param_groups for p in group["params"]]
        for param in params:
            if param.grad is not None and not param.grad.is_sparse:
                kept = sums.get(id(param))
                sums[id(param)] = param.grad.detach().clone() if kept is None else kept.add_(param.grad)
        count = self._count[id(opt)] = self._count.get(id(opt), 0) + 1
        for param in params:
            if count % self.times:
                param.grad = None
            elif id(param) in sums:
                param.grad = sums[id(param)] / self.times
        if not count % self.times:
            sums.clear()
            self.held()


class WeighTerm(Knob):
    """Of the loss, everything but its `keep`-th loss function counts `factor` times. `weight` is the factor with
    which that function's value enters the loss."""

    def __init__(self, keep: int, factor: float, weight: float) -> None:
        super().__init__()
        self.keep, self.factor, self.weight = keep, factor, weight
        self._seen: list[torch.Tensor] = []
        self.note = "the loss has no such term"

    def criterion_gave(self, name: str, result: Any) -> None:
        if torch.is_grad_enabled() and isinstance(result, torch.Tensor) and result.requires_grad and result.numel() == 1:
            self._seen.append(result)

    def backward(self, args: Args) -> Args:
        """Arguments of autograd's engine: (losses, their gradients, ...)."""
        seen, self._seen = self._seen, []
        if len(args) < 2 or not isinstance(args[0], tuple) or len(args[0]) != 1 or self.keep >= len(seen):
            return args
        loss, grad = args[0][0], args[1][0]
        term = seen[self.keep]
        if grad is None or loss.numel() != 1 or not loss.requires_grad:
            return args
        self.held()
        kept = (grad * ((1 - self.factor) * self.weight)).to(term.dtype).reshape(term.shape)
        return ((loss, term), (grad * self.factor, kept), *args[2:])


def make_step_knob(fix: str, args: Any) -> Knob | None:
    """The knob of a fix that changes what a step is made of, or None."""
    if fix == "set-batch":
        return JoinBatches(int(args["times"])) if "times" in args else SplitBatch(int(args["parts"]))
    if fix == "weigh-loss-term":
        return WeighTerm(int(args.get("keep", 0)), float(args["factor"]), float(args.get("weight", 1.0)))
    return None
