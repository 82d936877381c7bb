"""How far an update moves each tensor, and in which direction: from copies taken before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ...trace.events import TENSOR_COLUMNS
from ...trace.writer import TraceWriter
from .gradients import dense_grad

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_COPIED = 4_000_000
"""Elements that may be copied for one look."""


class Moves:
    """The update of the iteration that is looked into."""

    def __init__(self, watcher: Watcher, writer: TraceWriter) -> None:
        self.watcher = watcher
        self._copies: list[tuple[int, torch.Tensor, torch.Tensor]] = []
        self._kept_grads: dict[int, torch.Tensor] = {}
        self.write_to(writer)

    def __bool__(self) -> bool:
        return bool(self._copies)

    def write_to(self, writer: TraceWriter) -> None:
        self.rows = writer.table("tensor", TENSOR_COLUMNS)

    def copy_with_gradients(self, params: list[torch.Tensor]) -> None:
        """Where no optimizer is used: the script may zero its gradients before the update is measured."""
        self.copy(params)
        self._kept_grads = {
            i: p.grad.detach().clone() for i, p, _ in self._copies if dense_grad(p) and p.grad is not None
        }

    def copy(self, params: list[torch.Tensor]) -> None:
        self._copies = []
        room = MAX_COPIED
        for param in params:
            index = self.watcher.book.find(param)
            if index is None or param.numel() > room or param.is_sparse:
                continue
            room -= param.numel()
            self._copies.append((index, param, param.detach().clone()))

    def measure(self) -> None:
        copies, self._copies = self._copies, []
        kept, self._kept_grads = self._kept_grads, {}
        step, training = self.watcher.updates, self.watcher.training
        befores = [before for _, _, before in copies]
        afters = [param.detach() for _, param, _ in copies]
        if not befores:
            return
        deltas = torch._foreach_sub(afters, befores)
        update = torch._foreach_norm(deltas)
        weight = torch._foreach_norm(befores)
        gradients = self.watcher.gradients
        after_norms, gradients.norms = gradients.norms, {}
        nothing = torch.full((), float("nan"))
        parts: list[torch.Tensor] = []
        for (index, param, _), delta in zip(copies, deltas, strict=True):
            grad = kept.get(index, param.grad)
            device = delta.device
            here = nothing.to(device)
            if grad is not None and not grad.is_sparse:
                scale = grad.abs().max().clamp_min(1e-30)
                grad_norm = torch.linalg.vector_norm((grad / scale).float()) * scale
                cosine = -(delta.float() * (grad / scale).float()).sum() / (
                    torch.linalg.vector_norm(delta.float()) * torch.linalg.vector_norm((grad / scale).float())
                ).clamp_min(1e-30)
            else:
                grad_norm, cosine = here, here
            changed = (delta != 0).float().mean()
            parts.extend([grad_norm.float(), after_norms.get(index, here).float(), cosine.float(), changed])
        stacked = torch.stack([t.float() for t in update] + [t.float() for t in weight] + parts)
        indices = [index for index, _, _ in copies]
        rows = self.rows

        def deliver(values: Any) -> None:
            n = len(indices)
            for k, index in enumerate(indices):
                grad, after, cosine, changed = values[2 * n + 4 * k : 2 * n + 4 * k + 4]
                rows.append([step, training, index, grad, after, values[k], values[n + k], cosine, changed])

        self.watcher.fetch.put(stacked, deliver)
