"""The optimizers of a run: what they step, and which of them belong to one training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ...trace import events
from .params import sub_parameters

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_TENSORS = 120


class Optimizers:
    """Numbered in the order in which they first step."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._numbers: dict[int, int] = {}
        self._params: dict[int, tuple[int, list[torch.Tensor], list[int]]] = {}
        self._trainings: dict[int, int] = {}
        self._last_seen: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._numbers)

    def known(self, opt: Any) -> int | None:
        return self._numbers.get(id(opt))

    def params(self, number: int) -> list[torch.Tensor]:
        return self._params[number][1]

    def indices(self, number: int) -> list[int]:
        """Run-wide indices of its parameters."""
        return self._params[number][2]

    def held(self) -> set[int]:
        """The ids of all parameters that one of them steps."""
        return {id(p) for _, params, _ in self._params.values() for p in params}

    def training(self, number: int) -> int:
        return self._trainings.get(number, 0)

    def stepped(self, number: int) -> None:
        self._last_seen[number] = self.watcher.updates

    def clear(self) -> None:
        """What the script has let go of is not kept alive."""
        self._params.clear()

    def number_of(self, opt: Any) -> int:
        """An optimizer that is new, or has more parameters than before, is written down."""
        watcher = self.watcher
        number = self._numbers.get(id(opt))
        groups = opt.param_groups
        count = sum(len(g["params"]) for g in groups)
        if number is not None and self._params[number][0] == count:
            return number
        new = number is None
        number = self._numbers.setdefault(id(opt), len(self._numbers))
        params = sub_parameters(groups)[:MAX_TENSORS]
        self._params[number] = (count, params, watcher.name_params(params, "parameter"))
        if new:
            self._begin_training(number)
        watcher.write(
            events.OptimizerSeen(
                watcher.updates, number, type(opt).__name__, tuple(self._group(g) for g in groups),
                type(opt).__module__, 0,
            )
        )  # fmt: skip
        return number

    def _group(self, group: dict[str, Any]) -> events.GroupFacts:
        def number(key: str) -> float | None:
            value = group.get(key)
            return float(value) if isinstance(value, int | float) else None

        params = [p for p in group["params"] if isinstance(p, torch.Tensor)][:MAX_TENSORS]
        betas = group.get("betas") or ()
        return events.GroupFacts(
            lr=number("lr") or 0.0, momentum=number("momentum"), weight_decay=number("weight_decay"),
            betas=tuple(float(b) for b in betas if isinstance(b, int | float)), eps=number("eps"),
            maximize=bool(group.get("maximize", False)), params=tuple(self.watcher.name_params(params, "parameter")),
        )  # fmt: skip

    def _begin_training(self, number: int) -> None:
        """A new optimizer begins a new training, unless it takes turns with one that is at work."""
        if not self._trainings:
            self._trainings[number] = 0
            return
        recent = [n for n, last in self._last_seen.items() if self.watcher.updates - last <= 2]
        mine = {id(p) for p in self._params[number][1]}
        early = self.watcher.updates <= 6 * len(self._trainings)
        if early and recent and not any(mine & {id(p) for p in self._params[n][1]} for n in recent):
            self._trainings[number] = self._trainings[recent[-1]]
            return
        self._trainings[number] = max(self._trainings.values()) + 1
        self.watcher.batches.new_training()


def plain_lr(opt: Any) -> float:
    """The rate of the first group; NaN where it is no plain number."""
    lr = opt.param_groups[0].get("lr")
    return float(lr) if isinstance(lr, int | float) else float("nan")
