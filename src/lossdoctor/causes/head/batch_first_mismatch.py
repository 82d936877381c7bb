"""Batch and time are swapped at a recurrent layer."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place


def judge(signs: Signs) -> Judgement:
    calls = [c for c in signs.wiring.calls if not c.packed and len(c.input_shape) == 3 and not c.cell.endswith("cell")]
    if not calls:
        return CAUSE.healthy("no recurrent layer over a padded batch") if signs.wiring.calls else CAUSE.not_judged("a recurrent layer")
    probe = signs.time.dependence
    if probe is None or not probe.ok:
        reason = probe.facts.get("reason", "") if probe is not None else "the run was not probed"
        return CAUSE.not_judged(f"a probe of which inputs each output depends on ({reason})")
    cross = probe.numbers["cross"]
    call = calls[0]
    batch_axis = int(probe.facts["batch_axis"])
    shape = tuple(int(v) for v in probe.facts["input"].split("x"))
    time_axis_of_layer = 1 if call.batch_first else 0
    own = probe.numbers["own"]
    if cross <= 0:
        return CAUSE.healthy("the output of a sample depends on no other sample")
    same_layout = len(shape) >= 2 and tuple(call.input_shape[:2]) == shape[:2]
    swapped = same_layout and time_axis_of_layer == batch_axis
    one_way = min(probe.numbers["to_earlier"], probe.numbers["to_later"]) == 0 or call.bidirectional
    if not swapped and not (probe.numbers["own_index_only"] > 0.5 and one_way):
        return CAUSE.healthy("samples depend on each other, but not in the pattern of swapped axes")
    fine = learned(signs)
    samples, steps = call.input_shape[batch_axis], call.input_shape[1 - batch_axis]
    return finding(
        CAUSE.id,
        f"The recurrent layer runs over the batch instead of over time: its input {call.input_shape} is read with "
        f"batch_first={call.batch_first}, so the {samples} samples are its time steps.",
        [
            ("outputs that depend on another sample, share of pairs", cross, "0"),
            ("share of its own time steps that an output depends on", own, "near 1"),
            ("what the layer takes for time steps", samples, f"{steps}"),
        ],
        confidence=0.6 if fine else 0.96,
        severity="warning" if fine else "error",
        where=recurrent_place(signs),
        since_step=0,
        panels=("loss",),
    )


CAUSE = Cause("batch-first-mismatch", judge, __doc__, needs=("dependence",), fixes=("set-batch-first",))
