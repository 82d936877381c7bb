"""The window ends before what decides the target begins.

## What happens
The window (or the chunk that the gradient goes back through) is shorter than the dependency: a weekly rhythm in
windows of five days, a delivery that follows its order by 20 days in windows of 12.

## How it looks
- The loss goes to what the recent past tells (or a constant) and stays; a bigger net changes nothing.
- With many epochs the training loss falls by learning by heart, and the held-back one does not.
- With a longer window it falls at once.

## Why it keeps the loss from falling
What the net is not given it cannot use. Within the window the targets look like noise.

## How lossdoctor tells
By statistics, on the series that it puts together again from the overlap of the captured windows: a ridge on the
window, and one on the window and the rows before it (up to three windows more), cross-validated over blocks of
neighbours, for the same targets. A finding needs the older rows to win more than 0.15 of the variance and three
times what rows moved around in a circle win by chance, and the run to be at least 0.1 below what they allow; it
is an error where the window alone gives less than 0.2 and the run has no more. Where the script's own array of these windows
is found, the what-if `set-window` puts longer ones together from it and repeats the same steps with them: a cure there is
the proof. Healthy: older rows win nothing, or the run learns. Not judged: windows that do not overlap, so that what came before is not known.

## Not to be confused with
- `vanishing-gradients`: what decides is in the window, too far back for the gradient.
- `no-signal`: nothing tells the target, however far back.
- `inputs-targets-misaligned`: the pairs are wrong; a shift, not a longer window, cures it.

## What to do
`set-window`: at least the lag that matters, and some more; look at the autocorrelation for peaks.

    WINDOW = 28
    x = torch.stack([series[t - WINDOW : t] for t in range(WINDOW, len(series))])
    lags = np.concatenate([series[:-7, None], series[7:, None]], axis=1)    # or give the net the lag itself

Carried state does not help where the gradient ends with the chunk. Keras: `sequence_length` of
`timeseries_dataset_from_array`.

## References
- Williams, Peng 1990, An efficient gradient-based algorithm for on-line training of recurrent network
  trajectories (truncated backpropagation).
- Box, Jenkins 1970, Time series analysis: forecasting and control.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.alignment import beyond, window_needed
from ...signs.arms import LEARNS
from ...signs.memory import single_step
from ...signs.recorded import recorded
from ...signs.standing import effective_skill, learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, lead

FEW = 4
"""Numbers a step up to which no window can lie hidden in the features."""


def judge(signs: Signs) -> Judgement:
    if learned(signs):
        return CAUSE.healthy("the run learns from the window that it has")
    shape = single_step(signs)
    if shape is not None and not any(a.cures for a in signs.arms):
        return _no_time_at_all(signs, shape)
    series = recorded(signs)
    if series is None:
        return CAUSE.not_judged("overlapping windows of one series, so that what came before them is known")
    past = beyond(signs, future=False)
    if past is None:
        return CAUSE.not_judged("a longer stretch of the series among the captured windows")
    skill = effective_skill(signs)
    needed = window_needed(signs)
    if needed is None:
        return CAUSE.healthy(f"the {past.rows} rows before the window add {max(0.0, past.gain):.2f} to a ridge's skill")
    if skill is not None and skill > past.together - 0.1:
        return CAUSE.healthy(f"the run (skill {skill:.2f}) has no need of what lies before its window")
    arm = lead(signs, "longer-window")
    return finding(
        CAUSE.id,
        f"The window of {series.window} steps is too short: the {past.rows} rows before it, most of all the one {past.lag} "
        f"before, bring a ridge from skill {max(0.0, past.without):.2f} to {past.together:.2f}. It takes at least {needed} steps.",
        [
            ("skill of a ridge on the window", past.without, ""),
            (f"skill with the {past.rows} rows before it", past.together, f"gain by chance {max(0.0, past.chance):.2g}"),
            ("steps of the window", series.window, f"at least {needed}"),
            ("skill of the run", skill, ""),
            ("windows compared", past.samples, ""),
            *(arm_evidence(signs, arm) if arm is not None else []),
        ],
        confidence=0.95 if arm is not None and arm.cures else 0.9 if past.gain > 0.3 else 0.72,
        severity="error" if past.without < 0.2 and (skill is None or skill < 0.2) else "warning",
        proof="intervention" if arm is not None and arm.cures else "statistics", where=recurrent_place(signs), since_step=0,
        panels=("inputs", "through-time", "what-if"),
    )  # fmt: skip


def _no_time_at_all(signs: Signs, shape: tuple[int, ...]) -> Judgement:
    skill = effective_skill(signs)
    inputs = shape[-1]
    return finding(
        CAUSE.id,
        f"The window is a single step: the recurrent layer is given {shape}, one step a sample and its state anew each time, so "
        "there is nothing that it could remember.",
        [
            ("steps of the window", 1, "as many as the target hangs on"),
            ("numbers in that step", inputs, ""),
            ("skill of the run", skill, "above 0.2 is learning"),
            ("what-ifs that cure", 0, f"of {len(signs.arms)} tried") if signs.arms else ("what-ifs that cure", None, "none was asked"),
        ],
        # A window may also lie in the features of the one step; then time is not what is missing.
        confidence=0.8 if inputs <= FEW and signs.arms else 0.5,
        severity="error" if inputs <= FEW and signs.arms and (skill is None or skill < LEARNS) else "warning",
        where=recurrent_place(signs), since_step=0, panels=("inputs", "through-time"),
    )  # fmt: skip


CAUSE = Cause("sequence-too-short", judge, __doc__, needs=("inputs", "targets"), fixes=("set-window",), on_data=True)
