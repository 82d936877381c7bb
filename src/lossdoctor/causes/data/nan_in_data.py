"""There is a NaN or an infinity in what the net is fed.

## What happens
There is a NaN or an infinity in the inputs or the targets: a gap in a sensor's record, an empty cell of a
table, the first rows of a rolling mean or a difference, a division by 0 in a feature.

## How it looks
- The loss is NaN from the first step, or from the first batch that has the gap; from then on always.
- All weights are NaN afterwards, so that clean batches give NaN, too.
- Shuffled data: the step at which it happens changes with the seed.

## Why it keeps the loss from falling
NaN spreads: one in the input makes the whole hidden state NaN, the loss, every gradient, and with the next step
every weight. A mask that multiplies does not help, since 0 times NaN is NaN.

## How lossdoctor tells
By structure: it looks for values that are not finite in the captured inputs and targets, and names the first
batch, how many there are, and (for inputs) the feature. If the loss also stops being a number, it is an error,
with the step; if the loss stays finite, a warning. The captured batches are a bounded sample; where the loss stops
being a number, the what-if panel goes through that step once more and looks at what the model and the loss are given.
A what-if without the samples that have gaps shows what the others teach.
Healthy: none in the captured batches, nor in that step. Not judged: no batches captured. Of a data file alone
(`lossdoctor data`) all rows are counted: gaps in a series are a warning, since scripts fill them; infinities,
which no scaler takes out, and whatever stands in pairs that were cut already, are an error.

## Not to be confused with
- `nan-loss`: the data are finite, and an operation makes the first NaN.
- `lr-too-high`, `exploding-gradients`: numbers grew for some steps before.
- `outliers`: sentinels such as -999 or 1e30 are finite, and still poison.

## What to do
`impute`: fill or drop, before scaling, and tell the net what was filled.

    missing = frame.isna().astype("float32").add_suffix("_missing")     # an input of its own
    frame = frame.ffill().fillna(frame.median())
    keep = torch.isfinite(y)                                            # gaps in the targets: leave them out
    loss = torch.nn.functional.mse_loss(pred[keep], y[keep])

Use `torch.where(mask, x, 0)`, not `x * mask`, and apply it before the net. Keras: the same, with
`sample_weight` 0 only on finite targets; the `TerminateOnNaN` callback stops early.

## References
- Lipton, Kale, Wetzel 2016, Modeling missing data in clinical time series with RNNs (arXiv 1606.04130).
- Che et al. 2018, Recurrent neural networks for multivariate time series with missing values (arXiv
  1606.01865).
"""

from __future__ import annotations

from ...signs import Signs
from ...trace.events import Birth, DataRead
from ...words import Judgement, Place
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place
from ..what_if import arm_evidence, lead


def judge(signs: Signs) -> Judgement:
    if signs.data is not None:
        return _in_the_file(signs.data)
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
                *(arm_evidence(signs, arm) if broken and (arm := lead(signs, "impute")) is not None else []),
            ],
            confidence=0.97 if broken else 0.5,
            severity="error" if broken else "warning",
            where=criterion_place(signs) if what == "targets" else recurrent_place(signs),
            since_step=step,
            panels=("inputs" if what == "inputs" else "targets", "loss"),
        )
    given = next((b for b in signs.births if b.op in (Birth.INPUT, Birth.TARGET)), None)
    if given is not None:
        return finding(
            CAUSE.id,
            f"The {'inputs' if given.op == Birth.INPUT else 'targets'} hold numbers that are none: {given.operand} of the batch at "
            f"step {given.step} are NaN or Inf, and the loss is no number from there on.",
            [
                (f"NaN or Inf in the {given.op} of that batch", given.operand, "0"),
                ("step, gone through once more", given.step, ""),
            ],
            confidence=0.97, where=Place(given.file, given.line) if given.file else recurrent_place(signs), since_step=given.step,
            panels=("loss",),
        )  # fmt: skip
    return CAUSE.healthy(f"no NaN or Inf in {len(signs.fed.batches)} captured batches")


def _in_the_file(data: DataRead) -> Judgement:
    """Gaps are what scripts fill or drop; an infinity no scaler and no filling takes out; what was cut into pairs goes into
    the net as it is."""
    missing, infinite = sum(data.missing.values()), sum(data.infinite.values())
    if not missing and not infinite:
        return CAUSE.healthy(f"no gap, NaN or Inf in {data.rows:,} {'rows' if data.form == 'series' else 'samples'} of what is used")
    found = data.infinite if infinite else data.missing
    worst = max(found, key=lambda name: found[name])
    breaks = bool(infinite) or data.form == "pairs"
    told = f"{found[worst]:,} infinite numbers" if infinite else f"{found[worst]:,} of {data.rows:,} values missing"
    if data.form == "pairs":
        told = f"{found[worst]:,} {'infinite numbers' if infinite else 'numbers that are none'}"
    also = f", and {sum(1 for n in found.values() if n) - 1} more columns have some" if sum(1 for n in found.values() if n) > 1 else ""
    after = "the first batch that has one makes the loss no number" if breaks else "unless they are filled or left out, the loss is no number"
    return finding(
        CAUSE.id,
        f"{worst} has {told}{also}: {after}.",
        [
            *((f"missing in {name}", n, "0") for name, n in sorted(data.missing.items(), key=lambda item: -item[1])[:4] if n),
            *((f"infinite in {name}", n, "0") for name, n in sorted(data.infinite.items(), key=lambda item: -item[1])[:4] if n),
            *([(f"longest gap, in rows of {data.hole_in}", data.hole, "few enough to fill")] if data.hole else []),
        ],
        confidence=0.95, severity="error" if breaks else "warning", proof="structure", panels=("columns",),
    )  # fmt: skip


CAUSE = Cause("nan-in-data", judge, __doc__, needs=("inputs", "targets"), fixes=("impute",), on_data=True)
