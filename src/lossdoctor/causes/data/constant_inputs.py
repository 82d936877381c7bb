"""The inputs say nothing: preprocessing has left one value, zeros, or the same row for all.

## What happens
Preprocessing has left nothing of the inputs: all zeros, one value, the same row for every sample. Usual ways:
floats truncated to integers, a division that rounds to 0, a norm over the wrong axis, the wrong columns, an
index that is never advanced.

## How it looks
- The loss goes to that of a constant guess and stays, whatever the net, rate or optimizer.
- The predictions are the same for all samples.
- The run does just as well with the inputs replaced by zeros.

## Why it keeps the loss from falling
A net is a function: the same input gives the same output. If the inputs do not differ, the best answer is a
single one, the mean or the commonest class.

## How lossdoctor tells
By structure, on the captured batches: at least 97% of the samples are bit for bit equal to another one, or no
input value varies between samples (deviation below a millionth of the largest value), while the targets do
vary. That is an error, unless the run learns all the same. Healthy: enough samples differ, or the targets do
not differ either. Not judged: no input batches, or fewer than eight samples in them. Of a data file alone it
is a warning where all columns beside the target never change.

## Not to be confused with
- `no-signal`: the inputs differ, but they do not tell the target.
- `inputs-targets-misaligned`: the inputs have something to say, to other targets.
- `vocabulary-too-small`: most tokens, not all, have become one.
- A single constant column, or a time index: harmless.

## What to do
`drop-constant-input`: look at what reaches the net, not at the file, and mend the step that flattens it.

    x, y = next(iter(loader))
    print(x.shape, x.dtype, x.float().mean(), x.float().std(dim=0).max())    # deviation over the samples: not 0
    x = torch.tensor(frame[columns].to_numpy(), dtype=torch.float32)         # not .astype(int)

Standardise over samples and time, `x.mean(dim=(0, 1))`, not over each sample's features. Keras: the same look
at one batch of the `tf.data` pipeline or array.

## References
- Karpathy 2019, A recipe for training neural networks ("input-independent baseline").
- Ben Braiek, Khomh 2022, Testing feedforward neural networks training programs (arXiv 2204.00694).
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.standing import learned
from ...trace.events import ModuleSample
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place

NEARLY_ALL = 0.97
RECURRENT = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")


def judge(signs: Signs) -> Judgement:
    inputs = signs.fed.inputs
    if not inputs:
        return CAUSE.not_judged("input batches")
    if signs.data is not None and signs.data.constant and signs.data.distinct > 1 and set(signs.data.inputs) <= {signs.data.target}:
        return _nothing_beside(signs.data.constant, signs.data.target)
    samples = sum(len(x) for x in inputs)
    if samples < 8:
        return CAUSE.not_judged("at least eight samples")
    same = signs.fed.identical_rows
    spread = signs.fed.spread_between_samples
    size = max((float(np.abs(x.astype(float)).max(initial=0.0, where=np.isfinite(x))) for x in inputs), default=0.0)
    varied_targets = signs.fed.targets is not None and len(np.unique(signs.fed.targets)) > 1
    flat = not signs.fed.integer_inputs and spread <= 1e-6 * max(size, 1e-30)
    time_only = flat and _varies_over_time(inputs)
    silenced = _silenced(signs)
    if silenced is not None and varied_targets and not learned(signs) and not flat:
        return finding(
            CAUSE.id,
            f"The inputs are silenced inside the net: {silenced.module or silenced.cls} ({silenced.cls}) gives the same numbers for "
            "every sample and step, before the recurrent layer sees anything.",
            [
                (
                    f"deviation of what {silenced.module or silenced.cls} gives, over samples and steps",
                    silenced.over_samples,
                    "> 0",
                ),
                ("largest deviation of an input over the samples", spread, "> 0"),
            ],
            confidence=0.93,
            where=recurrent_place(signs),
            since_step=0,
            panels=("inputs", "loss"),
        )
    if same < NEARLY_ALL and not flat:
        return CAUSE.healthy(f"the commonest input makes up {same:.0%} of the captured samples")
    if not varied_targets or learned(signs):
        return CAUSE.healthy("the inputs hardly differ, and neither do the targets, or the run learns all the same")
    what = "zero" if size == 0 else ("the same in every sample" if time_only or size else "one value")
    return finding(
        CAUSE.id,
        f"The inputs say nothing: they are {what} ({same:.0%} of {samples} captured samples are identical), while the "
        "targets differ.",
        [
            ("samples that are the commonest one, share", same, "near 0"),
            ("largest deviation of an input over the samples", spread, f"> 0 (values up to {size:.3g})"),
            ("distinct targets", len(np.unique(signs.fed.targets)) if signs.fed.targets is not None else 0, ""),
        ],
        confidence=0.96,
        where=recurrent_place(signs),
        since_step=0,
        panels=("inputs", "loss"),
    )


def _nothing_beside(constant: tuple[str, ...], target: str) -> Judgement:
    """The target's own past is all that is left to tell it."""
    names = ", ".join(constant[:6])
    return finding(
        CAUSE.id,
        f"{names} never change{'' if len(constant) > 1 else 's'}, and nothing but {target} itself is left to tell it: were they measured?",
        [("columns beside the target that never change", len(constant), "0")],
        confidence=0.9, severity="warning", panels=("columns",),
    )  # fmt: skip


def _silenced(signs: Signs) -> ModuleSample | None:
    """The first module before the recurrent layers whose output is constant on the first batch."""
    first = [m for m in signs.time.modules if m.step == 0]
    for sample in first:
        if sample.cls in RECURRENT:
            return None
        inner = "ReLU" not in sample.cls and sample.cls not in ("relu", "sigmoid", "tanh")
        if inner and sample.shape and sample.shape[0] > 1 and _constant(sample):
            # Called once a time step, a module sees the same start token in every sample first: all its calls count.
            calls = [m for m in signs.time.modules if m.module == sample.module and m.cls == sample.cls]
            if any(f.module == sample.module and f.rows_equal and f.numel > 1 for f in signs.wiring.facts.values()):
                return None  # Its own weights started alike: symmetric-init.
            return sample if all(map(_constant, calls)) and any(m.cls in RECURRENT for m in first) else None
    return None


def _constant(sample: ModuleSample) -> bool:
    return sample.over_samples <= 1e-6 * max(1.0, sample.max_abs)


def _varies_over_time(inputs: tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]) -> bool:
    return any(x.ndim >= 2 and float(np.nanmax(np.nanstd(x[:1].astype(float), axis=1))) > 0 for x in inputs)


CAUSE = Cause("constant-inputs", judge, __doc__, needs=("inputs", "targets"), fixes=("drop-constant-input",), on_data=True)
