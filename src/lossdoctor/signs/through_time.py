"""Gradients and gates inside the recurrences, from the replays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ..trace.events import LayerSample, ModuleSample, Probed
from ..trace.reader import Trace
from .series import middle


@dataclass(frozen=True)
class ThroughTimeSign:
    """Replays by (module, layer, direction), oldest first; `modules` are samples of modules' outputs."""

    samples: tuple[LayerSample, ...]
    modules: tuple[ModuleSample, ...]
    dependence: Probed | None

    @cached_property
    def layers(self) -> dict[tuple[str, int, bool], tuple[LayerSample, ...]]:
        found: dict[tuple[str, int, bool], list[LayerSample]] = {}
        for sample in self.samples:
            if not sample.last_only:
                found.setdefault((sample.module, sample.layer, sample.reverse), []).append(sample)
        return {key: tuple(value) for key, value in found.items()}

    def early(self, count: int = 3) -> list[LayerSample]:
        """The first replays of each layer and direction: before training has changed much."""
        return [sample for layer in self.layers.values() for sample in layer[:count]]

    def late(self, count: int = 3) -> list[LayerSample]:
        return [sample for layer in self.layers.values() for sample in layer[-count:]]

    @cached_property
    def steps_seen(self) -> int:
        """Longest sequence that a recurrence worked through."""
        return max((s.time for s in self.samples), default=0)

    @cached_property
    def worst_growth(self) -> tuple[float, float, LayerSample] | None:
        """(factor a step, whole growth over the sequence as log10, sample) of the replay whose gradient
        grew most on its way back, among sequences of at least five steps."""
        best: tuple[float, float, LayerSample] | None = None
        for sample in self.samples:
            profile = [v for v in sample.log_dh if math.isfinite(v)]
            if sample.time < 5 or len(profile) < 5 or sample.growth is None or sample.last_only:
                continue
            whole = profile[0] - profile[-1]
            if best is None or whole > best[1]:
                best = (sample.growth, whole, sample)
        return best

    def horizon(self, last: bool = False) -> float:
        """Steps back at which the gradient has fallen to a thousandth, the farthest of all layers; the window's
        length if it never does. Where the loss enters at every step, by the replay of its last one alone."""
        pool = [s for s in self.samples if s.last_only] or [s for s in self.samples if not s.last_only]
        if not pool:
            return math.nan
        step = max(s.step for s in pool) if last else min(s.step for s in pool)
        reach = [float(s.time) if s.horizon is None or math.isinf(s.horizon) else s.horizon for s in pool if s.step == step]
        return max(reach, default=math.nan)

    def gate(self, name: str, position: int, late: bool = False) -> float:
        """Median over layers of one number of one gate: 0 mean, 1 deviation, 2 saturated, 3 stuck."""
        pool = self.late(1) if late else self.early(1)
        return middle([s.gates[name][position] for s in pool if name in s.gates])

    def saturated(self, late: bool = False) -> float:
        """Share of gate pre-activations with |a| > 4 (a slope below 0.018), worst layer."""
        pool = self.late(1) if late else self.early(1)
        shares = [sum(g[2] for g in s.gates.values()) / len(s.gates) for s in pool if s.gates]
        return max((s for s in shares if math.isfinite(s)), default=math.nan)

    def outputs_of(self, cls: str) -> list[ModuleSample]:
        return [m for m in self.modules if m.cls == cls]


def measure_through_time(trace: Trace, training: int) -> ThroughTimeSign:
    samples = [s for s in trace.of(LayerSample) if s.training == training]
    if samples and samples[0].step > 0 and all(s.module == "" for s in samples):
        samples = list(trace.of(LayerSample))
    dependence = next((p for p in trace.of(Probed) if p.probe == "dependence"), None)
    table = trace.table("step")
    mine = table.column("training") == training
    first, last = (table.column("step")[mine][[0, -1]]) if len(table) and mine.any() else (0.0, float("inf"))
    modules = tuple(m for m in trace.of(ModuleSample) if first <= m.step <= last + 1)
    return ThroughTimeSign(tuple(samples), modules, dependence)
