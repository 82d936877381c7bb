"""The loss does not fit the targets.

## What happens
The loss function is not made for these targets: a squared error on class ids, binary cross entropy for classes
of which exactly one is right, BCE on targets outside 0 to 1, or an absolute error where most targets are equal.

## How it looks
- The loss falls, and accuracy stays at chance. Predictions are averages of ids: class 3.4.
- BCE over many classes: everything is answered with "no", at a small loss.
- BCE goes below 0 and falls without end.
- L1: all predictions are the commonest value (often 0).

## Why it keeps the loss from falling
The minimum of this loss is not what you want. To a squared error, class 7 is farther from 2 than from 6; an
absolute error asks for the median, and if more than half of the targets are 0, then 0 is the median.

## How lossdoctor tells
It reads the loss function and the captured targets. Exact: more than 1% of BCE targets outside 0 to 1; an
absolute error with more than half of the targets equal and answers that hardly vary. For whole-numbered targets
(3 to 60 different ones) under a regression loss, a ridge reads them once as classes, once as amounts; classes
explained better by more than 0.15 of skill are a finding. One-hot targets of 4 or more classes under BCE, with
hardly any answer above the threshold, are one as well. Where the ridge cannot be fitted, evenly frequent ids
are a warning at most, else it is not judged. Healthy: class ids under cross entropy, other targets, or a run
that learns them well. Not judged: unknown loss or targets.

## Not to be confused with
- `output-activation-mismatch`: the right loss, fed the wrong thing.
- `class-imbalance`: the loss fits, and one class drowns the other.
- Counts, stars and ages under a squared error are legitimate: they are amounts.

## What to do
`replace-loss`: cross entropy for one of many classes, BCE-with-logits for yes or no (or several yes at once), a
squared or Huber error for amounts.
Where a settings file asks for it: `change-setting`.

    self.head = nn.Linear(hidden, n_classes)
    loss = torch.nn.functional.cross_entropy(self.head(h), y.long())      # y: (N,) ids from 0

Keras: `sparse_categorical_crossentropy` (ids), `categorical_crossentropy` (one-hot), `binary_crossentropy`,
`mse`.

## References
- Goodfellow, Bengio, Courville 2016, Deep learning, section 6.2.
- Golik, Doetsch, Ney 2013, Cross-entropy vs. squared error training: a theoretical and experimental comparison.
"""

from __future__ import annotations

import numpy as np

from ...baselines.learner import reference
from ...signs import Signs
from ...signs.ordinal import confusion
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

FEW = 60
"""Distinct whole numbers up to which targets may be class ids."""


def judge(signs: Signs) -> Judgement:
    term, targets = signs.loss.term, signs.fed.targets
    if term is None or targets is None or not targets.size:
        return CAUSE.not_judged("a loss function whose targets can be read")
    values = targets[np.isfinite(targets)].astype(float)
    if not values.size:
        return CAUSE.not_judged("finite targets")
    where = criterion_place(signs)
    if signs.fed.is_binary:
        outside = float(np.mean((values < 0) | (values > 1)))
        if outside > 0.01:
            return finding(
                CAUSE.id,
                f"{term.fn} is fed targets outside 0 to 1 ({outside:.0%} of them): the loss has no lower bound, and its "
                "minimum is not the right answer.",
                [("targets outside 0 to 1, share", outside, "0"), ("largest target", float(values.max()), "1")],
                confidence=0.95, severity="warning" if learned(signs) else "error", proof="bound", where=where,
                panels=("targets", "loss"),
            )  # fmt: skip
        exclusive = _one_hot(signs)
        if exclusive and exclusive >= 4 and not learned(signs):
            answers = [b.p for b in signs.fed.batches[-6:] if b.p is not None]
            edge = 0.0 if term.fn.endswith("with_logits") else 0.5
            silent = all(float((p > edge).mean()) < 0.2 / exclusive for p in answers)
            if silent and answers:
                return finding(
                    CAUSE.id,
                    f"Binary cross entropy is used for {exclusive} classes of which exactly one is right: answering \"none\" to "
                    "all of them is nearly free.",
                    [("classes, one of them right", exclusive, "2, or cross entropy"),
                     ("answers above the threshold, share", float(np.mean([(p > edge).mean() for p in answers])), f"{1 / exclusive:.2g}")],
                    confidence=0.75, severity="error" if (signs.loss.skill or 0) < 0.3 else "warning", where=where,
                    panels=("targets", "loss"),
                )  # fmt: skip
        return CAUSE.healthy(f"{term.fn} with targets between 0 and 1")
    if signs.fed.is_classes:
        return CAUSE.healthy(f"{term.fn} with class ids")
    unique, counts = np.unique(values, return_counts=True)
    commonest = float(counts.max() / values.size)
    if term.fn in ("l1_loss", "absolute_error") and commonest > 0.5 and not learned(signs):
        mode = float(unique[counts.argmax()])
        answers = [b.p for b in signs.fed.batches[-4:] if b.p is not None]
        spread = float(np.mean([p.std() for p in answers])) if answers else 0.0
        if spread < 0.25 * max(float(values.std()), 1e-12):
            return finding(
                CAUSE.id,
                f"{commonest:.0%} of the targets are {mode:g}: under an absolute error the constant {mode:g} is the best answer "
                "that a net finds first, and it stays there.",
                [("share of the commonest target", commonest, "below 0.5 for an absolute error"),
                 ("spread of the answers", spread, f"{float(values.std()):.3g}, as the targets")],
                confidence=0.85, proof="bound", where=where, panels=("targets", "loss"),
            )  # fmt: skip
    whole = bool(np.all(values == np.round(values)))
    if not (whole and 3 <= len(unique) <= FEW and float(unique.min()) >= 0):
        return CAUSE.healthy(f"{term.fn} with {len(unique)} distinct targets")
    if learned(signs):
        return CAUSE.healthy("the targets are whole numbers, and the net learns them as amounts")
    as_amount = signs.reference
    as_class = reference([(x, np.round(y).astype(int)) for x, y in signs.fed.once], True)
    if as_class is None or as_amount is None:
        if (signs.loss.skill or 0) < 0.3 and len(unique) <= 30 and _flat_counts(counts):
            return finding(
                CAUSE.id,
                f"The targets look like class ids ({len(unique)} whole numbers from {unique.min():g} to {unique.max():g}), and "
                f"{term.fn} treats them as amounts.",
                [("distinct targets, all whole", len(unique), ""), ("skill", signs.loss.skill, "")],
                confidence=0.6, severity="warning", proof="statistics", where=where, panels=("targets",),
            )  # fmt: skip
        return CAUSE.not_judged("inputs that a simple learner can use, to compare both readings of the targets")
    if as_class.skill > as_amount.skill + 0.15 and as_class.skill > 0.2:
        return finding(
            CAUSE.id,
            f"The targets are class ids, and {term.fn} treats them as amounts: read as classes, a ridge explains "
            f"{as_class.skill:.0%} of them, read as amounts {max(0.0, as_amount.skill):.0%}.",
            [
                ("skill of a ridge that reads the targets as classes", as_class.skill, ""),
                ("skill of a ridge that reads them as amounts", as_amount.skill, "as high"),
                ("distinct targets, all whole numbers", len(unique), ""),
            ],
            confidence=0.85, severity="error" if (signs.loss.skill or 0) < 0.5 else "warning", proof="bound", where=where,
            panels=("targets", "loss"),
        )  # fmt: skip
    confused = confusion(signs.fed.once)
    if confused is not None and confused.nearness > 0.85 and as_class.skill > 0.1 and len(unique) >= 4:
        return finding(
            CAUSE.id,
            f"The targets are names, not amounts ({len(unique)} whole numbers): a simple learner takes them for far ones as "
            f"readily as for their neighbours, so the distances that {term.fn} measures mean nothing.",
            [
                ("distance of mistakes / what chance would give", confused.nearness, "well below 1 for amounts"),
                ("skill of a ridge that reads the targets as classes", as_class.skill, ""),
                ("distinct targets, all whole numbers", len(unique), ""),
            ],
            confidence=0.75, severity="error" if (signs.loss.skill or 0) < 0.3 else "warning", proof="statistics", where=where,
            panels=("targets", "loss"),
        )  # fmt: skip
    return CAUSE.healthy("the whole-numbered targets are as well explained as amounts")


def _one_hot(signs: Signs) -> int:
    """Number of classes if every target row has exactly one 1; else 0."""
    rows = [b.y for b in signs.fed.batches if b.y is not None and b.y.ndim == 2 and b.y.shape[1] > 2]
    if not rows or not all(bool(np.all((r == 0) | (r == 1))) and bool(np.all(r.sum(axis=1) == 1)) for r in rows):
        return 0
    return int(rows[0].shape[1])


def _flat_counts(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
    """Ids come about equally often; amounts thin out towards an end."""
    return bool(counts.max() < 5 * max(1, counts.min()))


CAUSE = Cause("wrong-loss", judge, __doc__, needs=("targets",), fixes=("replace-loss", "change-setting"))
