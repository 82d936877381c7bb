"""The state goes on from one sequence into another that has nothing to do with it.

## What happens
The hidden state is made once, before the loop or in `__init__`, and handed from batch to batch. The batches are
drawn at random: row 3 of this batch starts with what row 3 of the last one left behind, which belongs to another
account, sentence or patient.

## How it looks
- The loss falls by a part and stays; it wavers with what came before.
- Evaluating the same sequence twice gives two answers.
- No error; the state was detached, as one should where it is carried on purpose.

## Why it keeps the loss from falling
The start of each sequence is noise that the net cannot know, as large as its state can be. It learns to forget
it, which costs the first steps of each sequence and the long memory that the task may need.

## How lossdoctor tells
The state that a recurrence is given is the one with which it ended before, bit for bit. That is no fault in
itself: chunks of one long text are read so. By intervention: the arm `reset-state` gives zeros in place of each
such state (a state from an encoder, a learned one, and one handed on within a pass stay) and must lead the
panel. Where each batch begins with what the last one should have predicted, the sequences go on, and it is
healthy whatever the arm says. An error needs it to win at least half of the missing skill while the run stays
below skill 0.8. Healthy: no state is carried, or fresh states do no better.

## Not to be confused with
- `state-not-detached`: the graph is carried along, which ends in an error or in ever slower steps.
- `data-not-shuffled`: the batches come in order; the state is not the matter.
- State carried on purpose over contiguous chunks (truncated backpropagation through time).

## What to do
`reset-state`: give no state for sequences that stand alone; PyTorch then starts with zeros.

    for x, y in loader:
        output, _ = model(x)               # or: hidden = None, made anew for each batch
        loss = criterion(output, y)

Keras: `stateful=False` (the default), or `reset_states()` after each sequence.

## References
- PyTorch documentation, torch.nn.LSTM ("defaults to zeros if (h_0, c_0) is not provided").
- Williams, Peng 1990, An efficient gradient-based algorithm for on-line training of recurrent network trajectories.
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    calls = signs.wiring.calls
    if not calls:
        return CAUSE.not_judged("a recurrent layer")
    carried = [c for c in calls if c.carried]
    if not carried:
        return CAUSE.healthy("every sequence starts with a state of its own")
    if goes_on(signs):
        return CAUSE.healthy("each batch goes on where the last one ended: the state is carried on purpose")
    arm = lead(signs, "reset-state")
    if arm is None:
        return ruled_out(CAUSE, signs, "reset-state")
    return finding(
        CAUSE.id,
        "The state is carried from batch to batch, into sequences that do not go on from the last ones: with a fresh state "
        f"the same {arm.steps} steps reach skill {arm.skill:.2f}.",
        [
            *arm_evidence(signs, arm),
            ("calls that were given the state with which the last one ended", len(carried), "0, unless chunks go on"),
            ("of so many that were looked at", len(calls), ""),
        ],
        confidence=confidence(signs, arm, True),
        severity="error" if arm.cures and (arm.original is None or arm.original < 0.8) else severity(signs, arm),
        proof="intervention", where=recurrent_place(signs),
        panels=("what-if", "loss"),
    )  # fmt: skip


def goes_on(signs: Signs) -> bool:
    """Do consecutive batches begin with what the last ones should have predicted at their end, or with their last
    input (chunks that overlap by a step)?"""
    hits = seen = 0
    for one, other in zip(signs.fed.batches, signs.fed.batches[1:], strict=False):
        if other.number != one.number + 1 or one.x is None or one.y is None or other.x is None:
            continue
        if one.x.shape != other.x.shape or one.x.ndim < 2 or 1 in one.x.shape[:2]:
            continue
        x0 = one.x if one.x.ndim == 2 else one.x[..., 0]
        x1 = other.x if other.x.ndim == 2 else other.x[..., 0]
        seen += 1
        for axis in (0, 1):
            start = np.take(x1, 0, axis=axis)
            ends = [np.take(x0, -1, axis=axis)]
            if one.y.size == x0.size:
                ends.append(np.take(one.y.reshape(x0.shape), -1, axis=axis))
            if any(float(np.mean(np.isclose(start, e, atol=1e-5))) > 0.9 for e in ends) and np.unique(start).size > 1:
                hits += 1
                break
    return seen > 0 and hits > 0.6 * seen


CAUSE = Cause("state-not-reset", judge, __doc__, needs=("model", "what-if"), fixes=("reset-state",))
