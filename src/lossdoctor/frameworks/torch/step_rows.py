"""A row for every update: its rate, the norm of its gradient, and how the script clipped and scheduled it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...trace import events
from ...trace.events import STEP_COLUMNS
from ...trace.writer import TraceWriter
from .gradients import dense_grad
from .optimizers import MAX_TENSORS
from .params import norms_of

if TYPE_CHECKING:
    from .watcher import Watcher


class StepRows:
    """The trace's table of steps."""

    def __init__(self, watcher: Watcher, writer: TraceWriter) -> None:
        self.watcher = watcher
        self._rows = writer.table("step", STEP_COLUMNS)
        self._clip: tuple[float, torch.Tensor | None] | None = None
        self._clip_seen: set[tuple[str, int]] = set()
        self._schedulers: dict[int, int] = {}
        self._held_norms: list[torch.Tensor] = []

    def write_to(self, writer: TraceWriter) -> None:
        """From now on, in a fork."""
        self._rows = writer.table("step", STEP_COLUMNS)

    def add(self, number: int, lr: float, norms: list[torch.Tensor], without: int) -> None:
        """One update of the optimizer of this number, with the norms of its gradients; `without` counts parameters that have none."""
        watcher = self.watcher
        limit, total = self._clip if self._clip is not None else (float("nan"), None)
        self._clip = None
        head = [float(watcher.updates), watcher.own.elapsed, float(watcher.optimizers.training(number)), float(number), lr]
        tail = [float(watcher.iteration_backwards), float(without), float(watcher.batches.count)]
        rows = self._rows
        if not norms:
            rows.append([*head, 0.0 if without else float("nan"), limit, float("nan"), *tail])
            return
        clipped = total is not None

        def deliver(values: Any) -> None:
            own = values[:-1] if clipped else values
            rows.append([*head, float(np.sqrt(own @ own)), limit, float(values[-1]) if clipped else float("nan"), *tail])

        watcher.fetch.put([*norms, total] if total is not None else norms, deliver)

    def hold(self) -> None:
        """The gradients of a backward pass that no optimizer may ever use: by the next one we know."""
        params = [p for _, p in self.watcher.book.params() if dense_grad(p)][:MAX_TENSORS]
        self._held_norms = norms_of([p.grad for p in params])

    def add_held(self) -> None:
        norms, self._held_norms = self._held_norms, []
        if norms:
            self.add(-1, float("nan"), norms, 0)

    def let_go(self) -> None:
        """An optimizer has used the gradients that were held."""
        self._held_norms = []

    def on_clip(self, how: str, args: Any, kwargs: Any, result: Any) -> None:
        limit = args[0] if args else kwargs.get("max_norm", kwargs.get("clip_value"))
        if not isinstance(limit, int | float):
            return
        total = result.detach().clone() if isinstance(result, torch.Tensor) else None
        self._clip = (float(limit), total)
        watcher = self.watcher
        site = watcher.site("clip")
        if (how, site) not in self._clip_seen:
            self._clip_seen.add((how, site))
            watcher.write(
                events.ClipSeen(
                    watcher.updates, how, float(limit), site,
                    after_step=watcher.updates > 0 and watcher.iteration_backwards == 0, before_backward=watcher.backwards == 0,
                )
            )  # fmt: skip

    def on_scheduler(self, scheduler: Any) -> None:
        count = self._schedulers[id(scheduler)] = self._schedulers.get(id(scheduler), 0) + 1
        watcher = self.watcher
        if count in (1, 2, 3, 10, 30, 100, 300, 1000, 3000, 10000) and watcher.updates:
            watcher.write(
                events.SchedulerSeen(
                    watcher.updates, type(scheduler).__name__, count, watcher.site("scheduler"), describe_scheduler(scheduler)
                )
            )


def describe_scheduler(scheduler: Any) -> str:
    keys = ("step_size", "gamma", "T_max", "eta_min", "milestones", "total_steps", "patience", "factor", "max_lr", "T_0")
    found = {key: getattr(scheduler, key, None) for key in keys}
    return ", ".join(f"{key}={value}" for key, value in found.items() if isinstance(value, int | float))
