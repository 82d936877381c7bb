"""One term of the loss drowns the one that matters.

## What happens
The loss is a sum: the error, and a penalty on weights or activities, a KL term, an auxiliary task. One weight is
far off, so that nearly all of the gradient serves the other term.

## How it looks
- The total falls at once and stands still; the part that matters does not move.
- A KL term at zero (the latent code has collapsed), activities at zero, one of two tasks at chance.
- The printed total looks fine, because it is the other term that fell.

## Why it keeps the loss from falling
The weights go where the sum is smallest. If keeping a penalty at zero is worth more than any error, the best net
is one that says the same for every input.

## How lossdoctor tells
It compares the total with the loss functions that were called for it: their weights in the sum, and what of it
none of them explains. By intervention: the arm `weigh-loss-term` keeps one of them and counts all the rest a
millionth, at each backward pass, and must lead the panel. An error needs it to win at least half of the missing
skill while the run has less than 0.25. Healthy: the loss is a single function, or it does no better alone. Not
judged: a loss that no function of torch has a part in, or no panel.

## Not to be confused with
- `weight-decay-too-high`: the same pull, but in the optimizer.
- `wrong-loss`: the one term that there is does not fit the task.
- `capacity-too-small`: two tasks that do not fit into one net.

## What to do
`weigh-loss-term`: log the terms apart; start with a weight at which the other term is a tenth of the error, and
raise it slowly (annealing).

    error = criterion(output, y)
    penalty = kl_divergence(mu, logvar)
    loss = error + min(1.0, step / 5000) * 0.01 * penalty

Keras: `loss_weights=` of `compile`, and the layers' `activity_regularizer`.

## References
- Bowman et al. 2016, Generating sentences from a continuous space (arXiv 1511.06349): KL annealing.
- Kendall, Gal, Cipolla 2018, Multi-task learning using uncertainty to weigh losses (arXiv 1705.07115).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.net import composition
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if not signs.loss.count or signs.loss.term is None or signs.loss.term.by_hand:
        return CAUSE.not_judged("a loss in which a loss function of torch has a part")
    made = composition(signs)
    if made is None:
        return CAUSE.healthy("the loss is a single loss function")
    arm = lead(signs, "weigh-loss-term")
    if arm is None:
        return ruled_out(CAUSE, signs, "weigh-loss-term")
    keep = int(arm.args.get("keep", 0))
    term = made.terms[keep] if keep < len(made.terms) else made.terms[0]
    original = arm.original if arm.original is not None else -1.0
    hard = severity(signs, arm)
    return finding(
        CAUSE.id,
        f"The rest of the loss drowns {term.fn}: with it at a millionth, the same {arm.steps} steps bring {term.fn} to skill "
        f"{arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            (f"share of {term.fn} in the loss at the start", term.share, "most of it"),
            (f"share of what was added by hand at the start, of {term.fn} and it", made.rest, ""),
            ("the same at the end", made.rest_end, ""),
        ],
        confidence=confidence(signs, arm, term.share < 0.5),
        severity="warning" if hard == "error" and original > 0.25 else hard,
        proof="intervention", where=loss_place(signs), panels=("what-if", "loss"),
    )  # fmt: skip


CAUSE = Cause("loss-term-dominates", judge, __doc__, needs=("loss", "what-if"), fixes=("weigh-loss-term",))
