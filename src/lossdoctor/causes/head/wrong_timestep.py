"""The output is read at the wrong time step.

## What happens
A recurrence gives an output for each step, and the one that has seen the whole sequence is asked for. Read
instead: the first (`out[0]` of a time-first layer, `out[:, 0]`), one in the middle, or the last of a padded batch, which for
a short sequence lies behind its end.

## How it looks
- The loss stays at that of a constant guess, or at what the first value tells.
- Short sequences are judged worse than long ones.
- No error: every step's output has the same shape.

## Why it keeps the loss from falling
What an output has not seen it cannot tell. And what it has seen since the end of the sequence, padding, it must
first have learned to pass over: over tens of steps neither state nor gradient survives that.

## How lossdoctor tells
By dependence, on a copy of the net: each step of each of some samples is changed in turn. If the steps in the second half
of every sequence leave its output as it was, bit for bit, those steps are not read: nothing behind the step that is
read can reach it. A sequence ends where its padding begins, so that packed and masked batches are
judged by their true lengths. It is an error where the run does not learn (skill below 0.5), else a warning. Padding:
its steps change the output, and the arm `mask-padding`, which moves it to the front, leads the panel; a warning where
more than half of all steps are padding. Healthy: outputs depend on the end of their sequences and not on padding, or
nothing shows that padding harms. Not judged: the probe could not be made.

## Not to be confused with
- `padding-dominates`: most of what the state sees is padding.
- `batch-first-mismatch`: the step is right, and the axes are not.
- A bidirectional layer's first output: its backward half has seen the whole sequence.
- A forecast that leaves out its last inputs on purpose.

## What to do
`last-valid-step`: read each sequence at its own last step. `pack`: or pack the batch and take the final state.

    out, _ = self.lstm(x)                                   # (batch, time, hidden), batch_first=True
    last = out[torch.arange(len(out)), lengths - 1]
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (h, c) = self.lstm(packed)                           # h[-1]: each at its own end

Of a bidirectional layer take `torch.cat([h[-2], h[-1]], 1)`. Keras: `Masking` or `mask_zero=True`.

## References
- PyTorch documentation, torch.nn.LSTM (h_n) and torch.nn.utils.rnn.pack_padded_sequence.
- Karpathy 2019, A recipe for training neural networks ("use backprop to chart dependencies").
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.padding import padding
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, severity

SEEN = 0.5
"""Share of a sequence behind which nothing is read: so early no forecast on purpose ends."""


def judge(signs: Signs) -> Judgement:
    probe = signs.time.dependence
    if not signs.wiring.calls:
        return CAUSE.not_judged("a recurrent layer")
    if probe is None or not probe.ok:
        reason = probe.facts.get("reason", "") if probe is not None else "the run was not probed"
        return CAUSE.not_judged(f"a probe of which inputs each output depends on ({reason})")
    share = probe.numbers.get("read_share", -1.0)
    if probe.numbers["cross"] > 0 or share < 0:
        return CAUSE.healthy("no output has a sequence of its own to be read from")
    if share < SEEN:
        return _not_read(signs, share)
    read = probe.numbers.get("pads_read", 0.0)
    arm = lead(signs, "mask-padding")
    pads = padding(signs)
    mostly = pads is not None and pads.share > 0.5
    if read > 0.5 and arm is not None and arm.args.get("how") != "loss":
        return finding(
            CAUSE.id,
            "The output is read behind the end of the shorter sequences, after their padding: with the padding in front, the same "
            f"{arm.steps} steps reach skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), ("padded sequences whose padding changes their output, share", read, "0")],
            confidence=0.6 if mostly else confidence(signs, arm, True),
            severity="warning" if mostly else severity(signs, arm), proof="intervention",
            where=recurrent_place(signs), since_step=0, panels=("what-if", "inputs"),
        )  # fmt: skip
    if read > 0.5:
        return CAUSE.healthy("padding reaches the output, and nothing shows that it harms")
    return CAUSE.healthy(
        f"outputs depend on their sequences up to {share:.0%} of the length"
        + (" and not on padding" if probe.numbers.get("padded") else "")
    )


def _not_read(signs: Signs, share: float) -> Judgement:
    skill = signs.loss.skill if signs.loss.skill is not None else -1.0
    stuck = skill < 0.5 and not learned(signs)
    steps = int(signs.time.dependence.numbers["steps"]) if signs.time.dependence is not None else 0
    what = "only the first step" if share <= 0 else f"nothing behind the first {share:.0%}"
    return finding(
        CAUSE.id,
        f"The output depends on {what} of each sequence: it is read before the other steps have been seen.",
        [
            ("last step that any output depends on, share of its sequence", share, "near 1"),
            ("steps of the input", steps, ""),
            ("skill", signs.loss.skill, ""),
        ],
        confidence=0.95 if stuck else 0.5,
        severity="error" if stuck else "warning",
        where=recurrent_place(signs), since_step=0, panels=("loss", "through-time"),
    )  # fmt: skip


CAUSE = Cause("wrong-timestep", judge, __doc__, needs=("dependence",), fixes=("last-valid-step", "pack"))
