"""There is a NaN or an infinity in what the net is fed."""

from __future__ import annotations

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place


def judge(signs: Signs) -> Judgement:
    if not signs.fed.batches:
        return CAUSE.not_judged("captured batches")
    for what, bad in (("inputs", signs.fed.bad_inputs), ("targets", signs.fed.bad_targets)):
        if bad is None:
            continue
        number, count, feature = bad
        broken = signs.loss.first_bad is not None
        step = int(signs.loss.steps[signs.loss.first_bad]) if signs.loss.first_bad is not None else None
        return finding(
            CAUSE.id,
            f"The {what} hold numbers that are none: batch {number} has {count} NaN or Inf"
            + (f" (first in feature {feature})" if what == "inputs" else "")
            + (f"; the loss is no number from step {step} on." if broken else "; the loss stays finite."),
            [
                (f"NaN or Inf among the {what} of batch {number}", count, "0"),
                ("first step with a loss that is no number", step, "none"),
            ],
            confidence=0.97 if broken else 0.5,
            severity="error" if broken else "warning",
            where=criterion_place(signs) if what == "targets" else recurrent_place(signs),
            since_step=step,
            panels=("inputs" if what == "inputs" else "targets", "loss"),
        )
    return CAUSE.healthy(f"no NaN or Inf in {len(signs.fed.batches)} captured batches")


CAUSE = Cause("nan-in-data", judge, __doc__, needs=("inputs", "targets"), fixes=("impute",))
