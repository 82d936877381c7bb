"""How loss, parameters and optimizers hang together: sets, read from the graph and the optimizers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..trace.events import (
    BackwardFailed,
    GraphCut,
    LossGraph,
    ModelSeen,
    ModeSeen,
    OptimizerSeen,
    ParamFacts,
    ParamSeen,
    RecurrentCall,
    Site,
)
from ..trace.reader import Trace

LATER = 4
"""Losses that must miss a weight before it counts as left behind."""


@dataclass(frozen=True)
class WiringSign:
    """R reached by the loss, O held by optimizers, M the models' parameters."""

    facts: dict[int, ParamFacts]
    in_model: frozenset[int]
    held: frozenset[int]
    graphs: tuple[LossGraph, ...]
    cuts: tuple[GraphCut, ...]
    models: tuple[ModelSeen, ...]
    modes: tuple[ModeSeen, ...]
    calls: tuple[RecurrentCall, ...]
    sites: dict[int, Site]
    failed: tuple[BackwardFailed, ...] = ()

    @cached_property
    def connected(self) -> tuple[LossGraph, ...]:
        return tuple(g for g in self.graphs if g.requires_grad)

    @cached_property
    def reached(self) -> frozenset[int]:
        """Every parameter that some loss reached."""
        return frozenset(i for g in self.connected for i in g.reached)

    @property
    def opaque(self) -> bool:
        """A graph that hides its leaves (checkpointing, compiled code): absence proves nothing."""
        return any(g.truncated for g in self.graphs)

    @cached_property
    def trainable(self) -> frozenset[int]:
        return frozenset(i for i, f in self.facts.items() if f.requires_grad)

    @cached_property
    def frozen(self) -> frozenset[int]:
        return frozenset(i for i in self.in_model if not self.facts[i].requires_grad)

    @cached_property
    def fell_away(self) -> frozenset[int]:
        """Reached by the first loss of a site, and by none of the later ones: frozen, or cut off, while the run was under
        way. Empty where losses reach now these and now those weights."""
        found: set[int] = set()
        by_site: dict[int, list[LossGraph]] = {}
        for graph in self.connected:
            by_site.setdefault(graph.site, []).append(graph)
        for graphs in by_site.values():
            later = graphs[1:]
            if len(later) < LATER or self.opaque:
                continue
            found |= frozenset(graphs[0].reached).difference(*(g.reached for g in later))
        return frozenset(found - {i for graphs in by_site.values() for g in graphs[1:] for i in g.reached})

    @cached_property
    def unheld(self) -> frozenset[int]:
        """Reached, trainable, and in no optimizer."""
        return (self.reached & self.trainable) - self.held

    @cached_property
    def stale(self) -> frozenset[int]:
        """Held by an optimizer, and never reached by a loss."""
        return self.held - self.reached

    @cached_property
    def unreached(self) -> frozenset[int]:
        """In a model, trainable, and never reached by a loss."""
        return (self.in_model & self.trainable) - self.reached

    def size(self, params: frozenset[int]) -> int:
        return sum(self.facts[i].numel for i in params if i in self.facts)

    def names(self, params: frozenset[int], most: int = 4) -> str:
        names = [self.facts[i].name for i in sorted(params) if i in self.facts]
        return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

    def site(self, index: int) -> Site | None:
        return self.sites.get(index)

    def where(self, what: str) -> Site | None:
        """The first place of this kind: loss, criterion, forward, clip, scheduler, recurrent."""
        return next((s for s in self.sites.values() if s.what == what), None)

    @property
    def recurrent_classes(self) -> tuple[str, ...]:
        return tuple(cls for m in self.models for _, cls, _ in m.modules if cls in ("LSTM", "GRU", "RNN"))


def measure_wiring(trace: Trace, training: int) -> WiringSign:
    facts: dict[int, ParamFacts] = {}
    in_model: set[int] = set()
    for model in trace.of(ModelSeen):
        for offset, fact in enumerate(model.params):
            facts[model.first_param + offset] = fact
            in_model.add(model.first_param + offset)
    for seen in trace.of(ParamSeen):
        facts[seen.param] = seen.facts
    graphs = tuple(g for g in trace.of(LossGraph) if g.training == training) or tuple(trace.of(LossGraph))
    table = trace.table("step")
    mine = table.column("training") == training
    numbers = set(table.column("optimizer")[mine].astype(int)) if len(table) else set()
    optimizers = [o for o in trace.of(OptimizerSeen) if not numbers or o.optimizer in numbers]
    held = {i for o in optimizers for g in o.groups for i in g.params}
    models = tuple(trace.of(ModelSeen))
    first, last = (table.column("step")[mine][[0, -1]]) if len(table) and mine.any() else (0.0, float("inf"))
    if len(table) and len(set(table.column("training"))) > 1:
        # Of several trainings one after the other, a model belongs to those that reach or hold a part of it.
        touched = held | {i for g in graphs for i in g.reached}
        models = tuple(m for m in models if touched & set(range(m.first_param, m.first_param + len(m.params)))) or models
        in_model = {i for m in models for i in range(m.first_param, m.first_param + len(m.params))}
    return WiringSign(
        facts, frozenset(in_model), frozenset(held), graphs,
        tuple(c for c in trace.of(GraphCut) if first <= c.step <= last), models,
        tuple(m for m in trace.of(ModeSeen) if first <= m.step <= last + 1),
        tuple(c for c in trace.of(RecurrentCall) if first <= c.step <= last + 1), {s.site: s for s in trace.of(Site)},
        tuple(f for f in trace.of(BackwardFailed) if f.training == training),
    )  # fmt: skip
