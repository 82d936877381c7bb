"""What if? Which arms the evidence leaves open, the most suspected first."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..signs import Signs
from ..signs.alignment import window_needed
from ..signs.arms import LEARNS
from ..signs.memory import croppable
from ..signs.padding import padding
from ..signs.pairs import asked_elsewhere, few_samples
from ..signs.standing import (
    by_heart,
    clipped_by_hand,
    effective_skill,
    gradient_grows,
    inputs_off_scale,
    rate_fell,
    targets_off_scale,
    weights_off_init,
)
from ..signs.succession import narrow
from ..signs.tables import row_shift
from ..signs.tails import tail_limits
from .engine import Diagnosis
from .net_questions import net_questions


@dataclass(frozen=True, slots=True)
class Question:
    """One arm to run. `suspicion`: 3 a sign points to it, 2 always worth asking here, 1 for completeness."""

    name: str
    fix: str
    args: dict[str, Any]
    title: str
    suspicion: int
    extra: dict[str, Any] = field(default_factory=dict)


GOOD_ENOUGH = 0.9
"""A run with this skill is not asked about."""

FEW = 4
"""Batches that any sound net should learn by heart."""

USUAL_STEP = 1e-2
"""Update / weight at the first steps of a run that learns (measured: Adam at 1e-3 starts at 1.4e-2)."""

PROVEN = frozenset({
    "missing-optimizer-step", "gradients-cleared", "detached-graph", "state-not-detached", "constant-inputs",
})  # fmt: skip
"""Structural findings that explain everything: no arm could say more while they stand."""


def worth_asking(diagnosis: Diagnosis) -> bool:
    """Is there anything left to find out by intervention?"""
    signs = diagnosis.signs
    if not signs.loss.count or (diagnosis.verdict == "never-started" and not signs.updates):
        return False
    skill = effective_skill(signs)
    if skill is not None and skill >= GOOD_ENOUGH and not signs.loss.relative:
        return learned_by_heart(signs)
    if _is_proven(diagnosis, PROVEN):
        return False
    return signs.loss.count >= 3


def _is_proven(diagnosis: Diagnosis, causes: Collection[str]) -> bool:
    return any(f.severity == "error" and f.cause in causes and f.confidence >= 0.9 for f in diagnosis.findings)


def learned_by_heart(signs: Signs) -> bool:
    """Could the skill be memory? Samples that come again and again, few of them or such as hold nothing that simple learners
    could find; others asked about, and no loss measured on these."""
    if signs.loss.held_skill is not None or not asked_elsewhere(signs):
        return False
    return few_samples(signs) is not None or (by_heart(signs) and (signs.loss.skill or 0.0) >= LEARNS)


GAPS = Question("leave-out-gaps", "impute", {}, "samples with gaps left out of the loss", 3)
HOLD_OUT = Question("hold-out", "hold-out", {"parts": 4}, "one sample in four left out", 3)


def questions(diagnosis: Diagnosis) -> list[Question]:
    """The arms, in the order in which they should be run."""
    signs = diagnosis.signs
    if _is_proven(diagnosis, ("nan-in-data",)):
        return [GAPS]
    heart = learned_by_heart(signs)
    if heart and (effective_skill(signs) or 0.0) >= GOOD_ENOUGH:
        return [HOLD_OUT]
    found = _questions(diagnosis)
    return [HOLD_OUT, *found] if heart else found


def _questions(diagnosis: Diagnosis) -> list[Question]:
    signs = diagnosis.signs
    step = signs.step
    by_hand = clipped_by_hand(signs)
    found: list[Question] = []

    def ask(name: str, fix: str, args: dict[str, Any], title: str, suspicion: int) -> None:
        found.append(Question(name, fix, args, title, suspicion))

    diverged = diagnosis.verdict == "diverged"
    has_optimizer = step.optimizer is not None
    rate = step.lr_peak
    if has_optimizer and math.isfinite(rate) and rate > 0:
        ratio = signs.update.ratio(0, 10)
        slow = ratio < 2e-3 and not diverged
        factors = [
            (0.1, 3 if diverged else 2),
            (10.0, 3 if slow else 2),
            (0.01, 2 if diverged else 1),
            (100.0, 3 if slow else 1),
        ]
        if 0 < ratio < USUAL_STEP / 300:
            # So small a step that even a hundred times larger it would be small: ask for the usual size at once.
            factors.insert(0, (10.0 ** round(math.log10(USUAL_STEP / ratio)), 3))
        if ratio > 10 * USUAL_STEP:
            # Steps that move the weights by more than a tenth at once: ask for the usual size first, then for less.
            factors = [(factor, 3 if factor < 1 else suspicion) for factor, suspicion in factors]
            usual = 10.0 ** round(math.log10(USUAL_STEP / ratio))
            factors = [(usual, 3), *(pair for pair in factors if pair[0] != usual)]
        for factor, suspicion in factors:
            fix = "lower-lr" if factor < 1 else "raise-lr"
            ask(f"{fix}-{factor:g}", fix, {"factor": factor}, f"learning rate {rate * factor:.3g}", suspicion)
    if signs.wiring.frozen or signs.wiring.fell_away:
        ask("unfreeze", "unfreeze", {}, "nothing frozen", 3)
    if _modes_odd(signs):
        ask("set-mode", "set-mode", {}, "right modes", 3)
    stats = signs.fed.feature_stats
    if stats is not None and stats[0].size and stats[0].size <= 512:
        mean, std = stats
        args = {"mean": [float(v) for v in mean], "std": [float(v) if v > 1e-12 else 1.0 for v in std]}
        ask("scale-inputs", "scale-inputs", args, "inputs standardised", 3 if inputs_off_scale(signs) else 0)
    limits = tail_limits(signs)
    if limits is not None:
        ask("winsorise", "winsorise", limits, "extreme values held within the limits of the others", 3)
    pads = padding(signs)
    if pads is not None and (pads.by_step or not pads.packed):
        how, title = ("loss", "padding left out of the loss") if pads.by_step else ("front", "padding moved to the front")
        ask("mask-padding", "mask-padding", {"how": how, "index": pads.value, "axis": pads.axis}, title, 3)
    crop = croppable(signs)
    if crop is not None:
        steps, axis = crop
        ask("crop", "set-window", {"steps": steps, "axis": axis}, f"the last {steps} steps of the window alone", 2)
    needed = window_needed(signs)
    if needed is not None:
        ask("longer-window", "set-window", {"steps": needed, "longer": True}, f"windows of {needed} steps", 3)
    if narrow(signs) is not None:
        ask("shuffle", "shuffle", {}, "samples drawn at random", 3)
    shift = row_shift(signs) if (effective_skill(signs) or 0.0) < LEARNS else None
    if shift is not None:
        ask("realign", "realign-pairs", {"rows": shift.rows}, f"targets {shift.rows:+d} rows", 3)
    mean_y, std_y = signs.fed.target_stats
    if signs.fed.is_regression and math.isfinite(std_y) and std_y > 0:
        ask(
            "scale-targets",
            "scale-targets",
            {"mean": mean_y, "std": std_y},
            "targets standardised",
            3 if targets_off_scale(signs) else 0,
        )
        if stats is not None and stats[0].size <= 512 and inputs_off_scale(signs) and targets_off_scale(signs):
            both = {"mean": mean_y, "std": std_y, "x_mean": args["mean"], "x_std": args["std"]}
            ask("scale-both", "scale-targets", both, "inputs and targets standardised", 3)
    off = weights_off_init(signs)
    symmetric = any(f.cause == "symmetric-init" for f in diagnosis.findings)
    ask(
        "reinit",
        "reinit",
        {"how": "standard"},
        "default initialisation",
        3 if off or symmetric else (2 if signs.time.saturated() > 0.3 else 1),
    )
    if (step.clips or by_hand) and not (step.scale_free and (by_hand or step.clips[0].how == "clip_grad_norm_")):
        ask("loosen-clip", "loosen-clip", {"by_hand": by_hand}, "no clipping", 3 if step.clip_active > 0.5 or by_hand else 1)
    layers = [c for c in signs.wiring.calls if not c.packed and len(c.input_shape) == 3 and not c.cell.endswith("cell")]
    if layers and (signs.loss.skill or 0) < 0.8:
        ask("set-batch-first", "set-batch-first", {}, "time and batch axes swapped at the recurrent layers", 2)
    if has_optimizer and (not step.scale_free or diverged or gradient_grows(signs)):
        limit = _clip_limit(signs)
        if limit is not None:
            ask(
                "add-clip",
                "add-clip",
                {"max_norm": limit},
                f"gradient norm clipped at {limit:.3g}",
                3 if gradient_grows(signs) or step.first_spike or diverged else 1,
            )
    if step.weight_decay > 0:
        ask("set-weight-decay", "set-weight-decay", {"value": 0.0}, "no weight decay", 3)
    if rate_fell(signs):
        ask("drop-scheduler", "drop-scheduler", {}, "learning rate held", 3)
    if has_optimizer and not step.scale_free and step.optimizer_name != "LBFGS":
        stuck = (signs.loss.skill or 0.0) < LEARNS
        ask("swap-optimizer", "swap-optimizer", {"optimizer": "Adam", "lr": 1e-3}, "Adam at 1e-3", 2 if stuck else 1)
        if stuck:
            ask("swap-optimizer-fast", "swap-optimizer", {"optimizer": "Adam", "lr": 1e-2}, "Adam at 1e-2", 2)
    window = signs.time.steps_seen
    horizon = signs.time.horizon()
    if window >= 8 and math.isfinite(horizon) and horizon < 0.9 * window:
        cells = {s.cell.removesuffix("_cell") for s in signs.time.samples}
        if "lstm" in cells:
            ask(
                "chrono",
                "reinit",
                {"chrono": float(window), "keep": True},
                f"gates made for {window} steps (chrono)",
                3 if window >= 15 else 2,
            )
        if "gru" in cells:
            ask(
                "chrono",
                "reinit",
                {"orthogonal": True, "chrono": float(window), "keep": True},
                f"gates made for {window} steps, orthogonal",
                3 if window >= 15 else 2,
            )
        if cells & {"rnn_tanh", "rnn_relu"}:
            ask(
                "orthogonal",
                "reinit",
                {"orthogonal": True, "keep": True},
                "orthogonal recurrent weights",
                3 if window >= 15 else 2,
            )
            ask("swap-cell", "swap-cell", {"cell": "GRU"}, "GRU cells", 2)
    weights = _class_weights(signs)
    if weights is not None:
        ask("weight-classes", "weight-classes", {"weights": weights}, "classes weighted by rarity", 3)
    if (signs.loss.skill or 0.0) < LEARNS and signs.updates >= 4 * FEW:
        ask("few-batches", "few-batches", {"count": FEW}, f"the first {FEW} batches again and again", 2)
    for question in net_questions(signs):
        ask(*question)
    found = [q for q in found if q.suspicion > 0]
    found.sort(key=lambda q: -q.suspicion)
    return found


def _clip_limit(signs: Signs) -> float | None:
    """The median of the gradient norms of the quiet first steps (Pascanu et al. 2013: half to ten times the
    average norm all work)."""
    norms = signs.step.raw_norm[:30]
    good = norms[np.isfinite(norms) & (norms > 0)]
    if not good.size:
        return None
    return float(min(np.median(good), 5.0 * good.min(), 1.0))


def _modes_odd(signs: Signs) -> bool:
    return any((m.grad_enabled and m.in_eval) or (not m.grad_enabled and m.in_training) for m in signs.wiring.modes)


def _class_weights(signs: Signs) -> list[float] | None:
    answers = signs.fed.answers(share=1.0)
    if answers is None or answers.majority_share < 0.5 or answers.classes < 2:
        return None
    late = signs.fed.answers()
    if late is None or not late.rare_recall < 0.5:
        return None
    predictions = next((b.p for b in signs.fed.batches if b.p is not None), None)
    size = predictions.shape[1] if signs.fed.is_classes and predictions is not None and predictions.ndim > 1 else 2
    counts = np.ones(size)
    counts[: answers.targets.size] = np.maximum(1.0, answers.targets[:size])
    weights = counts.sum() / (len(counts) * counts)
    return [float(w) for w in weights]
