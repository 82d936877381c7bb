"""What becomes of a gradient between its backward pass and the update that uses it: used twice, cleared, turned round.

All on the device; the numbers are read when they are fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ...trace import events
from .params import norms_of

if TYPE_CHECKING:
    from .watcher import Watcher

EDGES = (2.0**-24, 2.0**-14, 1.0, 65520.0)
"""Least and least normal number of float16, one, and where it rounds to infinity."""


class GradientUses:
    """Samples of the gradients of the iteration that is looked into. `norms` are those after the backward pass,
    by parameter."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.norms: dict[int, torch.Tensor] = {}
        self._used: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        self._reuse: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._fresh: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._dropped: torch.Tensor | None = None

    def forget(self, number: int) -> None:
        self._used.pop(number, None)

    def look_back(self) -> None:
        """Is a gradient that an update has used already still there, unchanged? Then it is used again. And
        is what an earlier backward pass of this iteration gave gone before any update used it?"""
        self._reuse = {}
        for number, kept in self._used.items():
            pairs = [
                (thinned(param.grad), sample)
                for param, sample in kept
                if param.grad is not None and not param.grad.is_sparse
            ]
            pairs = [(now, sample) for now, sample in pairs if now.shape == sample.shape and now.device == sample.device]
            if pairs:
                change = sum(
                    ((now - sample).abs().sum() for now, sample in pairs[1:]), (pairs[0][0] - pairs[0][1]).abs().sum()
                )
                held = sum((sample.abs().sum() for _, sample in pairs[1:]), pairs[0][1].abs().sum())
                self._reuse[number] = (change, held)
        if self.watcher.iteration_backwards and self._fresh:
            left = [thinned(p.grad).abs().sum() for p, _ in self._fresh if dense_grad(p)]
            self._dropped = torch.stack(left).sum() if left else torch.zeros(())

    def after_backward(self) -> None:
        params = [(i, p) for i, p in self.watcher.book.params() if dense_grad(p)]
        norms = norms_of([p.grad for _, p in params])
        self.norms = dict(zip([i for i, _ in params], norms, strict=True))
        self._fresh = [(p, thinned(p.grad).clone()) for _, p in spread(params)]
        if self.watcher.casts_to_float16 or any(p.dtype is torch.float16 for _, p in params):
            self._sizes([p for i, p in params if i not in self.watcher.book.embeddings])

    def _sizes(self, params: list[torch.Tensor]) -> None:
        step, training = self.watcher.updates, self.watcher.training
        samples = [thinned(p.grad).float() for p in params]
        if not samples:
            return
        size = torch.cat(samples).abs()
        edges = torch.tensor(EDGES, device=size.device)
        places = torch.bucketize(size, edges, right=True) + (size > 0).long()
        counts = torch.bincount(torch.where(size.isfinite(), places, len(EDGES) + 1), minlength=len(EDGES) + 2).float()

        def deliver(values: Any) -> None:
            self.watcher.write(events.GradientSizes(step, training, tuple(float(v) for v in values)))

        self.watcher.fetch.put(counts / counts.sum(), deliver)

    def at_update(self, number: int, params: list[torch.Tensor]) -> None:
        """Fetched later: was the gradient used before, is it gone or turned round since the backward pass?"""
        now = [p.grad for p in params if dense_grad(p)]
        if len(now) < sum(p.grad is not None for p in params):
            return  # sparse gradients are not summed up, so nothing can be said of what is missing
        zero = torch.zeros(())
        at_update = torch.linalg.vector_norm(torch.stack([n.float() for n in norms_of(now)])) if now else zero
        # What the backward pass gave to this optimizer's own parameters: others' gradients are not its to use.
        given = [self.norms[i] for i in map(self.watcher.book.find, params) if i is not None and i in self.norms]
        after = torch.linalg.vector_norm(torch.stack([n.float() for n in given])) if given else zero
        same, old = self._reuse.get(number, (torch.ones(()), zero))
        turned = zero
        mine = {id(p) for p in params}
        fresh = [(p, sample) for p, sample in self._fresh if dense_grad(p) and id(p) in mine]
        if fresh:
            turned = sum((torch.dot(thinned(p.grad).float(), s.float()) for p, s in fresh[1:]),
                         torch.dot(thinned(fresh[0][0].grad).float(), fresh[0][1].float()))  # fmt: skip
        dropped = self._dropped if self._dropped is not None else torch.ones(())
        step, training = self.watcher.updates, self.watcher.training
        self._reuse, self._fresh, self._dropped = {}, [], None
        backward_seen = self.watcher.iteration_backwards > 0
        stacked = torch.stack([t.float().to(after.device) for t in (after, at_update, same, old, turned, dropped)])

        def deliver(values: Any) -> None:
            after_, at_, difference, held, turned_, left = (float(v) for v in values)
            self.watcher.write(
                events.GradientUse(
                    step, training, reused=held > 0 and difference == 0.0,
                    cleared=at_ == 0.0 and (after_ > 0 or not backward_seen), after_backward=after_, at_update=at_,
                    old=held, flipped=turned_ < 0, dropped=left == 0.0,
                )
            )  # fmt: skip

        self.watcher.fetch.put(stacked, deliver)

    def remember(self, number: int, params: list[torch.Tensor]) -> None:
        """Called at every update that precedes a sampled iteration: what this one has just used."""
        kept = spread([(0, p) for p in params if dense_grad(p)])
        self._used[number] = [(p, thinned(p.grad).clone()) for _, p in kept]


def thinned(grad: Any) -> torch.Tensor:
    """Up to 64 elements, evenly spread."""
    flat: torch.Tensor = grad.detach().reshape(-1)
    return flat[:: max(1, flat.numel() // 64)]


def spread(params: list[tuple[int, torch.Tensor]]) -> list[tuple[int, torch.Tensor]]:
    """The first, the middle and the last of them."""
    places = sorted({0, len(params) // 2, len(params) - 1}) if params else []
    return [params[i] for i in places]


def dense_grad(param: torch.Tensor) -> bool:
    grad = param.grad
    return grad is not None and not grad.is_sparse
