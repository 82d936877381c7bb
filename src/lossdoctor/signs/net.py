"""The net and its steps as they were built: dropout, widths, depths, precision, rows of a batch, terms of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..trace.events import AutocastSeen, DropoutSeen, GradientSizes, LossTerm, WeightsLoaded
from .series import Floats, middle, smooth

if TYPE_CHECKING:
    from .chart import Signs

HALF = frozenset({"float16", "bfloat16"})


def dropouts(signs: Signs) -> tuple[DropoutSeen, ...]:
    """Noise at work in training passes, the strongest first."""
    return tuple(sorted(signs.trace.of(DropoutSeen), key=lambda d: -d.p))


def skill_without_noise(signs: Signs) -> float | None:
    """Skill of the trained weights on a training batch, with dropout switched off; None where it was not probed."""
    from ..trace.events import Probed

    probe = next((p for p in signs.trace.of(Probed) if p.probe == "without-noise"), None)
    return signs.loss.skill_of(probe.numbers["loss"]) if probe is not None and probe.ok else None


def hidden_sizes(signs: Signs) -> tuple[int, ...]:
    """Units of each recurrent layer that ran."""
    return tuple(sorted({c.hidden for c in signs.wiring.calls if c.hidden > 0}))


def recurrent_layers(signs: Signs) -> int:
    """Recurrent layers on top of each other, as they are called in one pass."""
    layers: dict[str, int] = {}
    for call in signs.wiring.calls:
        if not call.cell.endswith("cell"):
            layers[call.module] = max(layers.get(call.module, 0), call.layers)
    return sum(layers.values())


def precision(signs: Signs) -> tuple[str, ...]:
    """Half-precision types of trainable parameters."""
    return tuple(sorted({f.dtype for f in signs.wiring.facts.values() if f.requires_grad and f.dtype in HALF}))


def autocast(signs: Signs) -> tuple[str, ...]:
    return tuple(sorted({a.dtype for a in signs.trace.of(AutocastSeen) if a.dtype in HALF}))


def weights_loaded(signs: Signs) -> int | None:
    """Update after which the model was last given other weights; None where it never was."""
    return max((w.step for w in signs.trace.of(WeightsLoaded)), default=None)


def rows(signs: Signs) -> int | None:
    """Samples of a training batch (the usual one), by the axis along which the loss pairs them."""
    term = signs.loss.term
    if term is None or not term.target_shape:
        return None
    shapes = [c.input_shape for c in signs.wiring.calls if len(c.input_shape) >= 2 and not c.packed]
    if shapes and term.target_shape[0] not in shapes[0][:2]:
        call = next(c for c in signs.wiring.calls if c.input_shape == shapes[0])
        return int(shapes[0][0] if call.batch_first or len(shapes[0]) == 2 else shapes[0][1])
    return int(term.target_shape[0])


@dataclass(frozen=True, slots=True)
class TermCourse:
    """One loss function of a loss that has several parts. `ordinal`: its place among those called in a pass; `weight`:
    with which its value enters the loss; `share` of the loss at the start; `skill` at the end against its own best
    constant (None: it has none)."""

    ordinal: int
    fn: str
    weight: float
    share: float
    skill: float | None


@dataclass(frozen=True, slots=True)
class Composition:
    """What a loss is made of. `rest`: share of the loss at the start that no loss function of torch has computed
    (penalties written by hand), 0 where there is none."""

    terms: tuple[TermCourse, ...]
    rest: float
    rest_end: float


def composition(signs: Signs) -> Composition | None:
    """None where no loss function was recognised, or the loss is that function's value (but for a factor)."""
    found = signs.memo("composition", lambda: _composition(signs))
    return found if isinstance(found, Composition) else None


def _composition(signs: Signs) -> Composition | None:
    table = signs.trace.table("loss")
    if not len(table):
        return None
    kind, training = table.column("held_back"), table.column("training")
    mine = ((kind == 0) | (kind == 2)) & (training == signs.training)
    steps, value, criterion = (table.column(c)[mine] for c in ("step", "value", "criterion"))
    number, count = table.column("term")[mine], table.column("count")[mine]
    terms = {t.term: t for t in signs.trace.of(LossTerm) if not t.held_back and not t.by_hand}
    order = [int(t) for t in dict.fromkeys(number[steps == steps.min()].tolist()) if int(t) in terms] if steps.size else []
    if not order or len(order) > 4:
        return None
    columns: list[Floats] = []
    common: set[float] | None = None
    for t in order:
        here = set(steps[(number == t) & np.isfinite(criterion) & np.isfinite(value)].tolist())
        common = here if common is None else common & here
    wanted = np.array(sorted(common or ()))
    if wanted.size < 10:
        return None

    def column(t: int, what: Floats) -> Floats:
        use = number == t
        place = {float(s): i for i, s in enumerate(steps[use])}
        return np.array([what[use][place[float(s)]] for s in wanted])

    total = column(order[0], value)
    for t in order:
        scale = column(t, count) if terms[t].reduction == "sum" else np.ones(wanted.size)
        columns.append(column(t, criterion) * scale)
    matrix = np.stack(columns, axis=1)
    weights: Floats = np.ones(len(order))
    size = float(np.abs(total).mean())
    if size <= 0:
        return None
    if not np.allclose(matrix.sum(1), total, rtol=1e-3, atol=1e-3 * size):
        fitted, *_ = np.linalg.lstsq(matrix, total, rcond=None)
        if np.abs(matrix @ fitted - total).mean() < 2e-3 * size:
            weights = np.asarray(fitted, dtype=np.float64)
    parts = matrix * weights
    first = slice(0, max(3, wanted.size // 20))
    end = slice(-max(3, wanted.size // 5), None)
    rest = total - parts.sum(1)
    start = max(1e-12, float(np.abs(total[first]).mean()))
    share = float(np.abs(rest[first]).mean()) / max(start, float(np.abs(parts[first]).sum(1).mean()))
    if share < 0.02:
        share = 0.0
    last = max(1e-12, float(np.abs(total[end]).mean()))
    if len(order) == 1 and (share == 0.0 or weights[0] != 1.0):
        return None
    shares = [float(parts[first, i].mean()) / start for i in range(len(order))]
    courses = tuple(
        TermCourse(i, terms[t].fn, float(weights[i]), shares[i], _skill(signs, terms[t], matrix[:, i]))
        for i, t in enumerate(order)
    )
    return Composition(courses, share, float(np.abs(rest[end]).mean()) / last)


def _skill(signs: Signs, term: LossTerm, course: Floats) -> float | None:
    from .loss import _constant

    constant = _constant(signs.trace, term, False)
    if constant is None or constant.loss <= constant.floor or term.reduction == "sum":
        return None
    end = float(smooth(course, max(1, len(course) // 12))[-1])
    return 1 - (end - constant.floor) / (constant.loss - constant.floor) if math.isfinite(end) else None


MOSTLY_LOST = 0.5
"""Share of lost elements above which no patience helps: most of the net stands still."""


@dataclass(frozen=True, slots=True)
class GradientRange:
    """Medians over the sampled steps of gradients that went through float16: the share of elements that are 0, and of the others
    the share of those below 2**-14, which float16 holds with fewer bits or not at all."""

    zero: float
    small: float


def gradient_range(signs: Signs) -> GradientRange | None:
    """None where no gradient went through float16."""
    found = [e.shares for e in signs.trace.of(GradientSizes) if e.training == signs.training and len(e.shares) == 6]
    if not found:
        return None
    shares = np.median(np.array(found), axis=0)
    rest = float(shares[1:].sum())
    return GradientRange(float(shares[0]), float(shares[1] + shares[2]) / rest if rest > 0 else 1.0)


def lost_updates(signs: Signs) -> float | None:
    """Share of the elements of half-precision weights that an update leaves bit for bit as they were, although
    it has a gradient; the median over the sampled updates of all tensors. None where nothing is in half."""
    update = signs.update
    wanted = [
        i for i, f in signs.wiring.facts.items()
        if f.dtype in HALF and f.requires_grad and f.role not in ("embedding", "norm") and f.numel > 1
    ]  # fmt: skip
    use = np.isin(update.param, wanted) & (update.grad_norm > 0) & np.isfinite(update.changed)
    return 1 - middle(update.changed[use]) if use.any() else None
