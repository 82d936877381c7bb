"""Most of what the loss or the state sees is padding.

## What happens
Short sequences are filled up to the length of the longest, and the net treats the filling as data: it runs on
over dozens of empty steps before it is read, or most terms of its loss ask it to answer padding.

## How it looks
- A label for each sequence: the loss stays at a constant guess, though short sequences should be easy.
- A label for each step: a wonderful loss and accuracy, and the labels that matter are never right.
- Sorting by length, packing, or a smaller maximal length changes everything.

## Why it keeps the loss from falling
A default LSTM forgets half of its state a step: after 20 steps of padding a millionth is left of what it read,
and as little of the gradient gets back. In a loss over all steps, the empty ones outvote the others.

## How lossdoctor tells
From the captured inputs: at least 30% of the steps are one value at the end of the sequences, which are of unequal
length, or all end in the same empty steps; and no recurrence is given lengths. By intervention, for one target a sequence: the arm `mask-padding` moves the
padding to the front; it must lead the panel. For a target a step: more than half of the terms of the loss are
padding (not left out by `ignore_index`), and the skill on the others, against their own best constant, is
below 0.5; an error needs the arm `mask-padding` (padding left out of the loss) to win at least 0.2 there, to
above 0.2; without a gain it is healthy. Healthy: little padding, padding in front, lengths given, or real
steps that are learned. Not judged: no input batches, or no panel. Of a data file alone it is a warning.

## Not to be confused with
- `wrong-timestep`: the same picture where little padding is enough; the cure there is another step to read.
- `vanishing-gradients`: what decides is far back, with real inputs in between.
- `class-imbalance`: the common label is that of real steps.
- `sequence-too-long`: real steps that do not matter.

## What to do
`mask-padding`: leave padding out of the loss, and of the state. `pack`: pack the sequences, or read each at its own end.

    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    output, (h, c) = lstm(packed)
    targets[torch.arange(T)[None, :] >= lengths[:, None]] = -100
    criterion = torch.nn.CrossEntropyLoss(ignore_index=-100)

`last-valid-step`: read the output at each sequence's own last step. Batches of similar lengths need less
padding. Keras: `Masking()` or `Embedding(mask_zero=True)`; a layer that
does not pass the mask on ends it.

## References
- PyTorch documentation of `torch.nn.utils.rnn.pack_padded_sequence`.
- Dwarampudi, Reddy 2019, Effects of padding on LSTMs and CNNs (arXiv 1903.07288).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.padding import Padding, padding
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    if not signs.fed.inputs:
        return CAUSE.not_judged("input batches")
    if signs.data is not None and signs.data.form == "series":
        return CAUSE.healthy("windows that are cut from a series have no padding")
    pads = padding(signs)
    if pads is None:
        return CAUSE.healthy("few steps at the end of the sequences are padding")
    return _by_step(signs, pads) if pads.by_step else _at_the_end(signs, pads)


def _at_the_end(signs: Signs, pads: Padding) -> Judgement:
    if pads.packed:
        return CAUSE.healthy(f"{pads.share:.0%} of the steps are padding, and the recurrence is given lengths")
    if signs.data is not None:
        return finding(
            CAUSE.id,
            f"{pads.share:.0%} of the steps are padding ({pads.value:g}) at the end of the sequences: a net that is read at the last "
            "step has forgotten them by then. Give it lengths, read its last real step, or put the padding in front.",
            [
                ("padding at the end, share of all steps", pads.share, "below 0.3, or packed"),
                ("padding, median share of a sequence", pads.typical, "0"),
            ],
            confidence=0.7, severity="warning", proof="statistics", panels=("columns",),
        )  # fmt: skip
    arm = lead(signs, "mask-padding")
    if arm is None:
        return ruled_out(CAUSE, signs, "mask-padding")
    return finding(
        CAUSE.id,
        f"{pads.share:.0%} of the steps are padding at the end of the sequences, and the net is read after it: with the "
        f"padding in front, the same {arm.steps} steps reach skill {arm.skill:.2f}.",
        [
            ("padding at the end, share of all steps", pads.share, "below 0.3, or packed"),
            ("padding before the step that is read, median share of a sequence", pads.typical, "0"),
            ("memory horizon in steps", signs.time.horizon(), ""),
            *arm_evidence(signs, arm),
        ],
        confidence=confidence(signs, arm, True), severity=severity(signs, arm), proof="intervention",
        where=recurrent_place(signs), since_step=0, panels=("inputs", "through-time", "what-if"),
    )  # fmt: skip


def _by_step(signs: Signs, pads: Padding) -> Judgement:
    if pads.in_loss < 0.5:
        return CAUSE.healthy(f"{pads.in_loss:.0%} of the terms of the loss are padding")
    if pads.real is None or pads.real > 0.5:
        return CAUSE.healthy(
            "the steps that are no padding are learned"
            + (f" (skill {pads.real:.2f})" if pads.real is not None else ", as far as seen")
        )
    arm = signs.arm("mask-padding")
    if arm is None or not arm.took_hold or arm.skill is None:
        panel = "the what-if panel (lossdoctor check, without --no-panel)"
        return CAUSE.not_judged(panel if arm is None else f"an arm that takes hold ({arm.note})")
    if arm.skill < pads.real + 0.2 or arm.skill < 0.2:
        return CAUSE.healthy(f"with padding left out of the loss, real steps are learned no better (skill {arm.skill:.2f})")
    return finding(
        CAUSE.id,
        f"{pads.in_loss:.0%} of the terms of the loss are padding, and the others are not learned (skill {pads.real:.2f}): with "
        f"padding left out, the same {arm.steps} steps reach {arm.skill:.2f} on them.",
        [
            ("padding among the terms of the loss, share", pads.in_loss, "0, by a mask or ignore_index"),
            ("skill of the run on the terms that are no padding", pads.real, "above 0.2 is learning"),
            ("the same, with padding left out of the loss", arm.skill, ""),
            ("skill of the run on all terms", signs.loss.skill, ""),
        ],
        confidence=0.94, severity="error", proof="intervention", where=criterion_place(signs), since_step=0,
        panels=("targets", "what-if"),
    )  # fmt: skip


CAUSE = Cause(
    "padding-dominates", judge, __doc__, needs=("inputs", "targets", "what-if"), fixes=("mask-padding", "pack", "last-valid-step"), on_data=True
)
