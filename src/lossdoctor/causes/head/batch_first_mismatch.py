"""Batch and time are swapped at a recurrent layer.

## What happens
PyTorch's recurrent layers expect (time, batch, features) unless told `batch_first=True`. Fed (batch, time,
features) without it, the layer runs its recurrence over the samples of the batch: sample 5 gets the state of
sample 4, and the time steps of one sample never meet.

## How it looks
- No error: the shapes fit either way.
- The loss stays near that of a constant guess, or learns what a single time step tells.
- The result changes with the order of the batch, and evaluating one sample at a time gives other answers.

## Why it keeps the loss from falling
With `out[:, -1]` each answer sees the last time step of its own sample and of those before it in the batch,
which are noise. The history that decides is not on the path.

## How lossdoctor tells
Three ways, the surest first. Where the targets are the inputs one step on (next token, next value), the data
say which axis is time: if the layer works through the other one and the run has not learned, that is an error.
By intervention: the arm `set-batch-first` reads the input the other way and leads the panel. Else by
dependence, on a copy: an output must depend on no other sample. If it does, and the layer's time axis is the
batch axis of what the model was fed (or most outputs see only the time step of their own index in the batch,
and samples depend on each other one way), that is a finding; a warning where the run
learns well. Where the targets' shape does not tell which axis is the batch, only the pattern counts. Healthy: no
output depends on another sample, they depend on each other in another pattern, or no recurrent layer gets a
padded batch. Not judged: no recurrent layer seen, or the probe could not be made.
## Not to be confused with
- `axes-mixed`: a view or reshape scatters values; the pattern is no swap.
- `wrong-timestep`: the axes are right, the output is read at the wrong end.
- Batch norm in training mode, which mixes all samples at all times; (time, batch) on purpose.

## What to do
`set-batch-first`: set it on every recurrent layer, and read the output to match.
Where a settings file asks for it: `change-setting`.

    self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
    out, (h, c) = self.lstm(x)             # x: (batch, time, features)
    y = self.head(out[:, -1])              # h keeps (layers, batch, hidden) in any case: h[-1]

Or transpose: `self.lstm(x.transpose(0, 1))`. Keras' recurrent layers are always (batch, time, features).

## References
- PyTorch documentation, torch.nn.LSTM.
- Karpathy 2019, A recipe for training neural networks ("use backprop to chart dependencies").
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.arms import ArmSign
from ...signs.layout import time_axis_by_shift
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, severity


def judge(signs: Signs) -> Judgement:
    calls = [c for c in signs.wiring.calls if not c.packed and len(c.input_shape) == 3 and not c.cell.endswith("cell")]
    if not calls:
        return (
            CAUSE.healthy("no recurrent layer over a padded batch")
            if signs.wiring.calls
            else CAUSE.not_judged("a recurrent layer")
        )
    flipped = lead(signs, "set-batch-first")
    axis = time_axis_by_shift(signs)
    if flipped is not None or (axis is not None and axis != (1 if calls[0].batch_first else 0) and not learned(signs)):
        return _by_arm(signs, calls[0].batch_first, calls[0].input_shape, flipped, axis)
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
    if axis is not None and axis == time_axis_of_layer:
        return CAUSE.healthy("the targets are the inputs one step on along the axis that the layer works through")
    # Targets in one flat row, or as many samples as steps: the shapes do not tell which axis is which. The pattern does
    # (an output sees the samples before it alone), where there is one output for each sample.
    term = signs.loss.term
    single = (
        term is not None
        and term.target_shape[:1] == (shape[batch_axis],)
        and shape[1 - batch_axis] not in term.target_shape[1:]
    )
    told = single and one_way and not call.bidirectional
    if probe.facts.get("axis") == "guessed" and not told:
        return CAUSE.not_judged("targets whose shape tells which axis of the input is the batch")
    sure = not fine
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
        confidence=0.96 if sure else 0.5,
        severity="error" if sure else "warning",
        where=recurrent_place(signs),
        since_step=0,
        panels=("loss",),
    )


def _by_arm(
    signs: Signs, batch_first: bool, shape: tuple[int, ...], arm: ArmSign | None, axis: int | None
) -> Judgement:  # fmt: skip
    wrong = 1 if batch_first else 0
    evidence: list[tuple[str, float | int | str | bool | None, str]] = []
    if axis is not None:
        evidence += [
            ("axis along which the targets are the inputs one step on", axis, ""),
            (f"axis that the layer works through (batch_first={batch_first})", wrong, f"{axis}"),
        ]
    if arm is not None:
        evidence += arm_evidence(signs, arm)
    sure = axis is not None and axis != wrong
    return finding(
        CAUSE.id,
        f"The recurrent layer works through the wrong axis: its input {shape} is read with batch_first={batch_first}, so that "
        f"the {shape[wrong]} samples of a batch become its time steps"
        + (f"; read the other way, the same steps reach skill {arm.skill:.2f}." if arm is not None else "."),
        evidence,
        confidence=0.95 if sure else (confidence(signs, arm, False) if arm is not None else 0.5),
        severity="error" if sure or arm is None else severity(signs, arm),
        proof="structure" if sure else "intervention",
        where=recurrent_place(signs),
        since_step=0,
        panels=("what-if", "loss"),
    )


CAUSE = Cause("batch-first-mismatch", judge, __doc__, needs=("dependence",), fixes=("set-batch-first", "change-setting"))
