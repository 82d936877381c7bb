"""The samples come in order, one kind after the other, and the net forgets.

## What happens
The data lie sorted by class, by person, by day, and are drawn in that order. Each batch holds one kind; by the
time the next kind comes round the net has been taught for a hundred steps that there is only the other one.

## How it looks
- A saw-tooth: the loss falls within a kind and jumps where the next begins, epoch after epoch.
- The net answers what it saw last. Held back, where kinds are mixed, it is no better than a guess.
- A lower rate makes the teeth smaller, and the learning too.

## Why it keeps the loss from falling
The gradient of a batch is an estimate of the whole gradient only if the batch is a sample of the whole. A batch
of one class is best answered by that class, whatever the input, which is what the bias of the head learns first.

## How lossdoctor tells
From the targets of the captured batches: their spread within a batch (entropy of classes, variance of numbers)
is below half of what mixed samples of that size have. By intervention, where a `DataLoader` goes in order: the
arm `shuffle` draws at random instead, and must lead the panel. By statistics elsewhere: batches
that follow another kind are answered worse by more than half the way to a constant (0.5 in skill) than batches
that go on, or the run's skill, on what it is just being shown, is held back by that much. A run that has
learned, held back too, is healthy, and so is state carried over contiguous chunks. Not judged: fewer than ten
batches with several targets each. Of a data file alone it is a warning where samples stand one kind after the
other; rows of a series stand in the order of time, as they must.

## Not to be confused with
- `lr-too-high`: jumps at any batch, not where the kind changes.
- `class-imbalance`: every batch has the same uneven mixture.
- `overfitting`: the loss falls on all kinds of training samples alike.
- Contiguous chunks of a series with state carried over: in order on purpose.

## What to do
`shuffle`: new order every epoch, for the training data only.

    loader = DataLoader(train, batch_size=32, shuffle=True)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]

Split before you shuffle where time matters. An `IterableDataset` needs a shuffle buffer of several kinds.
Keras: `fit(..., shuffle=True)` does it for arrays, `dataset.shuffle(n)` with n above the length of a run of one
kind.

## References
- McCloskey, Cohen 1989, Catastrophic interference in connectionist networks.
- Bengio 2012, Practical recommendations for gradient-based training, section 3 (arXiv 1206.5533).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import effective_skill
from ...signs.succession import narrow
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place
from ..what_if import Evidence, arm_evidence, confidence, lead

JUMPS = 0.5


def judge(signs: Signs) -> Judgement:
    order = narrow(signs)
    if order is None:
        few = len([b for b in signs.fed.batches if b.y is not None and b.y.size >= 4]) < 10
        needs = "ten batches with several targets each"
        return CAUSE.not_judged(needs) if few else CAUSE.healthy("every batch is a mixture")
    if signs.data is not None:
        if signs.data.pieces > 1:
            return CAUSE.not_judged("samples that stand apart (several series stand in the file)")
        if signs.data.form == "series" and (signs.data.clock or not signs.data.classes):
            return CAUSE.healthy("the rows stand in the order of time, as they must; draw the windows at random in training")
        return finding(
            CAUSE.id,
            f"The samples stand one kind after the other: {order.batches} stretches of them have {order.within:.0%} of the spread of all "
            "targets each. Shuffle them before they are split and in training.",
            [
                ("spread of the targets within a stretch, share of that over all", order.within, f"about {order.by_chance:.2g}"),
                ("stretches looked at", order.batches, ""),
            ],
            confidence=0.8 if order.within < 0.25 else 0.6, severity="warning", proof="statistics", panels=("columns",),
        )  # fmt: skip
    if signs.step.taking_turns:
        return CAUSE.not_judged("one optimizer: nets that are trained in turns have targets of one kind in each turn")
    if order.carried:
        return CAUSE.healthy("the batches are contiguous, and the state is carried on")
    held = signs.loss.held_skill
    skill = effective_skill(signs)
    arm = lead(signs, "shuffle")
    evidence: Evidence = [
        ("spread of the targets within a batch, share of that over all", order.within, f"about {order.by_chance:.2g}"),
        ("skill lost where a batch of another kind follows", order.forgets, "near 0"),
        ("batches looked at", order.batches, ""),
    ]
    if held is not None:
        evidence.append(("held-back skill", held, "near the training skill"))
    if arm is not None:
        sorted_apart = arm.cures or (arm.gain > 0.3 and order.within < 0.25)
        return finding(
            CAUSE.id,
            f"The samples come one kind after the other (a batch has {order.within:.0%} of the spread of all targets): drawn "
            f"at random, the same {arm.steps} steps reach skill {arm.skill:.2f}.",
            [*evidence, *arm_evidence(signs, arm)],
            confidence=confidence(signs, arm, True), proof="intervention",
            severity="error" if sorted_apart and (skill is None or skill < 0.5) else "warning",
            where=loss_place(signs), since_step=0, panels=("loss", "targets", "what-if"),
        )  # fmt: skip
    forgets = order.forgets > JUMPS
    spoiled = held is not None and signs.loss.skill is not None and held < 0.2 and signs.loss.skill > held + JUMPS
    if skill is not None and skill > 0.8 and not spoiled:
        return CAUSE.healthy(f"the samples come in order, and the run learns (skill {skill:.2f})")
    if not forgets and not spoiled:
        return CAUSE.healthy(f"in order, and what follows another kind is answered no worse ({order.forgets:.2f})")
    sure = forgets and order.within < 0.25
    told = (
        f"where the kind changes the skill drops by {order.forgets:.2f}."
        if forgets
        else f"held back, the skill is {held:.2f}."
    )
    return finding(
        CAUSE.id,
        f"The samples come one kind after the other: a batch has {order.within:.0%} of the spread of all targets, and "
        + told,
        evidence, confidence=0.85 if sure else 0.65,
        severity="error" if sure and (skill is None or skill < 0.5 or order.forgets > 1) else "warning",
        proof="statistics", where=loss_place(signs), since_step=0, panels=("loss", "targets"),
    )  # fmt: skip


CAUSE = Cause("data-not-shuffled", judge, __doc__, needs=("targets",), fixes=("shuffle",), on_data=True)
