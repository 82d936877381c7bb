"""When to look closely: often at first, ever more rarely later, and never beyond the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns


class OwnTime:
    """How long lossdoctor itself has worked, in nanoseconds. Nested measurements are counted once."""

    __slots__ = ("_depth", "_started", "spent_ns", "start_ns")

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As at the beginning: in a fork, which is watched by itself."""
        self.start_ns = perf_counter_ns()
        self.spent_ns = 0
        self._depth = 0
        self._started = 0

    def enter(self) -> None:
        if self._depth == 0:
            self._started = perf_counter_ns()
        self._depth += 1

    def leave(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.spent_ns += perf_counter_ns() - self._started

    def working(self) -> bool:
        """Is the code that runs now ours?"""
        return self._depth > 0

    def add(self, nanoseconds: int) -> None:
        self.spent_ns += nanoseconds

    @property
    def spent(self) -> float:
        """Seconds spent by us so far."""
        return self.spent_ns * 1e-9

    @property
    def elapsed(self) -> float:
        """Seconds since the watching began."""
        return (perf_counter_ns() - self.start_ns) * 1e-9


SPARING = 0.1
"""Budgets up to this share are kept by letting whole iterations pass unmeasured."""

TIMED = 0.65
"""Share of a budget that our own clock may show: the frames around it, and caches gone cold, cost the rest (measured
by bench/overhead.py)."""


@dataclass
class Sampler:
    """Chooses the iterations that are looked into. `budget` is our allowed share of the run's time,
    `allowance` the seconds that starting up may cost on top, `growth` the spacing between samples."""

    budget: float
    allowance: float
    own: OwnTime
    growth: float = 1.15
    first: int = 3
    max_gap: int = 2000
    next_at: int = 0
    taken: int = 0
    _costs: list[float] = field(default_factory=list)
    on_skip: Callable[[], None] | None = None

    def wants(self, iteration: int) -> bool:
        """Shall this iteration be looked into? Costs a comparison in the common case."""
        if iteration < self.next_at:
            return False
        if iteration >= self.first:
            expected = max(self._costs[-4:], default=0.0)
            if not self.affords(expected):
                self.next_at = iteration + max(1, int(iteration * 0.02))
                return False
        self.taken += 1
        self.next_at = max(iteration + 1, min(int(iteration * self.growth) + 1, iteration + self.max_gap))
        return True

    def affords(self, seconds: float = 0.0, part: float = 1.0) -> bool:
        """Are we within this part of the budget, with `seconds` more spent?"""
        share = self.budget * (TIMED if self.budget <= SPARING else 1.0)
        return self.own.spent + seconds <= part * share * self.own.elapsed + self.allowance

    def cost(self, seconds: float) -> None:
        """What the last close look has cost."""
        self._costs.append(seconds)
        del self._costs[:-8]
