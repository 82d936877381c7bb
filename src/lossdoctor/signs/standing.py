"""Where the run stands, and which arm of the panel names the cause: judgements that many causes share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .arms import LEARNS, ArmSign
from .net_arms import believed, points
from .padding import padding
from .series import middle
from .tails import any_tails

if TYPE_CHECKING:
    from .chart import Signs

WELL = 0.8
"""Skill from which nobody would say that the run does not learn."""

OFF_SCALE = 5.0
"""Inputs with |mean| or deviation beyond this are not what initialisers assume (they assume 1)."""

OFF_INIT = 3.0
"""Weights this many times larger or smaller than the module's own initialiser makes them."""

ROSE = 3.0
"""A rate this many times what it was for most of the way has been brought up by its schedule."""


def left_out_skill(signs: Signs) -> float | None:
    """Skill on training samples that an arm has left out of the loss; None where none was asked, or where the arm had not yet
    learned half of what the run has learned: what it does not know then is no memory of the others."""
    for arm in signs.arms:
        if arm.took_hold and "held_out_skill" in arm.extra and arm.skill is not None:
            out = arm.extra["held_out_skill"]
            return out if max(arm.skill, out) >= 0.5 * (signs.loss.skill or 0.0) else None
    return None


def effective_skill(signs: Signs) -> float | None:
    """The smaller of training and held-back skill (as measured by the script, or by an arm that left samples out); None
    where neither is known or the loss is not finite."""
    skills = [s for s in (signs.loss.skill, signs.loss.held_skill, left_out_skill(signs)) if s is not None]
    return min(skills) if skills and signs.loss.skill is not None else None


def learned(signs: Signs) -> bool:
    """Has the run learned well, measured against a constant and not against its own start?"""
    skill = effective_skill(signs)
    return skill is not None and skill >= WELL and not signs.loss.relative


def input_scale(signs: Signs) -> tuple[float, float]:
    """(largest |mean| or deviation over the features, largest / smallest deviation of varying features)."""
    stats = signs.fed.feature_stats
    if stats is None:
        return math.nan, math.nan
    mean, std = stats
    varying = std[std > 1e-12]
    if not varying.size:
        return float(np.abs(mean).max()), 1.0
    return float(max(np.abs(mean).max(), varying.max())), float(varying.max() / varying.min())


def inputs_off_scale(signs: Signs) -> bool:
    size, ratio = input_scale(signs)
    if math.isnan(size):
        return False
    stats = signs.fed.feature_stats
    assert stats is not None
    small = bool(stats[1].size) and float(stats[1].max()) < 1 / (2 * OFF_SCALE)
    return size > OFF_SCALE or small or (ratio > 30 and size > 1)


def targets_off_scale(signs: Signs) -> bool:
    mean, std = signs.fed.target_stats
    if not signs.fed.is_regression or not math.isfinite(std):
        return False
    return abs(mean) > OFF_SCALE or std > OFF_SCALE or std < 1 / (2 * OFF_SCALE)


@dataclass(frozen=True, slots=True)
class OffInit:
    name: str
    ratio: float
    role: str


def weights_off_init(signs: Signs) -> list[OffInit]:
    """Trainable weights whose deviation at the first forward is far from their initialiser's, worst first."""
    found = []
    for fact in signs.wiring.facts.values():
        if fact.default_std is None or fact.numel < 6 or fact.role in ("embedding", "norm"):
            continue
        size = math.sqrt(fact.std**2 + fact.mean**2)
        if fact.role.endswith("bias") or fact.name.endswith("bias") or "bias" in fact.name.rpartition(".")[2]:
            if fact.max_abs > 4.0:
                found.append(OffInit(fact.name, fact.max_abs / max(fact.default_std, 1e-12), "bias"))
            continue
        ratio = size / fact.default_std
        if ratio > OFF_INIT or ratio < 1 / OFF_INIT / 2:
            found.append(OffInit(fact.name, ratio, fact.role))
    return sorted(found, key=lambda o: -abs(math.log(max(o.ratio, 1e-9))))


def gradient_grows(signs: Signs) -> bool:
    """Does dL/dh_t grow on its way back through time, a hundredfold over the sequence, or does the gradient's
    norm jump before the weights did?"""
    worst = signs.time.worst_growth
    return worst is not None and worst[1] >= 2.0 and worst[0] >= 1.02


def clipped_by_hand(signs: Signs) -> bool:
    """Does the gradient shrink between the backward pass and the step, though none of torch's functions clips?"""
    uses = [u for u in signs.step.uses if u.after_backward > 0 and u.at_update > 0]
    if signs.step.clips or len(uses) < 3:
        return False
    return sum(u.at_update < 0.5 * u.after_backward for u in uses) > 0.5 * len(uses)


def rate_fell(signs: Signs) -> bool:
    step = signs.step
    return step.lr_peak > 0 and step.lr_end < 0.5 * step.lr_peak


def rate_rose(signs: Signs) -> bool:
    """Had the schedule brought the rate far above what it was for most of the way, when the run ended or broke?"""
    rates = signs.step.rates
    if len(rates) < 20:
        return False
    usual = middle(rates[: len(rates) // 2])
    return bool(usual > 0 and rates[-1] >= ROSE * usual)


def suspicious(signs: Signs, arm: ArmSign) -> bool:
    """Is there an independent sign for what this arm changes? It breaks ties between arms that cure alike."""
    step = signs.step
    pointed = points(signs, arm)
    if pointed is not None:
        return pointed
    if arm.fix == "scale-inputs":
        return inputs_off_scale(signs)
    if arm.fix == "scale-targets":
        return targets_off_scale(signs)
    if arm.key in ("memory", "swap-cell"):
        window, horizon = signs.time.steps_seen, signs.time.horizon()
        return window >= 10 and math.isfinite(horizon) and horizon < 0.6 * window
    if arm.fix == "reinit":
        return bool(weights_off_init(signs))
    if arm.fix == "loosen-clip":
        return step.clip_active > 0.5 and not step.scale_free
    if arm.fix == "add-clip":
        # What grows because the rate does is no gradient's own growth.
        return (gradient_grows(signs) or step.first_spike is not None) and not rate_rose(signs)
    if arm.fix == "lower-lr":
        return rate_rose(signs)
    if arm.fix == "set-weight-decay":
        return step.weight_decay > 0
    if arm.fix == "drop-scheduler":
        return rate_fell(signs)
    if arm.fix == "winsorise":
        return any_tails(signs)
    if arm.fix == "mask-padding":
        return padding(signs) is not None
    return arm.fix in ("unfreeze", "set-mode", "weight-classes", "set-batch-first")


ROOTS = (
    "use-float32", "set-batch-first", "unfreeze", "set-mode", "reset-state", "mask-padding", "winsorise", "shuffle", "scale-inputs", "scale-targets", "reinit",
    "loosen-clip", "set-weight-decay", "drop-scheduler", "memory", "add-clip", "swap-cell", "weight-classes", "weigh-loss-term",
    "set-batch", "lower-lr", "raise-lr", "shallower", "set-dropout", "widen", "swap-optimizer",
)  # fmt: skip
"""Earlier in the way from data to update first: where two arms cure alike, the earlier one is the root."""


def leading_arm(signs: Signs) -> ArmSign | None:
    """The arm that names the cause: the best that helps, or one as good (its remaining loss within twice the
    best one's) that has a sign of its own and stands nearer to the root."""
    helping = [a for a in signs.arms if a.took_hold and a.skill is not None and a.helps and _trusted(signs, a)]
    if not helping:
        return None
    if any(a.cures for a in helping if a.fix != "swap-optimizer"):
        # An optimizer is unsuited only where nothing else cures.
        helping = [a for a in helping if a.fix != "swap-optimizer"]
    best = max(helping, key=lambda a: a.skill or -9)
    assert best.skill is not None
    # Beside an arm that cures, one that only helps is no rival, whatever sign speaks for it.
    near = [
        a for a in helping
        if a.skill is not None and 1 - a.skill <= 2 * (1 - best.skill) + 0.05 and (a.cures or not best.cures)
    ]  # fmt: skip
    near.sort(key=lambda a: (not suspicious(signs, a), ROOTS.index(a.key) if a.key in ROOTS else 99, -(a.skill or 0)))
    lead = near[0]
    if lead.fix in ("lower-lr", "raise-lr"):
        same = [a for a in near if a.fix == lead.fix]
        lead = max(same, key=lambda a: a.skill or -9)
    return lead


def _trusted(signs: Signs, arm: ArmSign) -> bool:
    """Better on the training data alone, and worse on what was held back, is memorising."""
    if not believed(signs, arm):
        return False
    held = signs.loss.held_skill
    if held is None or arm.held_skill is None:
        return not by_heart(signs)
    return arm.held_skill > held + 0.02 or held < LEARNS <= arm.held_skill


def by_heart(signs: Signs) -> bool:
    """Can the run gain by memory alone? Its samples come again and again, and the captured pairs hold nothing
    that simple learners could find."""
    from .pairs import pairs_of

    pairs = pairs_of(signs)
    if pairs is None or pairs.repeats.count < 0.3 * len(pairs):
        return False
    return pairs.best is not None and not pairs.found


def early_update_ratio(signs: Signs) -> float:
    """Median |update| / |weights| over the first tenth of the run (at least its first ten updates)."""
    return signs.update.ratio(0, int(max(10, 0.1 * signs.updates)))


def typical(values: list[float]) -> float:
    return middle(values)
