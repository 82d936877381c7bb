"""The loss is climbed instead of descended.

## What happens
Something on the way from the loss to the weights has the wrong sign: a reward or likelihood is minimised that
should be maximised, a loss carries a stray minus, `maximize=True` was left in the optimizer, or an update by
hand adds the gradient instead of subtracting it.

## How it looks
- The loss rises from the first step, smoothly and without any sign of instability.
- Or the printed number falls and falls, far below zero, while the accuracy drops below chance.
- Lowering the learning rate only makes it worse more slowly.

## Why it keeps the loss from falling
Each step goes up the slope. The optimizer works perfectly, in the wrong direction.

## How lossdoctor tells
By structure, in this order: the optimizer's `maximize` flag; the sign with which a known loss function enters
the tensor that `backward()` starts from; gradients that point the other way at `step()` than after
`backward()`, in more than half of the updates looked into; updates along the gradient (median cosine between
update and descent below -0.3); and a log-probability that enters with a plus and is driven down. `maximize` and
the cosine are errors only when the loss also rises. Healthy: a plus sign, and updates that go down. Not judged:
no loss with a graph.

## Not to be confused with
- `lr-too-high`: overshoots along the right direction; a tenth of the rate learns.
- A loss that is rightly negative: log-densities, cosine similarity, ELBO. The sign of its value proves nothing.
- `output-activation-mismatch`: NLL fed by probabilities is negative, too.

## What to do
`flip-sign`: minimise the negative of what you want to be large.
Where a settings file asks for it: `change-setting`.

    loss = -torch.distributions.Normal(mean, scale).log_prob(y).mean()   # maximum likelihood
    p.data.add_(p.grad, alpha=-lr)                                       # update by hand: minus

Use `maximize=True` only for a score that is not negated already. Keras optimizers always minimise: return the
negative from a loss of your own.

## References
- Ben Braiek, Khomh 2022, Testing feedforward neural networks training programs (arXiv 2204.00694).
- Williams 1992, Simple statistical gradient-following algorithms (the sign of REINFORCE).
"""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, loss_place

LOGS = ("LogSoftmaxBackward", "LogBackward", "LogSigmoidBackward")


def judge(signs: Signs) -> Judgement:
    graphs = [g for g in signs.wiring.connected if g.signs or g.sign]
    if not graphs:
        return CAUSE.not_judged("a backward pass from a loss with a graph")
    turned = -1 if signs.step.maximize else 1
    criteria = {
        op: sign for g in graphs[:3] for op, sign in g.signs.items() if op.endswith("LossBackward") or "Entropy" in op
    }
    if not criteria and graphs[0].criterion_op in ("PowBackward", "AbsBackward"):
        criteria = {graphs[0].criterion_op: graphs[0].sign}
    if criteria and all(sign * turned < 0 for sign in criteria.values()):
        op = next(iter(criteria)).removesuffix("Backward")
        how = "the optimizer was told to maximise it" if turned < 0 else "it enters the backward pass with a minus sign"
        return finding(
            CAUSE.id,
            f"The loss is made as large as possible: {how} ({op}).",
            [
                ("sign with which the loss is minimised", -1, "+1"),
                ("loss at the start", signs.loss.start, ""),
                ("loss at the end", signs.loss.end, "below the start"),
            ],
            confidence=0.97,
            where=loss_place(signs),
            since_step=0,
            panels=("loss",),
        )
    if turned < 0:
        return CAUSE.healthy("the optimizer maximises, and what it maximises is no loss with a minus to spare")
    flipped = [u for u in signs.step.uses if u.flipped]
    if len(signs.step.uses) >= 2 and len(flipped) > 0.5 * len(signs.step.uses):
        return finding(
            CAUSE.id,
            "The gradients are turned round between the backward pass and the step: the update climbs.",
            [
                (
                    "updates whose gradient points the other way than after backward(), share",
                    len(flipped) / len(signs.step.uses),
                    "0",
                )
            ],
            confidence=0.97,
            where=loss_place(signs),
            panels=("loss", "updates"),
        )
    # Momentum may carry an update uphill for a while; the first one goes down, unless the sign is wrong.
    plain = signs.step.optimizer is None or (not signs.step.scale_free and signs.step.momentum == 0)
    along = signs.update.along_gradient if plain else signs.update.first_along_gradient
    if along < -0.3 and signs.update.count >= 3:
        return finding(
            CAUSE.id,
            f"The weights move along the gradient instead of against it (cosine of update and descent {along:.2f}).",
            [
                ("cosine between the update and the negative gradient", along, "> 0"),
                ("loss at the start", signs.loss.start, ""),
                ("loss at the end", signs.loss.end, "below the start"),
            ],
            confidence=0.97 if _rises(signs) else 0.7,
            severity="error" if _rises(signs) else "warning",
            where=loss_place(signs),
            panels=("updates", "loss"),
        )
    first = graphs[0]
    unbounded = _unbounded(signs)
    if (
        unbounded is not None
        and not any(sign > 0 for op, sign in first.signs.items() if op in ("PowBackward", "AbsBackward"))
        and "PowBackward" in first.signs
    ):
        start, end = unbounded
        return finding(
            CAUSE.id,
            f"The squared error enters the loss with a minus sign, and the loss falls without end (from {start:.3g} to {end:.3g}): "
            "the likelihood is minimised, not its negative.",
            [
                ("sign of the squared error in the loss", -1, "+1"),
                ("loss at the start", start, ""),
                ("loss at the end", end, "bounded below"),
            ],
            confidence=0.93,
            where=criterion_place(signs),
            since_step=0,
            panels=("loss",),
        )
    logs = {op: sign for op, sign in first.signs.items() if op in LOGS}
    if not criteria and logs and all(sign > 0 for sign in logs.values()) and signs.loss.count:
        value = signs.loss.value
        if value[0] <= 0 and value[-1] < value[0] - 0.5 * abs(value[0]):
            return finding(
                CAUSE.id,
                "The log-likelihood itself is minimised: the right answers are made ever less likely "
                f"(from {value[0]:.3g} to {value[-1]:.3g}).",
                [
                    ("sign of the log-probability in the loss", 1, "-1"),
                    ("loss at the start", float(value[0]), "> 0"),
                    ("loss at the end", float(value[-1]), "towards 0"),
                ],
                confidence=0.95,
                where=criterion_place(signs),
                since_step=0,
                panels=("loss",),
            )
    return CAUSE.healthy("the loss enters with a plus sign and the updates go down its gradient")


def _unbounded(signs: Signs) -> tuple[float, float] | None:
    """(start, end) of a loss that falls below zero and ever faster."""
    value = signs.loss.value
    if len(value) < 10 or not (value[-1] < 0 and value[-1] < value[0] - 10 * max(1.0, abs(value[0]))):
        return None
    half, last = value[len(value) // 2], value[-1]
    return (float(value[0]), float(last)) if last < 2 * half < 0 or not last > -float("inf") else None


def _rises(signs: Signs) -> bool:
    return not signs.loss.count or not signs.loss.end < signs.loss.start


CAUSE = Cause("wrong-sign", judge, __doc__, needs=("graph", "updates"), fixes=("flip-sign", "change-setting"))
