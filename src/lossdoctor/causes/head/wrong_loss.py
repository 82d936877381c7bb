"""The loss does not fit the targets."""

from __future__ import annotations

import numpy as np

from ...baselines.learner import reference
from ...signs import Signs
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
    pairs = [(b.x, b.y) for b in signs.fed.batches if b.x is not None and b.y is not None]
    as_amount = signs.reference
    as_class = reference([(x, np.round(y).astype(int)) for x, y in pairs if y is not None], True)
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


CAUSE = Cause("wrong-loss", judge, __doc__, needs=("targets",), fixes=("replace-loss",))
