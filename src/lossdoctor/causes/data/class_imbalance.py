"""The rare class is never predicted.

## What happens
One class has nearly all of the samples. The net learns to answer it always, which is right most of the time,
and the rare class - usually the one that you want - is never predicted.

## How it looks
- High accuracy from the start: that of the commonest class, to the digit.
- The loss settles at the entropy of the class frequencies; recall of the rare class is 0.
- The confusion matrix has a single column.

## Why it keeps the loss from falling
Each batch has few or no rare samples, and their gradient is outvoted. Moving the bias of the head gives most of
what can be won quickly; what remains to be won is rare.

## How lossdoctor tells
From the classes and answers of the last captured batches. Uneven means: the commonest of two classes has more
than 75%, or of several, more than half, at an entropy below 0.75 of the largest. The rare classes count as
found at a recall above 0.3: healthy. Otherwise the arm `weight-classes` decides, by balanced accuracy: a gain
of more than 0.3 of what was missing, to at least 0.15 above chance, is an error; no such gain is healthy, for
then weighting is not what is missing. Without that arm it is a warning. Targets that are not classes are
healthy. Not judged: no targets, or fewer than two classes among them. Of a data file alone it is a warning
wherever the classes are uneven.

## Not to be confused with
- `no-signal`: with balanced classes, too, nothing is learned.
- `data-not-shuffled`: the classes come one after the other; the run forgets, and is not outvoted.
- Uneven classes that the net handles: look at the recall, not at the frequencies.

## What to do
`weight-classes`: weights by rarity, or a sampler that draws the classes evenly. Judge by balanced accuracy, F1
or average precision.

    counts = torch.bincount(y_train, minlength=n_classes).float()
    weight = counts.sum() / (n_classes * counts)
    criterion = torch.nn.CrossEntropyLoss(weight=weight)
    criterion = torch.nn.BCEWithLogitsLoss(pos_weight=n_negative / n_positive)    # binary

Keras: `fit(..., class_weight={0: 1.0, 1: 20.0})`. Weighted probabilities are not calibrated any more.

## References
- Buda, Maki, Mazurowski 2018, A systematic study of the class imbalance problem (arXiv 1710.05381).
- Cui et al. 2019, Class-balanced loss based on effective number of samples (arXiv 1901.05555).
"""

from __future__ import annotations

import math

import numpy as np

from ...signs import Signs
from ...signs.series import Floats
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

RARE = 0.75
"""Share of the commonest of two classes from which one may speak of imbalance."""


def judge(signs: Signs) -> Judgement:
    if signs.data is not None and signs.fed.is_classes:
        return _in_the_file(signs)
    answers = signs.fed.answers()
    if answers is None:
        return CAUSE.healthy("the targets are no classes") if signs.fed.targets is not None else CAUSE.not_judged("targets")
    shares = answers.targets / max(1.0, answers.targets.sum())
    seen = shares[shares > 0]
    if len(seen) < 2:
        return CAUSE.not_judged("at least two classes among the captured targets")
    majority = answers.majority_share
    if not _uneven(seen):
        return CAUSE.healthy(f"the commonest class has {majority:.0%} of the targets")
    recall = answers.rare_recall
    if math.isnan(recall) or recall > 0.3:
        return CAUSE.healthy(f"the classes are uneven, and the rare ones are found (recall {recall:.2f})")
    arm = signs.arm("weight-classes")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("share of the commonest class", majority, ""),
        ("recall of the rare classes", recall, "above 0.5"),
        ("share of answers that name the commonest class", answers.answered_majority, f"{majority:.2g}"),
    ]
    if arm is not None and arm.took_hold and arm.balanced is not None:
        before = answers.balanced_accuracy
        evidence.append(("balanced accuracy with weighted classes", arm.balanced, ""))
        evidence.append(("balanced accuracy as it is", before, f"above {1 / len(seen):.2g}, which is chance"))
        chance = 1 / len(seen)
        if arm.balanced > before + 0.3 * (1 - before) and arm.balanced > chance + 0.15:
            return finding(
                CAUSE.id,
                f"The rare classes are never answered (recall {recall:.2f}, while {majority:.0%} are of one class); weighted "
                f"by their rarity, balanced accuracy goes from {before:.2f} to {arm.balanced:.2f}.",
                evidence, confidence=0.9, severity="error", proof="intervention", where=criterion_place(signs),
                panels=("targets", "what-if"),
            )  # fmt: skip
        return CAUSE.healthy(
            f"weighted by their rarity the classes are found no better (balanced accuracy {arm.balanced:.2f})"
        )
    return finding(
        CAUSE.id,
        f"The rare classes are never answered: {answers.answered_majority:.0%} of the answers name the commonest class, which "
        f"has {majority:.0%} of the targets.",
        evidence, confidence=0.45, severity="warning", proof="statistics", where=criterion_place(signs), panels=("targets",),
    )  # fmt: skip


def _in_the_file(signs: Signs) -> Judgement:
    """Whether the rare classes are found is up to the training; that they are rare is not."""
    counts = signs.fed.class_counts
    seen = counts[counts > 0] / max(1.0, counts.sum())
    if len(seen) < 2:
        return CAUSE.not_judged("at least two classes among the targets")
    if not _uneven(seen):
        return CAUSE.healthy(f"the commonest class has {seen.max():.0%} of the targets")
    return finding(
        CAUSE.id,
        f"{seen.max():.0%} of the targets are of one class: a net that always names it is right as often. Judge by balanced "
        "accuracy, and weigh the rare classes if they are never answered.",
        [
            ("share of the commonest class", float(seen.max()), f"about {1 / len(seen):.2g}"),
            ("share of the rarest class", float(seen.min()), f"about {1 / len(seen):.2g}"),
            ("samples of the rarest class among those looked at", int(counts[counts > 0].min()), "some dozens at the least"),
        ],
        confidence=0.5, severity="warning", proof="statistics", panels=("columns",),
    )  # fmt: skip


def _uneven(seen: Floats) -> bool:
    """Shares of the classes that were seen."""
    entropy = float(-(seen * np.log(seen)).sum() / math.log(len(seen)))
    return bool(seen.max() > RARE if len(seen) == 2 else (entropy < 0.75 and seen.max() > 0.5))


CAUSE = Cause("class-imbalance", judge, __doc__, needs=("targets", "predictions"), fixes=("weight-classes",), on_data=True)
