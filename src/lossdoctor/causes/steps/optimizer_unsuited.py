"""This optimizer gets nowhere here, where another does.

## What happens
This optimizer, at any sensible rate, gets nowhere on this net, and another one with the same number of steps
does. Nearly always it is plain SGD on a problem whose gradients differ by orders of magnitude between layers,
gates or words.

## How it looks
- The loss is slow or stuck at one rate and unstable at the next higher one; there is no good rate in between.
- Frequent words or classes are learned, rare ones never move.
- Embedding, recurrent and output weights have gradient norms that are a thousandfold apart.

## Why it keeps the loss from falling
SGD has one rate for all weights. The steepest direction limits it, and the flat ones (rare tokens, far time
steps, gates at their ends) get steps of next to nothing. Adam divides each gradient by its own usual size.

## How lossdoctor tells
By intervention: two arms, `swap-optimizer` with Adam at 1e-3 and at 1e-2, run the same steps, and the better must
lead the panel, ahead of the arms with the same optimizer at other rates; the best of those is shown beside it. Where a change of the rate
does about as well, the rate is the answer, being the smaller change. An error only where the run, and every rate
tried, stays below skill 0.2. Healthy: the optimizer adapts its steps
already (Adam, RMSprop and their kin), or Adam does no better. Not judged: no optimizer that steps, or no panel.

## Not to be confused with
- `lr-too-low`, `lr-too-high`: then a rate alone cures; try that first.
- `unscaled-inputs`, `bad-init`: a badly scaled problem that Adam hides; scaling cures it for SGD as well.
- LBFGS on full batches, and SGD with momentum and a schedule, are fine where they learn.

## What to do
`swap-optimizer`: Adam, or AdamW where you want weight decay, with the rate set anew; a rate for SGD does not
carry over.

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

Remove what was tuned for SGD (momentum, a large weight decay). `set-momentum`: where it has to be SGD, 0.9 at least.
Keras: `model.compile(optimizer="adam", ...)`.

## References
- Kingma, Ba 2015, Adam: a method for stochastic optimization (arXiv 1412.6980).
- Kunstner et al. 2024, Heavy-tailed class imbalance and why Adam outperforms gradient descent on language
  models (arXiv 2402.19449).
- Zhang et al. 2020, Why are adaptive methods good for attention models? (arXiv 1912.03194).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.arms import LEARNS
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if not signs.step.count:
        return CAUSE.not_judged("an optimizer that steps")
    if signs.step.scale_free:
        return CAUSE.healthy(f"{signs.step.optimizer_name} adapts its steps")
    arm = lead(signs, "swap-optimizer")
    if arm is not None:
        rates = signs.best_arm("lower-lr", "raise-lr")
        own = max([signs.loss.skill or 0.0, *([rates.skill] if rates is not None and rates.skill is not None else [])])
        so_far = "gets nowhere at any rate tried" if own < LEARNS else f"gets to skill {own:.2f} at the best rate tried"
        return finding(
            CAUSE.id,
            f"{signs.step.optimizer_name} {so_far}; Adam reaches skill {arm.skill:.2f} in the same steps.",
            [
                *arm_evidence(signs, arm),
                ("best skill with the same optimizer at another rate", rates.skill if rates is not None else None, ""),
            ],
            confidence=confidence(signs, arm, rates is not None) - 0.05,
            severity=severity(signs, arm) if own < LEARNS else "note",
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if",),
        )
    return ruled_out(CAUSE, signs, "swap-optimizer")


CAUSE = Cause("optimizer-unsuited", judge, __doc__, needs=("updates", "what-if"), fixes=("swap-optimizer", "set-momentum"))
