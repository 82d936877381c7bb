"""What is held back is known in training.

## What happens
The inputs hold what is to be told: a moving average that is centred and reaches into the future, a column
computed from the target, statistics of all rows.

## How it looks
- Skill that is too good for the task, in training and held back alike.
- In use, where the future is not known yet, the net is hardly better than a guess.
- One feature is enough for it.

## Why it keeps the loss from falling
It does not: the loss falls too far. The net learns to undo a sum instead of learning the task.

## How lossdoctor tells
By structure, for forecasts: on the series that is put together again from the overlapping windows, the target is
one of its later values; the last rows of the window give it back exactly (least squares on one half of the
windows, tested on the other, leaves less than 0.01% of the variance), and the past of that value alone leaves
more than 5%. A future value that is certain from other columns, and not from its own past, has been put into
them. That is a warning. Healthy: no such relation. Not judged: no overlapping windows of at least two features,
or targets that are no values of the series.

## Not to be confused with
- `overfitting`: there the held-back skill is low; here it is too high.
- `scaler-mismatch`: there the sets know too little of each other.
- A series without noise, such as a sine: its own past tells it exactly.

## What to do
`drop-leak`: compute every feature from rows that are known at that time.

    smooth = series.rolling(3).mean()           # not center=True
    change = series.diff()                      # not series.shift(-1) - series
    scaler = StandardScaler().fit(series[:cut])

`fit-scaler-on-train-only`: split by time before computing anything. Keras: the same; `timeseries_dataset_from_array` does not protect from it.

## References
- Kaufman, Rosset, Perlich 2012, Leakage in data mining.
- scikit-learn documentation, Common pitfalls: data leakage.
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.alignment import places
from ...signs.pairs import Floats, pairs_of
from ...signs.recorded import recorded
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

EXACT = 1e-4
OWN = 0.05
ROWS = 4


def judge(signs: Signs) -> Judgement:
    series, pairs = recorded(signs), pairs_of(signs)
    if series is None or pairs is None or pairs.numbers is None or series.x.shape[1] < 2:
        return CAUSE.not_judged("overlapping windows of a series with at least two features")
    own = places(signs)
    if own is None or own.share < 0.6 or own.at_one < 0.9 or own.lag < 0:
        return CAUSE.not_judged("targets that are later values of the series itself")
    x = pairs.numbers[series.sample]
    y = pairs.y.reshape(len(pairs.y), -1)[series.sample, 0].astype(np.float64)
    whole = left(x[:, -ROWS:].reshape(len(x), -1), y)
    past = min(left(x[:, :, j], y) for j in range(x.shape[2]) if own.feature in (-1, j))
    if whole > EXACT or past < OWN:
        return CAUSE.healthy(f"the last rows leave {whole:.2g} of the target's variance, its own past {past:.2g}")
    return finding(
        CAUSE.id,
        f"The inputs know the future: the last {ROWS} rows of a window give the target back exactly, while its own past "
        f"leaves {past:.0%} of its variance open.",
        [
            (f"variance left by the last {ROWS} rows, share", whole, "far above 0 for a measured series"),
            ("variance left by the past of the value itself, share", past, ""),
            ("steps from the end of the window to the target", own.lag + 1, ""),
        ],
        confidence=0.88, severity="warning", proof="structure", where=criterion_place(signs), panels=("inputs",),
    )  # fmt: skip


def left(features: Floats, y: Floats) -> float:
    """Share of the variance that least squares, fitted on every other window, leaves on the rest."""
    design = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    weights, *_ = np.linalg.lstsq(design[::2], y[::2], rcond=1e-9)
    rest = y[1::2]
    return float(((rest - design[1::2] @ weights) ** 2).mean() / max(1e-300, float(rest.var())))


CAUSE = Cause("leakage", judge, __doc__, needs=("inputs", "targets"), fixes=("drop-leak", "fit-scaler-on-train-only"), on_data=True)
