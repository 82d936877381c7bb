"""The schedule brings the learning rate to nothing before the run has learned."""

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
        return ruled_out(CAUSE, signs, "drop-scheduler") if not learned(signs) else CAUSE.healthy("the run is done when the rate falls")
    if when is not None and when < 0.5 and (signs.loss.skill or 0) < 0.5:
        return finding(
            CAUSE.id,
            f"{schedule} has brought the learning rate from {step.lr_peak:.3g} to {step.lr_end:.3g}, below 1% from step "
            f"{dead} of {last:.0f}, and the run had not learned yet.",
            evidence, confidence=0.7, severity="warning", proof="statistics", where=where, since_step=dead,
            panels=("rate", "loss"),
        )  # fmt: skip
    return ruled_out(CAUSE, signs, "drop-scheduler")


CAUSE = Cause("scheduler-kills-lr", judge, __doc__, needs=("rate", "what-if"), fixes=("drop-scheduler", "step-scheduler-per-epoch"))
