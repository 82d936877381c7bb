"""The targets cannot be told from these inputs.

## What happens
The inputs hold nothing that tells the targets: returns of a price from its own past, a label that somebody drew
at random, the wrong table. No net, rate or number of epochs can change that.

## How it looks
- The loss goes to that of the best constant and stays; held back, it never gets there.
- With many epochs the training loss falls at last, sample by sample, learned by heart.
- Every repair that is tried makes no difference.

## Why it keeps the loss from falling
The best answer to an input that says nothing is the mean (or the class frequencies). What the loss falls below
that is noise learned by heart.

## How lossdoctor tells
By statistics, on the captured pairs, each sample once: a ridge on the window and one on the states of a random
recurrent net, cross-validated, beside the same fits to permuted targets. They find nothing if neither gets above
95% of the permuted ones; nor do the targets hang on rows shifted by up to five, nor on what lies before the
window. An error needs 200 rows, a skill below 0.3 (held back: below 0.1), no other cause found, and no what-if
that helps; with fewer rows it is a warning. Where samples come again and again, and no loss is measured on others, an arm
leaves one in four out: training skill beside a skill below 0.1 on these is memory. It says that we found none, not that there is none: products of
many inputs and long counting are beyond these learners. Healthy: they find something, or the run learns. Not
judged: inputs and targets that cannot be paired, or fewer than 40 samples. Of a data file alone it is at most
a warning, as no net has tried; there windows that overlap are kept on one side of each split, and chance is
what stretches of time in another order give. Only a target that never changes is an error.

## Not to be confused with
- `inputs-targets-misaligned`: there is signal, once each input stands beside its own target.
- `sequence-too-short`: what tells the target lies before the window.
- `constant-inputs`: the inputs do not even differ. `outliers`: signal that a few values drown.
- `class-imbalance`: the commonest class is answered always, and a ridge finds the rare one.

## What to do
Compare with a plain baseline first: if neither a ridge nor a boosted tree beats the mean on held-back data,
change the data, not the net.

    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import cross_val_score

    flat = x.reshape(len(x), -1).numpy()
    print(cross_val_score(HistGradientBoostingRegressor(), flat, y.numpy().ravel(), scoring="r2"))

`realign-pairs`: make sure that inputs and targets were not shuffled, sorted or joined apart. Otherwise add
inputs that know more, or ask for something that can be known. Keras: the same, before `fit`.

## References
- Zhang et al. 2017, Understanding deep learning requires rethinking generalization (arXiv 1611.03530).
- Jaeger 2001, The echo state approach to analysing and training recurrent neural networks.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.alignment import beyond, shifted
from ...signs.arms import LEARNS, PROBES
from ...signs.pairs import pairs_of
from ...signs.standing import leading_arm, left_out_skill
from ...signs.tails import any_tails, held_within
from ...trace.events import DataRead
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place
from ..what_if import fits_a_few

ENOUGH = 200
DATA_ARMS = frozenset({"winsorise", "scale-inputs", "scale-targets", "mask-padding"})
"""Where the data are put right and the run learns, there is signal in them, whatever simple learners say of the others."""
KNOWN = 0.05
"""Held-back skill that no learning by heart can bring: there is signal. (In a calmer stretch a loss is small without any;
then the training data are not told.)"""
LITTLE = 0.3
"""Training skill up to which a run may be learning by heart what nobody can know."""


def judge(signs: Signs) -> Judgement:
    if signs.data is not None:
        return _in_the_file(signs, signs.data)
    skill, held = signs.loss.skill, signs.loss.held_skill
    if skill is None or signs.loss.relative:
        return CAUSE.not_judged("a finite loss that can be compared with a constant's")
    left_out = left_out_skill(signs)
    by_heart = left_out is not None and left_out < 0.1
    if skill >= LITTLE and not by_heart and not (held is not None and held < 0.1 and skill < 0.9):
        return CAUSE.healthy(f"the run learns something (skill {skill:.2f})")
    if held is not None and min(held, skill) >= KNOWN and not signs.loss.relative:
        return CAUSE.healthy(f"held-back data are told better than by a constant (skill {held:.2f})")
    pairs = pairs_of(signs)
    best = pairs.best if pairs is not None else None
    if pairs is None or best is None:
        return CAUSE.not_judged("at least 40 captured samples with inputs and targets row by row")
    if pairs.found and best.skill < LEARNS and skill < LEARNS and _nothing_helps(signs):
        return finding(
            CAUSE.id,
            f"The inputs tell little of the targets: simple learners get skill {best.skill:.2f} from {len(pairs)} samples, the net "
            f"{skill:.2f}, and nothing that was tried gets further. What decides may lie outside of the window.",
            [
                *((f"cross-validated skill, {d.what}", d.skill, f"by chance {max(0.0, d.chance):.2g}") for d in pairs.aligned),
                ("skill of the run on its training data", skill, "above 0.2 is learning"),
                *fits_a_few(signs),
            ],
            confidence=0.5, severity="warning", proof="statistics", where=criterion_place(signs), panels=("targets", "what-if"),
        )  # fmt: skip
    if pairs.found:
        chance = f"by chance {max(0.0, best.chance):.2f}"
        return CAUSE.healthy(f"{best.what} gets skill {best.skill:.2f} from the same pairs ({chance})")
    if pairs.repeats.count >= 20 and pairs.repeats.related < 0.3:
        return CAUSE.healthy("the pairs do not stay together: nothing can be said of their signal")
    arm = leading_arm(signs) if not by_heart else None
    if arm is not None:
        return CAUSE.healthy(f"{arm.title}: skill {arm.skill:.2f}")
    righted = next((a for a in signs.arms if a.fix in DATA_ARMS and a.cures), None)
    if righted is not None:
        return CAUSE.healthy(f"{righted.title}: skill {righted.skill:.2f}")
    if (told := _elsewhere(signs)) is not None:
        return told
    tried = [a for a in signs.arms if a.took_hold]
    return finding(
        CAUSE.id,
        f"We found nothing in the inputs that tells the targets: simple learners get skill {max(0.0, best.skill):.2g} "
        f"from {len(pairs)} samples, no more than from permuted targets, and the net {skill:.2f}.",
        [
            *(
                (f"cross-validated skill, {d.what}", d.skill, f"above {max(0.0, d.chance):.2g}, which is chance")
                for d in pairs.aligned
            ),
            ("samples, each counted once", len(pairs), f"at least {ENOUGH} to be sure"),
            ("skill of the run on its training data", skill, "above 0.2 is learning"),
            *([("held-back skill", held, "")] if held is not None else []),
            *([("skill on samples left out of the training", left_out, "near that on the others")] if left_out is not None else []),
            *fits_a_few(signs),
            ("what-ifs that help", sum(a.helps for a in tried) if tried else 0, f"of {len(tried)} tried"),
        ],
        confidence=0.68 if pairs.rows >= ENOUGH else 0.4,
        severity="error" if pairs.rows >= ENOUGH else "warning",
        proof="statistics", where=criterion_place(signs), panels=("targets", "what-if"),
    )  # fmt: skip


def _in_the_file(signs: Signs, data: DataRead) -> Judgement:
    """Simple learners find a part of what there is: that they find nothing is no proof. A target that never changes is."""
    if data.distinct < 2:
        return finding(
            CAUSE.id, f"The target never changes: every value of {data.target} that is known is the same, so there is nothing to learn.",
            [("different values of the target", data.distinct, "at least 2")],
            confidence=0.97, severity="error", proof="structure", panels=("columns",),
        )  # fmt: skip
    pairs = pairs_of(signs)
    best = pairs.best if pairs is not None else None
    if pairs is None or best is None:
        return CAUSE.not_judged("at least 40 samples of numbers with inputs and targets row by row")
    if pairs.found:
        return CAUSE.healthy(f"{best.what} gets skill {best.skill:.2f} (by chance {max(0.0, best.chance):.2f})")
    if (told := _elsewhere(signs)) is not None:
        return told
    held = held_within(signs) if any_tails(signs) else None
    if held is not None and held.found:
        return CAUSE.healthy(f"with extreme values held within the limits of the others, {held.what} gets skill {held.skill:.2f}")
    return finding(
        CAUSE.id,
        f"We found nothing in {f'windows of {data.window}' if data.window > 1 else 'single'} rows that tells {data.target}"
        + (f", {data.horizon} row{'s' if data.horizon > 1 else ''} on" if data.horizon else "")
        + f": simple learners get skill {max(0.0, best.skill):.2g} from {len(pairs):,} samples, no more than from permuted targets.",
        [
            *(
                (f"cross-validated skill, {d.what}", d.skill, f"above {max(0.0, d.chance):.2g}, which is chance")
                for d in pairs.aligned
            ),
            ("samples, each counted once", len(pairs), f"at least {ENOUGH} to be sure"),
        ],
        confidence=0.55 if pairs.rows >= ENOUGH else 0.4, severity="warning", proof="statistics", panels=("skill-by-window",),
    )  # fmt: skip


def _elsewhere(signs: Signs) -> Judgement | None:
    """There is signal, and it is not in the pairs as they are. (Windows that hold the target's own past tell that past.)"""
    own = signs.data is not None and signs.data.target in signs.data.inputs
    shift, past = None if own else shifted(signs), beyond(signs, future=False)
    if shift is not None and shift[1].skill > 0.1:
        return CAUSE.healthy(f"the targets {shift[0]} rows on hang on the inputs (skill {shift[1].skill:.2f})")
    if past is not None and past.gain > max(0.1, 2 * past.chance):
        return CAUSE.healthy(f"what lies before the window tells the target (skill {past.together:.2f})")
    return None


def _nothing_helps(signs: Signs) -> bool:
    tried = [a for a in signs.arms if a.took_hold and a.skill is not None and a.fix not in PROBES]
    return len(tried) >= 3 and not any(a.helps for a in tried)


CAUSE = Cause("no-signal", judge, __doc__, needs=("inputs", "targets"), fixes=("realign-pairs",), on_data=True)
