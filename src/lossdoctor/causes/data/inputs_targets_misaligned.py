"""Inputs and targets are paired wrongly.

## What happens
The pairs do not belong together: inputs and targets were shuffled, sorted or filtered each by itself, joined by
the wrong key, or are off by some rows.

## How it looks
- The loss goes to that of the best constant and stays, as if there were no signal.
- The shapes fit, and each array on its own looks right.
- With the data shuffled anew every epoch it never falls; shuffled once, it falls by learning by heart.

## Why it keeps the loss from falling
Each target is as likely beside one input as beside another. What the net learns from one pair the next one
contradicts.

## How lossdoctor tells
By structure: the same input, bit for bit, is seen again with a target that has nothing to do with its first one
(at least 20 such sights, correlation or Cohen's kappa below 0.3). Or the targets are values of the very series
that the windows were cut from (put together again from their overlap), and lie at no fixed distance from their
windows; or they rise from window to window all the way, as the feature whose values they are does not (such a
run learns: the later the window, the larger its target). By statistics: in the arrays that the batches are rows of
(found among the script's variables by the bits of their rows), simple learners get nothing from the targets in the
same row and clearly more from those so many rows on than at every other place, also where the batches are drawn at
random; the arm `realign-pairs` moves them there. Or they get nothing from the pairs as they are, no more than from
permuted targets, and much (skill above 0.3) from targets some rows further on in the batch, or from rows
after the end of the window where the targets are no values of the series. Else a run that learns is healthy; so are
pairs in which a ridge finds something. Pairs that were shuffled apart once, in an order that nobody knows any more,
look like `no-signal`. Not judged: inputs and targets that cannot be paired row by row.

## Not to be confused with
- `no-signal`: no pairing of these inputs and targets has any.
- `sequence-too-short`: the pairs are right, and what tells the target lies before the window.
- A forecast some steps ahead: the shift is meant, and the window tells something.
- Targets that are drawn anew each time, as in reinforcement learning: they hang together with the earlier ones.

## What to do
`realign-pairs`: whatever happens to one happens to the other, by the same index.

    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    table = inputs.merge(targets, on="key", validate="one_to_one")    # never by position

For a series, make the shift in one place (`y = series.shift(-1)`) and drop the rows that it leaves empty from
both. Keras: `fit(x, y, shuffle=True)` moves both together; `timeseries_dataset_from_array` wants the targets
shifted by the window.

## References
- Karpathy 2019, A recipe for training neural networks: "become one with the data".
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.alignment import beyond, places, shifted
from ...signs.pairs import pairs_of, strange_twins
from ...signs.sorting import sorted_apart
from ...signs.standing import left_out_skill
from ...signs.tables import RowShift, row_shift
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

TELLS = 0.3


def judge(signs: Signs) -> Judgement:
    skill, held = signs.loss.skill, signs.loss.held_skill
    left_out = left_out_skill(signs)
    by_heart = left_out is not None and left_out < 0.1
    learns = skill is not None and skill >= TELLS and not (held is not None and held < 0.1) and not signs.loss.relative
    pairs = pairs_of(signs)
    if (by_heart or not learns) and (off := row_shift(signs)) is not None:
        return _off(signs, off)
    if pairs is None:
        return CAUSE.not_judged("inputs and targets that can be paired row by row")
    order = sorted_apart(signs)
    if order is not None:
        return finding(
            CAUSE.id,
            f"The targets stand in order of size, their inputs in order of time: from window to window {order.rising:.0%} of "
            f"them rise, and they are values of feature {order.feature}, which rises in {order.wanders:.0%}. They are sorted apart.",
            [
                ("neighbouring windows of the series whose targets differ", order.neighbours, ""),
                ("of these, share in which the later target is the larger one", order.rising, "about 0.5"),
                (f"the same of feature {order.feature}, whose values the targets are", order.wanders, ""),
            ],
            confidence=0.93, where=criterion_place(signs), since_step=0, panels=("targets",),
        )  # fmt: skip
    if signs.data is not None and signs.data.form == "series":
        return CAUSE.healthy("the windows were cut here, each with the target of its own row")
    if learns:
        return CAUSE.healthy(f"the run learns from these pairs (skill {skill:.2f})")
    repeats = pairs.repeats
    distinct = len(pairs) >= 20 and (not pairs.tokens or pairs.x.shape[1] >= 8)
    if repeats.count >= 20 and repeats.related < TELLS and distinct and not pairs.found and strange_twins(signs) is None:
        return finding(
            CAUSE.id,
            f"Inputs and targets do not stay together: {repeats.count} times an input came again, bit for bit, with a target "
            "that has nothing to do with its first one. They are shuffled apart.",
            [
                ("inputs seen again", repeats.count, ""),
                ("correlation of their targets with those at first sight", repeats.related, "1"),
                *([("cross-validated skill of a simple learner", pairs.best.skill, "above chance")] if pairs.best else []),
            ],
            confidence=0.95, where=criterion_place(signs), since_step=0, panels=("targets",),
        )  # fmt: skip
    best = pairs.best
    if best is None:
        return CAUSE.not_judged("at least 40 captured samples with inputs and targets row by row")
    if pairs.found:
        return CAUSE.healthy(f"as they are, {best.what} gets skill {best.skill:.2f} from them")
    own = places(signs)
    if own is not None and own.share > 0.6 and own.at_one < 0.2:
        return finding(
            CAUSE.id,
            f"The targets are values of the series that the windows were cut from, and {1 - own.at_one:.0%} of them do not "
            "belong to their window: they are shuffled apart.",
            [
                ("targets found in the series of the inputs, share", own.share, ""),
                ("of these at the commonest distance from their window, share", own.at_one, "1"),
            ],
            confidence=0.93, where=criterion_place(signs), since_step=0, panels=("targets",),
        )  # fmt: skip
    series = own is not None and own.share > 0.3
    shift = shifted(signs)
    if shift is not None and shift[1].skill > TELLS and not series:
        k, found = shift
        return finding(
            CAUSE.id,
            f"The targets are off by {abs(k)} row{'s' if abs(k) > 1 else ''}: the inputs tell nothing of the target beside "
            f"them, and the one {abs(k)} {'further on' if k > 0 else 'before'} with skill {found.skill:.2f}.",
            [
                ("skill of a ridge on the pairs as they are", best.skill, f"above {max(0.0, best.chance):.2g}"),
                (f"skill with the targets {k:+d} rows", found.skill, f"by chance {max(0.0, found.chance):.2g}"),
            ],
            confidence=0.92, proof="statistics", where=criterion_place(signs), since_step=0, panels=("targets",),
        )  # fmt: skip
    later = beyond(signs, future=True) if not series else None
    if later is not None and later.gain > max(TELLS, 3 * later.chance):
        return finding(
            CAUSE.id,
            f"The targets belong to later windows: rows {later.lag} after the end of a window tell its target (skill "
            f"{later.together:.2f}), those in it nothing.",
            [
                ("skill of a ridge on the window", later.without, ""),
                (f"skill with {later.rows} rows after its end", later.together, f"gain by chance {max(0.0, later.chance):.2g}"),
            ],
            confidence=0.8, proof="statistics", where=criterion_place(signs), since_step=0, panels=("targets",),
        )  # fmt: skip
    return CAUSE.healthy("neither repeated inputs nor any shift by up to five rows shows another pairing")


def _off(signs: Signs, off: RowShift) -> Judgement:
    rows = f"{abs(off.rows)} row{'s' if abs(off.rows) > 1 else ''}"
    arm = signs.arm("realign-pairs")
    cured = arm is not None and arm.cures
    name = next((seen.name for seen in off.table.y_names), "")
    return finding(
        CAUSE.id,
        f"The targets{f' in {name}' if name else ''} stand {rows} {'after' if off.rows > 0 else 'before'} their inputs: a simple learner "
        f"gets skill {max(0.0, off.beside):.2f} from the inputs in the same row, and {off.found.skill:.2f} from those {rows} away.",
        [
            ("rows of the arrays that the batches are taken from", off.table.rows, ""),
            ("skill of a simple learner on the pairs as they stand", off.beside, ""),
            (f"skill with the targets {off.rows:+d} rows", off.found.skill, f"at any other shift {off.found.chance:.2g}"),
            *([("skill of the net, trained on such pairs", arm.skill, "above 0.2 is learning")] if arm is not None else []),
        ],
        confidence=0.97 if cured else 0.95, proof="intervention" if cured else "statistics", where=criterion_place(signs),
        since_step=0, panels=("targets", "what-if"),
    )  # fmt: skip


CAUSE = Cause("inputs-targets-misaligned", judge, __doc__, needs=("inputs", "targets"), fixes=("realign-pairs",), on_data=True)
