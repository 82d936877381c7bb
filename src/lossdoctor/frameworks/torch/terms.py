"""Loss functions as they are called: their values, their targets, and which of them a backward pass used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ...trace import events
from .graph import Walk

if TYPE_CHECKING:
    from .watcher import Watcher

NAN = float("nan")
MAX_TERMS = 40


class Terms:
    """The loss terms of the current iteration."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._known: dict[tuple[Any, ...], int] = {}
        self._open: list[tuple[int, torch.Tensor, float]] = []
        self.by_hand: int | None = None
        self.call_of: dict[int, tuple[str, tuple[Any, ...], dict[str, Any]]] = {}

    def called(self, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: torch.Tensor) -> None:
        """A loss function of torch.nn.functional returned `result` for (input, target)."""
        given = args[0] if args else kwargs.get("input")
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if not isinstance(given, torch.Tensor) or not isinstance(target, torch.Tensor):
            return
        watcher = self.watcher
        held_back = not torch.is_grad_enabled()
        training = not held_back and result.requires_grad
        site = watcher.site("criterion")
        key = (fn, site, held_back)
        term = self._known.get(key)
        if term is None:
            if len(self._known) >= MAX_TERMS:
                return
            term = self._known[key] = len(self._known)
            watcher.write(describe(watcher.updates, term, fn, args, kwargs, given, target, site, held_back))
        if not held_back:
            self.call_of[term] = (fn, args[2:], {k: v for k, v in kwargs.items() if k not in ("input", "target")})
        value, count = per_element(fn, given, target, args, kwargs, result)
        if held_back:
            watcher.fetch.put(value, self._deliver_held_back(term, site, count))
            watcher.batches.saw_held_back(term, given, target)
            return
        if not training:
            # The loss is asked for with gradients on but none flows: the backward pass will say more.
            watcher.batches.saw_pair(term, given, target)
        self._open.append((term, value, count))
        watcher.batches.saw_pair(term, given, target)

    def _deliver_held_back(self, term: int, site: int, count: float) -> Any:
        watcher = self.watcher
        head = (watcher.updates, watcher.own.elapsed, watcher.training)

        def deliver(values: Any) -> None:
            watcher.loss_row(*head, 1, NAN, values[0], count, site, term)

        return deliver

    def backward(self, value: torch.Tensor, site: int, training: int) -> None:
        """A backward pass begins from `value`: the loss functions called since the last one made it."""
        watcher = self.watcher
        opened, self._open = self._open, []
        head = (watcher.updates, watcher.own.elapsed, training)
        if not opened:
            term = -1 if self.by_hand is None else self.by_hand
            watcher.fetch.put(value, lambda v: watcher.loss_row(*head, 0, v[0], NAN, 1, site, term))
            return
        by_term: dict[int, list[tuple[torch.Tensor, float]]] = {}
        for term, result, count in opened:
            by_term.setdefault(term, []).append((result, count))
        for position, (term, results) in enumerate(by_term.items()):
            mean = results[0][0] if len(results) == 1 else torch.stack([r.float() for r, _ in results]).mean()
            count = sum(c for _, c in results)
            kind = 0 if position == 0 else 2
            watcher.fetch.put(
                (value, mean),
                lambda v, kind=kind, count=count, term=term: watcher.loss_row(  # type: ignore[misc]
                    *head, kind, v[0], v[1], count, site, term
                ),
            )

    def from_graph(self, found: Walk, loss: torch.Tensor, site: int) -> None:
        """A loss written by hand: what it compares is read from what its graph has saved."""
        if self.watcher.last_output is None or found.criterion_op.endswith("LossBackward"):
            return
        if any(known[1] != "hand" and not known[2] for known in self._known):
            return
        output = self.watcher.last_output
        fn, given, target = "", output, None
        if found.difference is not None:
            fn = "squared_error" if found.difference_op == "PowBackward" else "absolute_error"
            difference = found.difference
            if output.numel() == difference.numel():
                given = output.reshape(difference.shape)
                target = given - difference
            elif difference.dim() == 2 and output.numel() == difference.shape[0] == difference.shape[1]:
                given = output.reshape(-1)
                target = given[0] - difference[0] if output.dim() == 2 else given - difference[:, 0]
        elif found.picked and output.dim() == 2:
            fn = "picked_log_probability"
            target = found.picked[-1].reshape(-1)
            if target.numel() != output.shape[0]:
                return
        if target is None:
            return
        if self.by_hand is None:
            self.by_hand = self._known[(fn, "hand", False)] = len(self._known)
            self.watcher.write(
                events.LossTerm(
                    self.watcher.updates, self.by_hand, fn, tuple(given.shape), tuple(target.shape), str(target.dtype),
                    site, by_hand=True,
                )
            )  # fmt: skip
        self.watcher.batches.saw_pair(self.by_hand, given, target)

    def iteration_ended(self) -> None:
        self._open.clear()


def describe(
    step: int, term: int, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], given: torch.Tensor,
    target: torch.Tensor, site: int, held_back: bool,
) -> events.LossTerm:  # fmt: skip
    weight = kwargs.get("weight", args[2] if len(args) > 2 else None)
    pos = kwargs.get("pos_weight")
    return events.LossTerm(
        step=step, term=term, fn=fn, input_shape=tuple(given.shape), target_shape=tuple(target.shape),
        target_dtype=str(target.dtype).removeprefix("torch."), site=site, reduction=str(kwargs.get("reduction", "mean")),
        ignore_index=kwargs.get("ignore_index"), weighted=isinstance(weight, torch.Tensor),
        pos_weight=_numbers(pos), class_weight=_numbers(weight),
        label_smoothing=float(kwargs.get("label_smoothing", 0.0) or 0.0), held_back=held_back,
        beta=float(kwargs.get("beta", kwargs.get("delta", 1.0)) or 1.0),
    )  # fmt: skip


def _numbers(tensor: Any) -> tuple[float, ...]:
    """Weights of at most 64 classes. Read once per place of call, at its first sight."""
    if not isinstance(tensor, torch.Tensor) or tensor.numel() > 64:
        return ()
    return tuple(float(v) for v in tensor.detach().reshape(-1).cpu().numpy())


def per_element(
    fn: str, given: torch.Tensor, target: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any], result: torch.Tensor
) -> tuple[torch.Tensor, float]:  # fmt: skip
    """The loss as a mean over its elements, whatever the reduction, and the number of elements."""
    if fn in ("cross_entropy", "nll_loss"):
        count = float(given.numel() // given.shape[1]) if given.dim() > 1 else 1.0
    else:
        count = float(max(given.numel(), target.numel()))
    detached = result.detach()
    if detached.numel() > 1:
        return detached.float().mean(), count
    if kwargs.get("reduction", "mean") == "sum" and count:
        return detached.float() / count, count
    return detached.clone(), count
