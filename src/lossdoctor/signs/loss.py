"""The loss as a curve, as skill, and what it did: the measure that every verdict rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..baselines.constant import ABSOLUTE_LOSSES, SQUARED_LOSSES, Constant, best_constant, known_constant
from ..trace.events import BatchSaved, DataRead, LossTerm, OptimizerSeen, Site, WeightsLoaded
from ..trace.reader import Trace
from .series import Floats, middle, smooth, trend, window_for

TREND_POINTS = 60
"""Losses that a trend is looked for in, where half of the run has so many."""


@dataclass(frozen=True)
class LossSign:
    """Loss of one training. `per_element` is comparable with `constant.loss`; where no loss function was
    recognised it is the raw value, `constant` is None, and skill is measured against the start instead
    (`relative` is then True; `started` is that of the run of which this is a later part)."""

    steps: Floats
    seconds: Floats
    value: Floats
    per_element: Floats
    term: LossTerm | None
    constant: Constant | None
    held_steps: Floats
    held_value: Floats
    held_constant: Constant | None
    sites: tuple[Site, ...]
    terms: int = 1
    held_known: Constant | None = None
    started: float | None = None

    @property
    def count(self) -> int:
        """Backward passes seen."""
        return len(self.steps)

    @cached_property
    def window(self) -> int:
        return window_for(self.count)

    @cached_property
    def first_bad(self) -> int | None:
        """Index of the first non-finite loss."""
        bad = np.flatnonzero(~np.isfinite(self.value))
        return int(bad[0]) if bad.size else None

    @cached_property
    def finite(self) -> Floats:
        """Per-element loss up to the first non-finite one."""
        end = self.first_bad if self.first_bad is not None else self.count
        return self.per_element[:end]

    @cached_property
    def smoothed(self) -> Floats:
        return smooth(self.finite, self.window)

    @cached_property
    def start(self) -> float:
        """Loss before training: the first two batches."""
        if self.started is not None:
            return self.started
        return float(np.mean(self.finite[:2])) if self.finite.size else math.nan

    @cached_property
    def end(self) -> float:
        return float(self.smoothed[-1]) if self.smoothed.size else math.nan

    @cached_property
    def best(self) -> float:
        if not self.smoothed.size:
            return math.nan
        settled = self.smoothed[min(self.window, len(self.smoothed)) - 1 :]
        return float(settled.min()) if settled.size else math.nan

    @property
    def relative(self) -> bool:
        return self.constant is None

    def skill_of(self, loss: float) -> float:
        """1 - loss / loss of the best constant, both above the loss of a perfect prediction."""
        if not math.isfinite(loss):
            return -math.inf
        if self.constant is not None and self.constant.loss > self.constant.floor:
            return 1 - (loss - self.constant.floor) / (self.constant.loss - self.constant.floor)
        if math.isfinite(self.start) and self.start > 0 and self.constant is None:
            return min(1.0, 1 - loss / self.start)
        if self.constant is None and math.isfinite(self.start):
            return min(1.0, (self.start - loss) / max(abs(self.start), 1e-12))
        return 0.0

    @cached_property
    def skill(self) -> float | None:
        """Skill at the end; None where nothing finite was seen, -inf never: a diverged loss counts as -1."""
        if not self.count:
            return None
        if self.first_bad is not None:
            return None
        return max(-9.99, self.skill_of(self.end))

    @cached_property
    def best_skill(self) -> float:
        return self.skill_of(self.best)

    @cached_property
    def skill_curve(self) -> Floats:
        return np.array([max(-9.99, self.skill_of(v)) for v in self.smoothed])

    @cached_property
    def held_skill(self) -> float | None:
        """Skill on held-back data at the last evaluation, by the held-back targets' own best constant."""
        return self._held_skill(self.held_constant or self.constant)

    @cached_property
    def forecast_skill(self) -> float | None:
        """Skill on held-back data by the constant that the training targets tell, as a forecast is judged: held-back data on
        another level than the training's are no excuse for that constant. `held_skill` where it is not known."""
        return self._held_skill(self.held_known or self.held_constant or self.constant)

    def _held_skill(self, constant: Constant | None) -> float | None:
        good = self.held_value[np.isfinite(self.held_value)]
        if not good.size or constant is None or constant.loss <= constant.floor:
            return None
        last_step = self.held_steps[np.isfinite(self.held_value)][-1]
        last = good[self.held_steps[np.isfinite(self.held_value)] == last_step]
        return max(-9.99, float(1 - (np.mean(last) - constant.floor) / (constant.loss - constant.floor)))

    @cached_property
    def still_falling(self) -> tuple[float, float]:
        """(skill gained over the last fifth of the run by its trend, z of the Mann-Kendall test). Of a short run up to its
        latter half is asked: a fifth has too few points for the test to see a trend in the noise of batches."""
        count = len(self.finite)
        fifth = count - int(count * 0.8)
        tail = self.finite[count - max(fifth, min(TREND_POINTS, count // 2)) :]
        if fifth < 5:
            return 0.0, 0.0
        slope, z = trend(tail)
        gain = self.skill_of(self.end + slope * fifth) - self.skill_of(self.end)
        return float(gain), z

    @cached_property
    def noise(self) -> float:
        """Typical deviation of a batch's loss from the smoothed curve, in units of skill."""
        if len(self.finite) < 8:
            return 0.0
        rough = middle(np.abs(np.diff(self.finite))) / 1.35
        unit = abs(self.skill_of(self.end) - self.skill_of(self.end + rough)) if math.isfinite(rough) else 0.0
        return float(unit)

    def reached(self, skill: float) -> int | None:
        """First step at which the smoothed curve had this skill."""
        over = np.flatnonzero(self.skill_curve >= skill)
        return int(self.steps[over[0]]) if over.size else None


def measure_loss(trace: Trace, training: int) -> LossSign:
    """Read the loss of one training from the trace's loss table."""
    table = trace.table("loss")
    terms = {t.term: t for t in trace.of(LossTerm)}
    sites = tuple(trace.of(Site))
    empty = np.zeros(0)
    if not len(table):
        # Data alone have a target and no loss; the term says what kind of target.
        only = next(iter(terms.values()), None) if trace.first(DataRead) is not None else None
        return LossSign(empty, empty, empty, empty, only, _constant(trace, only, False), empty, empty, None, sites)
    mine = table.column("training") == training
    kind = table.column("held_back")
    train = mine & (kind == 0)
    steps, value = table.column("step")[train], table.column("value")[train]
    criterion, term_index = table.column("criterion")[train], table.column("term")[train]
    order = np.argsort(steps, kind="stable")
    steps, value, criterion, term_index = steps[order], value[order], criterion[order], term_index[order]
    seconds = table.column("seconds")[train][order]
    term = _main_term(terms, term_index)
    if term is None and any(g.maximize for o in trace.of(OptimizerSeen) for g in o.groups):
        value = -value
    per_element = np.where(np.isfinite(criterion) | ~np.isfinite(value), criterion, value)
    per_element = np.where(~np.isfinite(value), value, per_element)
    constant = _constant(trace, term, False)
    if term is not None and term.by_hand:
        per_element = _calibrated(trace, term, steps, value)
        if per_element is None:
            per_element, constant = value, None
    elif term is None or not np.isfinite(criterion).any():
        per_element, constant = value, None
    else:
        chosen = term_index == term.term
        if chosen.sum() < len(chosen) and chosen.sum() >= 0.3 * len(chosen):
            per_element = np.where(chosen | ~np.isfinite(value), per_element, np.nan)
            per_element = _filled(per_element, value)
    held = mine & (kind == 1)
    held_terms = table.column("term")[held]
    held_term = _main_term(terms, held_terms)
    held_steps, held_value = table.column("step")[held], table.column("criterion")[held]
    if held_term is not None:
        keep = held_terms == held_term.term
        held_steps, held_value = held_steps[keep], held_value[keep]
        held = np.flatnonzero(held)[keep]
    with_last_weights = _with_last_weights(trace, held_steps, table.column("seconds")[held])
    held_steps, held_value = held_steps[with_last_weights], held_value[with_last_weights]
    return LossSign(
        steps, seconds, value, per_element, term, constant, held_steps, held_value,
        _constant(trace, held_term, True) if held_term is not None else None, sites,
        terms=len({int(t) for t in term_index if t >= 0}) or 1, held_known=_known(trace, term, held_term),
    )  # fmt: skip


def _with_last_weights(trace: Trace, steps: Floats, seconds: Floats) -> npt.NDArray[np.bool_]:
    """(rows,) False for evaluations behind the last update of weights that others have taken the place of since."""
    keep = np.ones(len(steps), dtype=bool)
    loaded = max((e.seconds for e in trace.of(WeightsLoaded)), default=0.0)
    if len(steps) and loaded > 0:
        last = steps == steps.max()
        if (last & (seconds > loaded)).any():
            keep = ~(last & (seconds <= loaded))
    return keep


def _filled(values: Floats, raw: Floats) -> Floats:
    """Gaps of a term that is not called at every pass take its last value."""
    filled = values.copy()
    last = math.nan
    for index, number in enumerate(filled):
        if math.isnan(number) and np.isfinite(raw[index]):
            filled[index] = last
        else:
            last = number
    good = filled[np.isfinite(filled)]
    return np.where(np.isnan(filled) & np.isfinite(raw), good[0] if good.size else math.nan, filled)


def _main_term(terms: dict[int, LossTerm], used: Floats) -> LossTerm | None:
    indices = [int(t) for t in used if t >= 0]
    if not indices:
        return None
    return terms.get(max(set(indices), key=indices.count))


def _constant(trace: Trace, term: LossTerm | None, held_back: bool) -> Constant | None:
    if term is None:
        return None
    targets, classes = [], 0
    for saved in trace.of(BatchSaved):
        if saved.term == term.term and saved.held_back == held_back and saved.y is not None:
            array = trace.array(saved.y)
            if array is not None:
                targets.append(array)
            prediction = trace.array(saved.p) if saved.p is not None and not classes else None
            if prediction is not None and prediction.ndim > 1:
                classes = prediction.shape[1]
    return best_constant(
        term.fn, targets, class_weight=term.class_weight, pos_weight=term.pos_weight,
        label_smoothing=term.label_smoothing, ignore_index=term.ignore_index, beta=term.beta, classes=classes,
    )  # fmt: skip


def _known(trace: Trace, term: LossTerm | None, held_term: LossTerm | None) -> Constant | None:
    if term is None or held_term is None or term.fn != held_term.fn or term.class_weight or held_term.class_weight:
        return None
    arrays: dict[bool, list[Floats]] = {True: [], False: []}
    for saved in trace.of(BatchSaved):
        wanted = held_term.term if saved.held_back else term.term
        if saved.term == wanted and saved.y is not None and (array := trace.array(saved.y)) is not None:
            arrays[saved.held_back].append(array)
    return known_constant(term.fn, arrays[False], arrays[True], ignore_index=term.ignore_index)


def _calibrated(trace: Trace, term: LossTerm, steps: Floats, value: Floats) -> Floats | None:
    """A loss written by hand, brought to a mean over elements: by a sum's factor, or a root undone.

    On the captured batches the mean error is known, so the form shows: loss = a * error, or a * sqrt(error).
    """
    errors, losses = [], []
    for saved in trace.of(BatchSaved):
        if saved.term != term.term or saved.held_back or saved.p is None or saved.y is None:
            continue
        p, y = trace.array(saved.p), trace.array(saved.y)
        here = np.flatnonzero(steps == saved.step)
        if p is None or y is None or not here.size:
            continue
        error = _error(term.fn, p, y)
        if error is not None and math.isfinite(error) and error > 0 and math.isfinite(value[here[0]]):
            errors.append(error)
            losses.append(float(value[here[0]]))
    if len(errors) < 2:
        return None
    error_array, loss_array = np.array(errors), np.array(losses)
    best: tuple[float, Floats] | None = None
    for power in (1.0, 0.5):
        ratio = loss_array / error_array**power
        scale = float(np.median(ratio))
        if scale == 0:
            continue
        spread = float(np.median(np.abs(ratio / scale - 1)))
        if best is None or spread < best[0]:
            best = (spread, np.sign(value / scale) * np.abs(value / scale) ** (1 / power))
    return best[1] if best is not None and best[0] < 0.2 else None


def _error(fn: str, p: Floats, y: Floats) -> float | None:
    if fn in SQUARED_LOSSES | ABSOLUTE_LOSSES:
        if p.size != y.size:
            return None
        difference = p.reshape(-1) - y.reshape(-1)
        return float(np.mean(difference**2 if fn in SQUARED_LOSSES else np.abs(difference)))
    if fn == "picked_log_probability" and p.ndim == 2 and len(y) == len(p):
        shifted = p - p.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return float(-logs[np.arange(len(p)), y.astype(int)].mean())
    return None
