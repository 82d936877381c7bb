"""Training and held-back data were scaled by different scalers.

## What happens
The held-back data (or what the net is asked about later) went through another scaler than the training data: one
fitted anew on the test set, one fitted again in between, statistics of another file. The same number then means
two different things.

## How it looks
- The training loss is low; new data are answered absurdly, off by a shift or a factor.
- Both sets span exactly 0 to 1, though one has larger values.
- Predictions brought back to the unit of the data are off by a constant.

## Why it keeps the loss from falling
It does not keep the training loss from falling. It takes the held-back skill: the net answers inputs of a
scale that it has never seen.

## How lossdoctor tells
By structure, from the scalers of scikit-learn as they are used: a scaler of the same class, for as many
features, is fitted again (or another one is fitted) on a set of less than 80% of the rows whose mean is off by
more than 0.3 deviations or whose range is off by more than 20%; not where many scalers are fitted, one a group.
Or from the captured inputs: both the training and the held-back ones have a feature that spans exactly 0 to 1.
By statistics: in more than half of the features the held-back inputs' mean lies more than one deviation away, or
their deviation is below half or above twice; for windows of one series, which may drift, only where deviations are off
sixfold in most features, or twofold by the same factor in all (three at least); of classes, only where each batch is
off by itself, since test sets may be sorted by class. It is an error
where the run learns (skill above 0.5) and the held-back skill is below 0.3, else a warning. Healthy: one
scaler, inputs alike, or held-back data that are answered well. Not judged: nothing held back, no scalers.

## Not to be confused with
- `overfitting`: the inputs are alike, the answers are not.
- `unscaled-inputs`: both are unscaled, and the net cannot follow.
- `leakage`: one scaler, fitted on all rows.
- Real drift: a series that has risen since. Take differences.

## What to do
`fit-scaler-on-train-only`: fit once, on the training rows, and use the same object ever after. `scale-inputs`: or let
the model itself standardise what it is fed.

    scaler = MinMaxScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)    # not fit_transform
    joblib.dump(scaler, "scaler.joblib")                             # and load it where the net is used

`own-target-scaler`: use one scaler for the inputs and one for the targets, each with its own `inverse_transform`.
`rescale-held-back`: where the file itself holds them on another scale, bring held-back inputs to the training's. Keras: a
`Normalization` layer inside the model goes where the model goes.

## References
- scikit-learn documentation, Common pitfalls: inconsistent preprocessing.
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.held import held_inputs, held_parts
from ...signs.pairs import Array
from ...signs.recorded import recorded
from ...trace.events import ScalerUsed
from ...words import Judgement, Place
from ...words.finding import Severity
from ..cause import Cause, finding
from ..places import place

GROUPS = 6
FAR, ALIKE = 6.0, 1.4
"""A series may drift to other levels, and calm down; not by such a factor of its deviation, nor all features alike."""


def judge(signs: Signs) -> Judgement:
    fits = [s for s in signs.trace.of(ScalerUsed) if s.how == "fit"]
    held = held_inputs(signs)
    if not fits and held is None:
        return CAUSE.not_judged("inputs of an evaluation, or scalers of scikit-learn")
    skill, held_skill = signs.loss.skill, signs.loss.held_skill
    harmed = skill is not None and skill > 0.5 and held_skill is not None and held_skill < 0.3
    severity: Severity = "error" if harmed else "warning"
    other = refitted(fits)
    if other is not None:
        first, second = other
        again = first.scaler == second.scaler
        return finding(
            CAUSE.id,
            f"The {first.cls} was fitted on {first.rows} rows, and {'fitted again' if again else 'another one'} on "
            f"{second.rows} others: training and held-back data are scaled differently.",
            [
                ("mean of the first feature, first fit", first.mean[0], ""),
                ("mean of the first feature, second fit", second.mean[0], "the same scaler for both"),
                ("its range, first fit", f"{first.low[0]:.4g} to {first.high[0]:.4g}", ""),
                ("its range, second fit", f"{second.low[0]:.4g} to {second.high[0]:.4g}", ""),
                ("held-back skill", held_skill, ""),
            ],
            confidence=0.9 if harmed else 0.75, severity=severity, proof="structure", where=Place(second.file, second.line),
            panels=("inputs",),
        )  # fmt: skip
    if held_skill is not None and held_skill > 0.6:
        return CAUSE.healthy(f"held-back data are answered well (skill {held_skill:.2f})")
    seen = signs.fed.features
    if held is None or seen is None or held.shape[1] != seen.shape[1]:
        needs = "evaluation inputs as wide as the training's"
        return CAUSE.healthy("the scalers were fitted to sets alike") if fits else CAUSE.not_judged(needs)
    where = place(signs.wiring.where("criterion"))
    both = [j for j in range(seen.shape[1]) if _spans(seen[:, j]) and _spans(held[:, j])]
    if both:
        return finding(
            CAUSE.id,
            f"Training and held-back inputs both span exactly 0 to 1 in feature {both[0]}: each set was scaled by itself.",
            [("features that span exactly 0 to 1 in both sets", len(both), "0"), ("held-back skill", held_skill, "")],
            confidence=0.9 if harmed else 0.7, severity=severity, proof="structure", where=where, panels=("inputs",),
        )  # fmt: skip
    spread = seen.std(axis=0)
    varying = spread > 1e-9
    shift = np.abs(held.mean(axis=0) - seen.mean(axis=0))[varying] / spread[varying]
    ratio = held.std(axis=0)[varying] / spread[varying]
    off = (shift > 1) | (ratio > 2) | (ratio < 0.5)
    if signs.fed.is_classes or signs.fed.is_binary:
        # One class after the other, each lies elsewhere: only what is off everywhere is off by its scale.
        off &= _off_in_each(held_parts(signs), seen)[varying]
    if not varying.any() or off.mean() <= 0.5 or len(held) < 100:
        return CAUSE.healthy("held-back inputs have the mean and deviation of the training's")
    if recorded(signs) is not None and not _rescaled(ratio):
        return CAUSE.healthy("held-back inputs lie elsewhere, as they may in a series that drifts")
    return finding(
        CAUSE.id,
        f"Held-back inputs are scaled differently: their mean is up to {shift.max():.2g} deviations off, their deviation "
        f"{ratio.min():.2g} to {ratio.max():.2g} times the training's.",
        [
            ("features off by a deviation or a factor of 2, share", float(off.mean()), "below 0.5"),
            ("largest shift of a mean, in deviations", float(shift.max()), "below 1"),
            ("skill on the training data", skill, ""), ("held-back skill", held_skill, ""),
        ],
        confidence=0.75 if harmed else 0.6, severity=severity, proof="statistics", where=where, panels=("inputs",),
    )  # fmt: skip


def _off_in_each(parts: list[Array], seen: Array) -> Array:
    """(features,): is the mean or the deviation off in every batch by itself?"""
    mean, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-12)
    each = [(np.abs(p.mean(axis=0) - mean) / spread, p.std(axis=0) / spread) for p in parts if len(p) >= 20]
    if not each:
        return np.zeros(seen.shape[1], dtype=bool)
    moved = np.array([shift > 1 for shift, _ in each]).all(axis=0)
    wide, tight = np.array([r > 2 for _, r in each]).all(axis=0), np.array([r < 0.5 for _, r in each]).all(axis=0)
    return np.asarray(moved | wide | tight)


def refitted(fits: list[ScalerUsed]) -> tuple[ScalerUsed, ScalerUsed] | None:
    """Two fits of one kind of scaler to different sets of one kind of data."""
    if not 2 <= len(fits) <= GROUPS:
        return None
    for i, first in enumerate(fits):
        for second in fits[i + 1 :]:
            alike = first.cls == second.cls and first.features == second.features
            if not alike or min(first.rows, second.rows) > 0.8 * max(first.rows, second.rows):
                continue
            mean, std = (np.array([getattr(f, name) for f in (first, second)]) for name in ("mean", "std"))
            size = np.array([np.subtract(f.high, f.low) for f in (first, second)])
            scale = np.maximum(std.max(axis=0), 1e-12)
            kin = (np.abs(mean[0] - mean[1]) < 5 * scale) & (std.min(axis=0) > 0.1 * scale)
            differ = (np.abs(mean[0] - mean[1]) > 0.3 * scale) | (size.min(axis=0) < 0.8 * size.max(axis=0))
            if kin.all() and differ.mean() > 0.5:
                return first, second
    return None


def _rescaled(ratio: Array) -> bool:
    """Is the deviation of most features off by so much, or in all by the same factor, as no drift of a series is?"""
    far = (ratio > FAR) | (ratio < 1 / FAR)
    typical = float(np.median(ratio))
    alike = len(ratio) >= 3 and float(ratio.max()) <= ALIKE * float(ratio.min())
    return bool(far.mean() > 0.5) or (alike and not 0.5 < typical < 2)


def _spans(values: Array) -> bool:
    return float(values.min()) == 0.0 and float(values.max()) == 1.0 and len(np.unique(values)) > 20


CAUSE = Cause(
    "scaler-mismatch", judge, __doc__, needs=("inputs", "held-back"),
    fixes=("fit-scaler-on-train-only", "own-target-scaler", "rescale-held-back", "scale-inputs"),
)  # fmt: skip
