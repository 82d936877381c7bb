"""The net learns its training data by heart, and gets worse on others.

## What happens
A large net, few samples and many epochs: after what they have in common, the net learns what is accidental in
its training data. The weights that are kept are the last ones, not the best.

## How it looks
- The training loss goes on falling, the held-back loss turns and rises.
- Held-back skill ends below its best, in the worst case below that of a constant guess: sure and wrong.
- More epochs make it worse.

## Why it keeps the loss from falling
It keeps the loss that matters from falling. Learning an accident by heart lowers the training loss for good, and
each such rule is wrong elsewhere.

## How lossdoctor tells
Where few samples (at most 400) come again and again, and the script asks about others without measuring a loss on
them, an arm leaves one sample in four out of the loss, by its bits, and measures the loss on these beside it. More than
0.3 of skill between the two is a warning; an error if the others are learned (above 0.8) and the skill on those
left out (by the loss or by the share of right answers, whichever is higher) is below 0.35.
Else from the losses computed while gradients are off, at three evaluations at least. The training skill must be above
0.6 and 0.2 above the held-back one, and the last three evaluations must all lie above the best one by more than
a standard error (the scatter from one evaluation to the next, or over the batches of one, whichever is larger).
It is a warning. It is an error only where held-back skill ends at 0 or less, after it was above, while
training skill is above 0.8, in a run that came to its end without going back to better weights. Healthy: held-back loss
stays near its best, or other weights were loaded after the last update. Not judged: fewer than three
evaluations, or no training loss to compare them with.

## Not to be confused with
- `leakage`: held-back data look too good, and new data are worse than both.
- `scaler-mismatch`, `wrong-mode`: held-back skill is bad from the first evaluation on.
- `no-signal`: held-back skill was never above 0, whatever training says.
- A single evaluation that is worse than the one before: noise.

## What to do
`early-stop`: keep the weights of the best evaluation. `set-dropout`, `recurrent-dropout` between stacked layers,
fewer units, weight decay or more data move the turn back.

    if held_loss < best:
        best, kept = held_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)            # after the last epoch

Keras: `EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True)`.

## References
- Prechelt 1998, Early stopping - but when?
- Zhang et al. 2017, Understanding deep learning requires rethinking generalization (arXiv 1611.03530).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...signs import Signs
from ...signs.net import weights_loaded
from ...signs.pairs import asked_elsewhere, few_samples, pairs_of
from ...signs.series import middle
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place

EVALUATIONS = 3
ENOUGH = 80
"""Samples from which simple learners would find what there is to be learned."""
GAP, TRAINED, BY_HEART, LITTLE, LEFT_OUT_GAP = 0.2, 0.6, 0.8, 0.35, 0.3


@dataclass(frozen=True, slots=True)
class HeldCourse:
    """Means of the evaluations, oldest first, and the standard error of one; `steps` of updates before each."""

    steps: list[float]
    means: list[float]
    error: float


def held_course(signs: Signs) -> HeldCourse | None:
    """The held-back loss by evaluation: what was computed between the same two updates. The last of them may mix
    data sets (a test set after the last epoch); only its part from the usual number of batches is taken."""
    loss = signs.loss
    good = np.isfinite(loss.held_value)
    steps, values = loss.held_steps[good], loss.held_value[good]
    groups = [(float(s), values[steps == s]) for s in np.unique(steps)]
    if len(groups) < EVALUATIONS:
        return None
    usual = int(np.median([len(v) for _, v in groups]))
    groups = [(s, v[:usual]) for s, v in groups]
    means = [float(v.mean()) for _, v in groups]
    within = middle([float(v.std(ddof=1)) / math.sqrt(len(v)) for _, v in groups if len(v) >= 3], 0.0)
    calm = means[: max(6, int(np.argmin(means)) + 4)]
    between = middle(np.abs(np.diff(calm, n=2))) / 1.65 if len(calm) >= 5 else 0.0
    return HeldCourse([s for s, _ in groups], means, max(within, between if math.isfinite(between) else 0.0))


def judge(signs: Signs) -> Judgement:
    loss = signs.loss
    if loss.skill is None or loss.relative:
        return CAUSE.not_judged("a finite training loss of a known loss function")
    if (told := _by_holding_out(signs)) is not None:
        return told
    course = held_course(signs)
    constant = loss.held_constant or loss.constant
    if course is None or constant is None or constant.loss <= constant.floor:
        return CAUSE.not_judged("at least three evaluations on held-back data")
    scale = constant.loss - constant.floor
    skills = [1 - (m - constant.floor) / scale for m in course.means]
    best = int(np.argmin(course.means))
    late = course.means[-EVALUATIONS:]
    risen = all(m > course.means[best] + max(course.error, 0.01 * scale) for m in late)
    if loss.skill < TRAINED or not risen or loss.skill - skills[-1] < GAP:
        return CAUSE.healthy(
            f"held-back skill ends at {skills[-1]:.2f}, its best is {skills[best]:.2f}, and training skill {loss.skill:.2f}"
        )
    loaded = weights_loaded(signs)
    if loaded is not None and loaded >= course.steps[best] and loaded >= signs.updates - 1:
        return CAUSE.healthy(
            f"other weights were loaded after the last update; the best evaluation had skill {skills[best]:.2f}"
        )
    ended = signs.ended is not None and signs.ended.how == "finished"
    useless = skills[-1] <= 0 < skills[best] and loss.skill > BY_HEART
    return finding(
        CAUSE.id,
        f"The net overfits: on held-back data its skill was {skills[best]:.2f} after {course.steps[best]:.0f} updates and ends at "
        f"{skills[-1]:.2f}, while its training skill is {loss.skill:.2f}.",
        [
            ("training skill at the end", loss.skill, ""),
            ("held-back skill at the end", skills[-1], "near the training skill"),
            ("held-back skill at its best", skills[best], ""),
            ("updates before the best evaluation", course.steps[best], f"near the end, of {signs.updates}"),
            *((f"held-back skill at the end, {a.title}", a.held_skill, "") for a in signs.arms if a.key == "narrow" and a.took_hold),
            ("rise of the held-back loss since, in standard errors", (min(late) - course.means[best]) / max(course.error, 1e-9 * scale), "below 1"),
        ],
        confidence=0.9 if useless else 0.75,
        severity="error" if useless and ended else "warning",
        proof="statistics", where=loss_place(signs), since_step=int(course.steps[best]), panels=("loss",),
    )  # fmt: skip


def _by_holding_out(signs: Signs) -> Judgement | None:
    """Where the script measures no loss on other samples: an arm has left some out, and measured it on them."""
    arm = next((a for a in signs.arms if a.fix == "hold-out" and a.took_hold and "held_out_skill" in a.extra), None)
    samples = few_samples(signs)
    if arm is None or arm.skill is None or samples is None:
        return None
    out = arm.extra["held_out_skill"]
    if arm.skill < TRAINED or arm.skill - out < LEFT_OUT_GAP:
        return CAUSE.healthy(f"of samples left out the net knows as much (skill {out:.2f}) as of those it is trained on ({arm.skill:.2f})")
    pairs = pairs_of(signs)
    if samples >= ENOUGH and out < LITTLE and pairs is not None and pairs.best is not None and not pairs.found:
        return CAUSE.healthy("the samples are learned by heart, and nothing was found in them that could be learned otherwise")
    useless = out < LITTLE and arm.skill > BY_HEART
    return finding(
        CAUSE.id,
        f"The net learns its {samples} samples by heart: left out of the training, one in four of them is answered with skill "
        f"{out:.2f}, while the others reach {arm.skill:.2f}.",
        [
            ("samples that the run is trained on", samples, "thousands, or at least as many as the task has faces"),
            ("skill on the samples trained on", arm.skill, ""),
            ("skill on the samples left out", out, "near that on the others"),
        ],
        confidence=0.92 if useless else 0.7,
        severity="error" if useless and asked_elsewhere(signs) else "warning",
        proof="intervention", where=loss_place(signs), since_step=0, panels=("loss", "what-if"),
    )  # fmt: skip


CAUSE = Cause("overfitting", judge, __doc__, needs=("held-back",), fixes=("early-stop", "set-dropout", "recurrent-dropout"))
