"""How an intervention becomes a finding: the arm that names the cause, beside the run as it was."""

from __future__ import annotations

from ..signs import Signs
from ..signs.arms import LEARNS, ArmSign
from ..signs.standing import leading_arm
from ..words import Judgement
from ..words.finding import Severity
from .cause import Cause

Evidence = list[tuple[str, float | int | str | bool | None, str]]


def lead(signs: Signs, *fixes: str) -> ArmSign | None:
    """The leading arm of the panel, if it is one of these fixes."""
    arm = leading_arm(signs)
    return arm if arm is not None and arm.key in fixes else None


def arm_evidence(signs: Signs, arm: ArmSign) -> Evidence:
    """The paired numbers: skill with and without, over the same steps, and what the others did."""
    evidence: Evidence = [
        (f"skill after {arm.steps} steps, {arm.title}", arm.skill, "above 0.2 is learning"),
        ("skill after the same steps as it is", arm.original, ""),
    ]
    if arm.held_skill is not None and signs.loss.held_skill is not None:
        evidence.append((f"held-back skill, {arm.title}", arm.held_skill, ""))
        evidence.append(("held-back skill as it is", signs.loss.held_skill, ""))
    return evidence


def fits_a_few(signs: Signs) -> Evidence:
    """What became of the arm that saw a few batches again and again: can this net, as it is trained, learn anything?"""
    arm = next((a for a in signs.arms if a.fix == "few-batches" and a.took_hold and a.skill is not None), None)
    return [] if arm is None else [(f"skill after {arm.steps} steps on {arm.title}", arm.skill, "near 1 where net and steps are sound")]


BRAKES = frozenset({"set-weight-decay", "drop-scheduler", "loosen-clip"})
"""Fixes that take away what the script itself has put in a run's way."""
BRAKED = 0.2


def severity(signs: Signs, arm: ArmSign) -> Severity:
    """Error only where the run does not learn and the arm does (law 3). One that learns, and would learn much more if it did not
    hold itself back, is warned."""
    original = arm.original if arm.original is not None else -1.0
    if arm.cures and original < 0.5:
        return "error"
    if arm.fix in BRAKES and arm.cures and (arm.skill or 0.0) - original >= BRAKED:
        return "warning"
    return "warning" if original < 0.6 or (signs.loss.held_skill is not None and signs.loss.held_skill < 0.3) else "note"


def confidence(signs: Signs, arm: ArmSign, backed: bool) -> float:
    """How sure an arm makes us: by how much it wins, and whether an independent sign points the same way."""
    base = 0.6 + 0.3 * min(1.0, max(0.0, arm.gain))
    if backed:
        base += 0.06
    if arm.skill is not None and arm.skill < LEARNS:
        base -= 0.25
    return round(min(0.97, max(0.2, base)), 2)


def ruled_out(cause: Cause, signs: Signs, *fixes: str) -> Judgement:
    """The answer where none of these arms leads."""
    arms = [a for a in signs.arms if a.key in fixes]
    held = [a for a in arms if a.took_hold and a.skill is not None]
    if held:
        best = max(held, key=lambda a: a.skill or -9)
        return cause.healthy(f"{best.title}: {best.outcome} (skill {best.skill:.2f}, as it is {_number(best.original)})")
    if arms:
        return cause.not_judged(f"an arm that takes hold ({arms[0].note or 'it did not'})")
    if signs.panel_asked:
        return cause.healthy("nothing pointed to it, so the panel did not ask")
    return cause.not_judged("the what-if panel (lossdoctor check, without --no-panel)")


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2f}"
