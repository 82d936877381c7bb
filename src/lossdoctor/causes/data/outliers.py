"""A few extreme values spoil the scaling or the loss.

## What happens
A few values lie far beyond all others: an overflow code of a sensor, a typo with two zeros too many, a sentinel
of -999. They set the mean, the deviation or the range by which everything is scaled, or nearly all of the loss.

## How it looks
- Scaled by the range, all ordinary values are the same to two digits; the loss is tiny from the start.
- The loss of a batch jumps by orders of magnitude, depending on whether it holds one.
- The predictions are a flat line near where the ordinary values lie.

## Why it keeps the loss from falling
Squared errors weigh a value that is 100 times as far off 10 000 times as much: the gradient serves the few. And
what is left of the ordinary values after scaling is too small to tell them apart.

## How lossdoctor tells
By statistics and intervention. Extreme is a robust z (distance from the median over 1.4826 median absolute
deviations) above 20. It takes extreme values, in the targets of a regression or in a feature, that are at most
8% and carry more than half of the variance. A finding then needs the ordinary targets to be missed (skill on
them below 0.5), and a cure: simple learners get at least 0.2 more, and above 0.3, once the extreme values are
held at six deviations; or the arm `winsorise` leads the panel. It is an error if the ordinary skill is below
0.3. Healthy: no such tails, ordinary targets that are learned, or no gain from holding them. Not judged: no
numbers among inputs and targets.

## Not to be confused with
- `unscaled-targets`, `unscaled-inputs`: all values are large, not a few.
- `exploding-gradients`: the gradient grows on its way back; here it is large where the loss is.
- `nan-in-data`: sentinels that are no numbers.
- Rare events that are the target: clipping them cures nothing.

## What to do
`winsorise`: look at the extreme values first; drop what is an error, limit the rest, and scale afterwards.

    low, high = np.quantile(train, [0.01, 0.99], axis=0)
    train, test = np.clip(train, low, high), np.clip(test, low, high)
    criterion = torch.nn.HuberLoss(delta=1.0)    # or let the loss grow linearly there

`sklearn.preprocessing.RobustScaler` scales by quartiles. Keras: `keras.losses.Huber()`.

## References
- Huber 1964, Robust estimation of a location parameter.
- Iglewicz, Hoaglin 1993, How to detect and handle outliers (robust z).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.pairs import pairs_of
from ...signs.tails import Tails, held_within, input_tails, ordinary_skill, target_tails
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place
from ..what_if import arm_evidence, lead


def judge(signs: Signs) -> Judgement:
    targets, inputs = target_tails(signs), input_tails(signs)
    if targets is None and not inputs:
        return CAUSE.not_judged("numbers among the inputs or targets")
    heavy = [t for t in inputs if t is not None and t.heavy]
    in_targets = targets is not None and targets.heavy
    if not heavy and not in_targets:
        far = max((t.far for t in (*inputs, targets) if t is not None), default=0.0)
        return CAUSE.healthy(f"no few values carry the variance (largest robust z {far:.3g})")
    worst: Tails = targets if in_targets and targets is not None else max(heavy, key=lambda t: t.carry)
    skill = ordinary_skill(signs)
    if skill is not None and skill > 0.5:
        return CAUSE.healthy(
            f"with extreme values (robust z {worst.far:.3g}), the ordinary ones are learned (skill {skill:.2f})"
        )
    pairs, held, arm = pairs_of(signs), held_within(signs), lead(signs, "winsorise")
    raw = max(0.0, pairs.best.skill) if pairs is not None and pairs.best is not None else 0.0
    gains = held is not None and held.found and held.skill > 0.3 and held.skill > raw + 0.2
    if not gains and arm is None:
        return CAUSE.healthy(f"there are extreme values (robust z {worst.far:.3g}), and holding them back changes nothing")
    what = "targets" if in_targets else "inputs"
    cured = "held within the limits of the others, "
    if gains and held is not None:
        cured += f"a simple learner goes from skill {raw:.2f} to {held.skill:.2f}"
    elif arm is not None:
        cured += f"the same steps reach skill {arm.skill:.2f}"
    return finding(
        CAUSE.id,
        f"{worst.share:.1%} of the {what} lie far beyond all others (robust z up to {worst.far:.3g}) and carry "
        f"{worst.carry:.0%} of their variance; {cured}.",
        [
            (f"extreme values among the {what}, share", worst.share, "0"),
            ("largest robust z", worst.far, "below 20"),
            ("share of the variance that they carry", worst.carry, "small"),
            ("skill of the run on the ordinary targets", skill, "above 0.2 is learning"),
            ("skill of a simple learner as it is", raw, ""),
            *([("and with extreme values held", held.skill, "")] if held is not None else []),
            *(arm_evidence(signs, arm) if arm is not None else []),
        ],
        confidence=0.93 if gains and arm is not None else 0.88 if gains else 0.8,
        severity="error" if skill is None or skill < 0.3 else "warning",
        proof="intervention" if arm is not None else "statistics",
        where=criterion_place(signs) if in_targets else recurrent_place(signs),
        since_step=0, panels=("targets" if in_targets else "inputs", "what-if"),
    )  # fmt: skip


CAUSE = Cause("outliers", judge, __doc__, needs=("inputs", "targets"), fixes=("winsorise",), on_data=True)
