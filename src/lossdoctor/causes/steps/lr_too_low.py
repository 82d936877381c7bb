"""The learning rate is too low.

## What happens
Every step goes in the right direction and is too short. The descent is real, and would take ten or a thousand
times as many steps as the run has.

## How it looks
- The loss falls steadily and almost in a straight line, in its third or fourth digit.
- Training and held-back loss fall together; there is no noise to speak of and no plateau.
- Plain SGD at 0.01, a usual default, is often ten times too slow for a recurrent net.

## Why it keeps the loss from falling
The way that the weights can go is bounded by the sum of the rates. Under Adam no weight moves farther than
about rate times steps (3.2 times that at the very most), so at 1e-5 a thousand steps cannot change a weight by
0.1.

## How lossdoctor tells
A rate of exactly 0 is an error by itself. Otherwise by intervention: the same steps from the same start at a
higher rate (arm `raise-lr`) must lead the panel. An error needs it to win at least half of the missing skill
while the run itself stays below skill 0.5. First updates below a thousandth of the weights' size raise the
confidence; they prove nothing alone (a good SGD starts between 4e-3 and 4e-2, Adam near 1.4e-2, and an SGD ten
times too slow at 6e-4). When the run is short and its steps are of the usual size, the answer is
`too-few-epochs`; where it was ended by the watch, nothing is said. Healthy: the run learns, or a higher rate does no better. Not judged: no panel, or
a short stretch.

## Not to be confused with
- `too-few-epochs`: the steps are of the usual size, there are just not enough of them.
- `scheduler-kills-lr`: the rate starts well and falls. `clip-too-tight`: the clip makes the step small.
- `vanishing-gradients`, and plateau tasks: no rate helps.

## What to do
`raise-lr`: times ten until the loss becomes unstable, then back to a third.

    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)    # instead of lr=0.01
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)                # or let Adam find the scale

Keras: `keras.optimizers.Adam(learning_rate=1e-3)`; its SGD defaults to 0.01.

## References
- Smith 2017, Cyclical learning rates (the range test; arXiv 1506.01186).
- Kingma, Ba 2015, Adam, section 2.1: the bound of a step (arXiv 1412.6980).
- Schneider et al. 2021, Cockpit (arXiv 2102.06604).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.arms import ArmSign
from ...signs.standing import early_update_ratio, learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity
from .too_few_epochs import FEW, USUAL_STEP, stopped_early


def judge(signs: Signs) -> Judgement:
    rate = signs.step.lr_peak
    if signs.step.count and signs.step.lr_peak == 0:
        return finding(
            CAUSE.id, "The learning rate is 0: no step moves anything.", [("learning rate", 0.0, "> 0")],
            confidence=0.98, where=loss_place(signs), since_step=0, panels=("rate",),
        )  # fmt: skip
    arm = lead(signs, "raise-lr")
    if arm is not None and _cut_short(signs, arm):
        return CAUSE.not_judged(f"more than the {signs.updates} updates that were watched, whose steps are of the usual size")
    if arm is not None and not stopped_early(signs, arm):
        factor = float(arm.args.get("factor", 10))
        return finding(
            CAUSE.id,
            f"The learning rate {rate:.3g} is about {factor:.0f} times too low: after {arm.steps} steps the skill is "
            f"{_number(arm.original)}; at {rate * factor:.3g}, all else equal, it is {arm.skill:.2f}.",
            [
                *arm_evidence(signs, arm),
                ("update / weight at each of the first steps", signs.update.ratio(0, 10), "about 1e-3 to 2e-2"),
            ],
            confidence=confidence(signs, arm, signs.update.ratio(0, 10) < 1e-3),
            severity=severity(signs, arm),
            proof="intervention",
            where=loss_place(signs),
            panels=("what-if", "loss", "updates"),
        )
    if learned(signs) and not signs.arms:
        return CAUSE.healthy(f"the run learns at its rate {rate:.3g}")
    if arm is not None:
        return CAUSE.healthy(
            "a higher rate does better, but the run is short and its steps are of the usual size: too-few-epochs"
        )
    return ruled_out(CAUSE, signs, "raise-lr")


def _cut_short(signs: Signs, arm: ArmSign) -> bool:
    """Did we end the run, after so few updates of the usual size that a faster one is only ahead?"""
    by_us = signs.ended is not None and signs.ended.how == "stopped"
    usual = early_update_ratio(signs) >= USUAL_STEP and float(arm.args.get("factor", 10)) <= 10
    return by_us and usual and signs.updates <= FEW


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"


CAUSE = Cause("lr-too-low", judge, __doc__, needs=("loss", "what-if"), fixes=("raise-lr",))
