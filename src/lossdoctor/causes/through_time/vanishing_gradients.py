"""What decides the target lies further back than the gradient reaches."""

from __future__ import annotations

import math

from ...signs import Signs
from ...signs.memory import needed_lag
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    horizon = signs.time.horizon()
    window = signs.time.steps_seen
    if not math.isfinite(horizon) or window < 6:
        return CAUSE.not_judged("a recurrent layer over at least six steps that a replay can follow")
    if learned(signs):
        return CAUSE.healthy(f"the run learns; its gradient reaches {horizon:.0f} of {window} steps back")
    arms = [a for a in signs.arms if a.fix == "reinit" and (a.args.get("chrono") or a.args.get("orthogonal")) and a.helps]
    plain = signs.arm("reinit", how="standard")
    best = max(arms, key=lambda a: a.skill or -9, default=None)
    need = needed_lag(signs)
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("memory horizon: steps back at which the gradient has fallen to a thousandth", horizon, f"at least the lag that matters, of {window}"),
    ]
    if need is not None:
        evidence.append(("lag at which the inputs tell the target (ridge on lags)", need.lag, "within the horizon"))
        evidence.append(("skill of a ridge on inputs beyond the horizon alone", need.beyond, ""))
    if best is not None and horizon < 0.9 * window and (plain is None or (plain.skill or -9) < (best.skill or -9) - 0.1):
        others = [a.skill or -9 for a in signs.arms if a.took_hold and a.fix != "reinit"]
        if (best.skill or -9) >= max(others, default=-9) - 0.1:
            return finding(
                CAUSE.id,
                f"The gradient vanishes: it reaches {horizon:.0f} of {window} steps back; with gates made for long memory the "
                f"same steps reach skill {best.skill:.2f}.",
                [*evidence, *arm_evidence(signs, best)],
                confidence=confidence(signs, best, need is not None and need.lag > horizon),
                severity=severity(signs, best), proof="intervention", where=recurrent_place(signs),
                panels=("through-time", "gates", "what-if"),
            )  # fmt: skip
    if need is not None and need.lag > horizon and need.beyond > 0.25 and need.within < 0.5 * need.beyond:
        if (signs.loss.skill or 0) < 0.5 * need.beyond:
            return finding(
                CAUSE.id,
                f"The gradient vanishes before it reaches what matters: the target hangs on inputs {need.lag} steps back, and "
                f"after {horizon:.0f} steps a thousandth of the gradient is left.",
                evidence, confidence=0.85, where=recurrent_place(signs), panels=("through-time", "gates"),
                severity="error" if (signs.loss.skill or 0) < 0.2 else "warning", proof="bound",
            )  # fmt: skip
    if horizon >= 0.9 * window:
        return CAUSE.healthy(f"the gradient reaches over the whole window of {window} steps")
    if need is not None and need.lag <= horizon:
        return CAUSE.healthy(f"what tells the target lies {need.lag} steps back, within the horizon of {horizon:.0f}")
    return ruled_out(CAUSE, signs, "reinit")


CAUSE = Cause("vanishing-gradients", judge, __doc__, needs=("replay", "data", "what-if"), fixes=("reinit", "swap-cell"))
