"""All signs of one training, measured when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from ..baselines.learner import Reference, reference
from ..trace.events import Birth, DataRead, Note, RunEnded, RunStarted
from ..trace.reader import Trace
from .arms import ArmSign
from .fed import FedSign, measure_fed
from .loss import LossSign, measure_loss
from .steps import StepSign, UpdateSign, measure_steps, measure_updates
from .through_time import ThroughTimeSign, measure_through_time
from .wiring import WiringSign, measure_wiring


@dataclass
class Signs:
    """The measures of training number `training` of a trace; `arms` are there once the panel was asked."""

    trace: Trace
    training: int = 0
    arms: tuple[ArmSign, ...] = ()
    births: tuple[Birth, ...] = ()
    panel_asked: bool = False
    _memo: dict[str, object] = field(default_factory=dict, repr=False)

    def memo(self, name: str, measure: Callable[[], object]) -> object:
        """A measure that is taken once; for those that live in files of their own."""
        if name not in self._memo:
            self._memo[name] = measure()
        return self._memo[name]

    @cached_property
    def loss(self) -> LossSign:
        return measure_loss(self.trace, self.training)

    @cached_property
    def step(self) -> StepSign:
        return measure_steps(self.trace, self.training)

    @cached_property
    def update(self) -> UpdateSign:
        return measure_updates(self.trace, self.training)

    @cached_property
    def wiring(self) -> WiringSign:
        return measure_wiring(self.trace, self.training)

    @cached_property
    def time(self) -> ThroughTimeSign:
        return measure_through_time(self.trace, self.training)

    @cached_property
    def fed(self) -> FedSign:
        return measure_fed(self.trace, self.training, self.loss.term)

    @cached_property
    def reference(self) -> Reference | None:
        """What a simple, sure learner gets from the same captured pairs."""
        return reference(self.fed.once, self.fed.is_classes)

    @cached_property
    def ended(self) -> RunEnded | None:
        return self.trace.last(RunEnded)

    @cached_property
    def started(self) -> RunStarted | None:
        return self.trace.first(RunStarted)

    @cached_property
    def data(self) -> DataRead | None:
        """What the batches were cut from, where they come from a data file and nothing was trained."""
        return self.trace.first(DataRead)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        return tuple(n.text for n in self.trace.of(Note))

    @property
    def updates(self) -> int:
        """Optimizer updates (or hand-made ones) of this training."""
        return self.step.count

    def arm(self, fix: str, **args: object) -> ArmSign | None:
        """The arm of this fix with these arguments."""
        for arm in self.arms:
            if arm.fix == fix and all(arm.args.get(k) == v for k, v in args.items()):
                return arm
        return None

    def best_arm(self, *fixes: str) -> ArmSign | None:
        """The arm with the highest skill among these fixes (among all, without)."""
        pool = [a for a in self.arms if (not fixes or a.fix in fixes) and a.took_hold and a.skill is not None]
        return max(pool, key=lambda a: a.skill if a.skill is not None else -9, default=None)
