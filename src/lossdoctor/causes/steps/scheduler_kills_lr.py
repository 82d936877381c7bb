"""The schedule brings the learning rate to nothing before the run has learned.

## What happens
The learning rate starts well and is brought to nothing while there is still something to learn: a scheduler
meant for epochs is stepped on every batch, `gamma` is too small, or `ReduceLROnPlateau` is fed the noisy loss
of single batches and takes each upward flicker for a plateau.

## How it looks
- The loss falls for a while and then freezes, completely and for good; even its noise settles.
- Printed with few digits, the rate is 0.0000.
- The step at which it freezes does not depend on the data, but on the number of batches.

## Why it keeps the loss from falling
With a rate below a hundredth of its peak, all the steps that remain together move the weights less than a few
of the first ones. `ExponentialLR(gamma=0.9)` on 100 batches leaves 0.00003 of the rate after one epoch.

## How lossdoctor tells
By the rate recorded at each update, and by intervention: the arm `drop-scheduler` holds the rate and repeats
the same steps. If it leads the panel, that is the finding; confidence is higher if the rate fell below 1% of
its peak before half of the run. Without that arm there is a warning when it did so and the skill is below 0.5.
Healthy: the rate ends above half of its peak, the run had learned when it fell, or a held rate does no better.
Not judged: no optimizer with a rate above 0, or no panel.

## Not to be confused with
- `lr-too-low`: the rate is small from the start.
- `too-few-epochs`: the rate is alive at the end and the curve is still falling.
- Annealing to 0 at the end of a run that is done: planned, and good.

## What to do
`step-scheduler-per-epoch`: once for each epoch, outside of the batch loop; or keep it per batch and give it the
number of batches. `drop-scheduler`: begin without any. `replace-scheduler`: one that lasts for the whole run.

    for epoch in range(epochs):
        for x, y in loader:
            train_step(x, y)
        scheduler.step()                           # plateau: scheduler.step(validation_loss)

Keras: `ExponentialDecay(decay_steps=...)` counts batches; the `ReduceLROnPlateau` callback works by epochs.

## References
- PyTorch documentation, torch.optim: How to adjust learning rate.
- Loshchilov, Hutter 2017, SGDR: stochastic gradient descent with warm restarts (arXiv 1608.03983).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity

DEAD = 0.01
"""A rate below a hundredth of its peak does nothing any more."""


def judge(signs: Signs) -> Judgement:
    step = signs.step
    if not step.count or not step.lr_peak > 0:
        return CAUSE.not_judged("an optimizer with a learning rate")
    dead = step.lr_below(DEAD)
    where = place(signs.wiring.where("scheduler"))
    arm = lead(signs, "drop-scheduler")
    fell = step.lr_end < 0.5 * step.lr_peak
    if not fell:
        return CAUSE.healthy(f"the rate stayed between {step.lr_end:.3g} and {step.lr_peak:.3g}")
    last = float(step.steps[-1]) if step.count else 0.0
    when = dead / max(1.0, last) if dead is not None else None
    schedule = step.schedulers[-1].cls if step.schedulers else "a schedule"
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("learning rate at its peak", step.lr_peak, ""),
        ("learning rate at the end", step.lr_end, "small only when the run is done"),
    ]
    if dead is not None:
        evidence.append(("step at which it fell below 1% of its peak", dead, f"near the last, {last:.0f}"))
    if arm is not None:
        return finding(
            CAUSE.id,
            f"{schedule} kills the learning rate: it falls from {step.lr_peak:.3g} to {step.lr_end:.3g}"
            + (f", below 1% from step {dead} of {last:.0f}" if dead is not None else "")
            + f"; held, the run reaches skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), *evidence],
            confidence=confidence(signs, arm, when is not None and when < 0.5),
            severity=severity(signs, arm),
            proof="intervention",
            where=where,
            since_step=dead,
            panels=("rate", "what-if", "loss"),
        )
    if signs.arm("drop-scheduler") is not None or learned(signs):
        return (
            ruled_out(CAUSE, signs, "drop-scheduler")
            if not learned(signs)
            else CAUSE.healthy("the run is done when the rate falls")
        )
    if when is not None and when < 0.5 and (signs.loss.skill or 0) < 0.5:
        return finding(
            CAUSE.id,
            f"{schedule} has brought the learning rate from {step.lr_peak:.3g} to {step.lr_end:.3g}, below 1% from step "
            f"{dead} of {last:.0f}, and the run had not learned yet.",
            evidence, confidence=0.7, severity="warning", proof="statistics", where=where, since_step=dead,
            panels=("rate", "loss"),
        )  # fmt: skip
    return ruled_out(CAUSE, signs, "drop-scheduler")


CAUSE = Cause(
    "scheduler-kills-lr", judge, __doc__, needs=("rate", "what-if"), fixes=("drop-scheduler", "step-scheduler-per-epoch", "replace-scheduler")
)
