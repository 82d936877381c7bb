"""The targets have magnitudes that the net cannot reach at this rate.

## What happens
The targets lie far from where the output starts (near 0): house prices, power in watts, a year. The head has to
walk there in small steps, or the errors are so large that the gradients throw the net about. Very small targets
are the other side: the loss looks tiny, and nothing has been learned.

## How it looks
- The loss is a huge number (the mean of the squared targets) and falls slowly and steadily.
- Predictions are the same for all samples and creep towards the mean.
- Or the loss is 1e-6 from the start, and that is the variance of the targets.

## Why it keeps the loss from falling
The output of a linear head on an LSTM is bounded by its weights, as |h| < 1. Adam moves a weight by about the
rate a step: with 32 units and rate 1e-3, measured, the output reaches 38 after 1000 steps. Targets near 5000
take more than 100 000.

## How lossdoctor tells
By intervention: the arm `scale-targets` (targets standardised, same steps) leads the panel, and the targets are
off: mean or deviation beyond 5, or deviation below 0.1. Or by an exact bound, without any panel: under Adam and
its kin, with a linear head on a recurrence, it works out how far the output can have gone, and it is an error
if the median target needs more updates than the run makes and the run has not learned. Healthy: classes,
targets of a usual size, a run that learns, or no gain from scaling. Not judged: targets of an unknown loss, or
no panel. Of a data file alone it is a warning wherever the targets are off.

## Not to be confused with
- `lr-too-low`: the targets are of a usual size, and any weight is too slow.
- `output-activation-mismatch`: no number of steps would reach them.
- `exploding-gradients`: the gradient is large from the first step on and at every time step, it does not grow.
- A head whose bias starts at the mean of the targets: healthy.

## What to do
`scale-targets`: train on standardised targets, undo it for the answer.

    mean, std = y_train.mean(), y_train.std()
    loss = torch.nn.functional.mse_loss(model(x), (y - mean) / std)
    answer = model(x_test) * std + mean

Take the logarithm of prices and counts. Or at least start the bias there: `nn.init.constant_(head.bias, mean)`.
Keras: `Normalization` does it for inputs; scale targets by hand, or with `TransformedTargetRegressor`.

## References
- LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp.
- Kingma, Ba 2015, Adam, section 2.1: the bound of a step (arXiv 1412.6980).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.reach import steps_to_reach
from ...signs.standing import learned, targets_off_scale
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if signs.fed.targets is None:
        return CAUSE.not_judged("targets of a loss function that we know")
    if not signs.fed.is_regression:
        return CAUSE.healthy("the targets are classes: they have no scale")
    mean, std = signs.fed.target_stats
    arm = lead(signs, "scale-targets")
    reach = steps_to_reach(signs)
    bound: list[tuple[str, float | int | str | bool | None, str]] = []
    if reach is not None:
        bound = [
            (
                f"farthest that {signs.step.optimizer_name} can bring the output in {reach.updates} updates",
                reach.reach,
                f"{reach.needed:.3g}",
            ),
            ("updates needed at the least (exact bound)", reach.steps, f"at most {reach.updates}"),
        ]
    if arm is not None and targets_off_scale(signs):
        return finding(
            CAUSE.id,
            f"The targets {'and the inputs ' if 'x_mean' in arm.args else ''}are unscaled (targets: mean {mean:.3g}, deviation "
            f"{std:.3g}): {'both ' if 'x_mean' in arm.args else ''}standardised, the same {arm.steps} steps reach "
            f"skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), ("mean of the targets", mean, "about 0"), ("deviation of the targets", std, "about 1"), *bound],
            confidence=confidence(signs, arm, True), severity=severity(signs, arm), proof="intervention",
            where=criterion_place(signs), since_step=0, panels=("targets", "what-if"),
        )  # fmt: skip
    if reach is not None and reach.steps > reach.updates and not learned(signs):
        return finding(
            CAUSE.id,
            f"The targets cannot be reached: {signs.step.optimizer_name} at {signs.step.lr_peak:.3g} needs at least "
            f"{reach.steps:,.0f} updates to bring the output to {reach.needed:.4g}, and the run makes {reach.updates}.",
            [("mean of the targets", mean, "about 0"), ("deviation of the targets", std, "about 1"), *bound],
            confidence=0.93, proof="bound", where=criterion_place(signs), since_step=0, panels=("targets", "loss"),
        )  # fmt: skip
    if not targets_off_scale(signs):
        return CAUSE.healthy(f"targets have mean {mean:.2g} and deviation {std:.2g}")
    if signs.data is not None and signs.data.distinct < 2:
        return CAUSE.healthy("the target never changes")
    if signs.data is not None:
        return finding(
            CAUSE.id,
            f"The target needs scaling: {signs.data.target} has mean {mean:.3g} and deviation {std:.3g}. Train on the standardised "
            "target and undo it for the answer.",
            [("mean of the targets", mean, "about 0"), ("deviation of the targets", std, "about 1")],
            confidence=0.7, severity="warning", proof="statistics", panels=("columns",),
        )  # fmt: skip
    if learned(signs):
        return CAUSE.healthy(f"targets have mean {mean:.3g} and deviation {std:.3g}, and the run learns")
    return ruled_out(CAUSE, signs, "scale-targets")


CAUSE = Cause("unscaled-targets", judge, __doc__, needs=("targets", "what-if"), fixes=("scale-targets",), on_data=True)
