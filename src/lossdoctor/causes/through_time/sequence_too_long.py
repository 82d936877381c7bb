"""The window is far longer than what the target depends on.

## What happens
The net is given hundreds of steps, and the last few decide. It has to learn to pass over the rest before it can
learn anything, from a gradient that is mostly noise.

## How it looks
- Slow steps, and a loss that stays at a constant guess or falls late.
- Cropped to its last steps the sequence is learned at once.
- The memory horizon at the end of training is a small part of the window.

## Why it keeps the loss from falling
Each step adds noise to the state and to the gradient, and with the noise the state saturates. What matters is
the smaller part of both.

## How lossdoctor tells
By intervention: the arm `set-window` gives the net the last quarter of its window and repeats the same steps. It
must lead the panel, be no worse held back, and win at least half of the missing skill for an error, in a run
below skill 0.5. It is asked where the window has at least 40 steps, one target a sequence, no lengths, and what
a ridge needs lies within that quarter. Healthy: shorter windows, a run that learns, or no gain from
cropping. Not judged: no panel.

## Not to be confused with
- `vanishing-gradients`: what decides is far back; cropping loses it.
- `padding-dominates`: the superfluous steps are empty.
- `lr-too-low`: a higher rate learns from the whole window as fast.

## What to do
`set-window`: give what the target depends on, and some more.

    x = x[:, -32:]
    x = x.unfold(1, 8, 8).mean(-1)    # or coarser steps for the far past: (batch, steps / 8, features)

`truncate-bptt`: where the state must see it all, let the gradient reach back only so far (`h = h.detach()` now and
then). Attention or dilated convolutions see far for less. Keras: `sequence_length`, or `Cropping1D((T - 32, 0))`.

## References
- Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent neural networks (arXiv 1211.5063).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.memory import needed_lag
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity

LONG = 40


def judge(signs: Signs) -> Judgement:
    steps = signs.time.steps_seen
    if learned(signs):
        return CAUSE.healthy("the run learns from the window that it has")
    if 0 < steps < LONG:
        return CAUSE.healthy(f"the window has {steps} steps")
    arm = lead(signs, "set-window")
    if arm is None or arm.gain < 0.3:
        return ruled_out(CAUSE, signs, "set-window")
    need = needed_lag(signs)
    return finding(
        CAUSE.id,
        f"The window of {steps} steps is far longer than it needs to be: with its last {arm.args['steps']} alone, the same "
        f"{arm.steps} updates reach skill {arm.skill:.2f}.",
        [
            ("steps of the window", steps, f"about {arm.args['steps']}"),
            *([("lag that a ridge needs, in steps", need.lag, "")] if need is not None else []),
            ("memory horizon in steps", signs.time.horizon(), ""),
            *arm_evidence(signs, arm),
        ],
        confidence=confidence(signs, arm, need is not None), severity=severity(signs, arm), proof="intervention",
        where=recurrent_place(signs), since_step=0, panels=("through-time", "what-if"),
    )  # fmt: skip


CAUSE = Cause("sequence-too-long", judge, __doc__, needs=("what-if",), fixes=("set-window", "truncate-bptt"))
