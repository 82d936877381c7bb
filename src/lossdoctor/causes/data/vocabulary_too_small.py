"""Most tokens have become unknown.

## What happens
The vocabulary has too few words: a cut at a hundred words, a file from another corpus, or words spelled
otherwise than in the vocabulary (upper case, another tokeniser). What it does not hold becomes one token.

## How it looks
- The same id again and again, in the middle of the sequences, in nearly all of them.
- The loss goes to a constant guess, or falls only by learning by heart.
- Samples with different labels look the same to the net.

## Why it keeps the loss from falling
What tells the label is mostly in the rarer words. If they are all one token, the net is left with "the", "of"
and the comma.

## How lossdoctor tells
By statistics, on the captured tokens: one id, not counting padding at either end, has more than 30% of all, is at
least three times as common as the next, and stands where the unknown usually does: at 0 to 3, or at the end of
the ids. A finding needs simple learners to find nothing in what is left (or hardly anything, skill below 0.1)
and the run not to learn; it is an error at more than 35% of the tokens, where they find no more than chance
gives. Where the run learns part: a ridge must tell sequences without the token well (above 0.8), those of
nothing else hardly (below 0.3), and no what-if may help; that is a warning. Or by a bound: at most half of the
embedding's rows and six tokens are ever asked for, at least half of the captured sequences (and a hundred) are some
other's twin, and the targets of twins hardly agree (kappa below 0.5): no function of such inputs can do better.
Healthy: no such id, learners that find something, or a run that learns. Not judged: inputs that are no tokens.

## Not to be confused with
- `padding-dominates`: the common id stands at the end of the sequences.
- `constant-inputs`: all tokens are one.
- `no-signal`: the tokens are known, and tell nothing.
- Few symbols by nature, as letters or bases: no id is three times the next.

## What to do
`widen-vocabulary`: keep more words. Count unknowns before training; below 5% is usual.

    unknown = (ids == vocabulary["<unk>"]).float().mean()
    counts = Counter(word.lower() for text in texts for word in text.split())
    vocabulary = {w: i + 2 for i, (w, n) in enumerate(counts.most_common(20_000)) if n > 1}

Or use subwords or letters, which have no unknowns. Keras: `TextVectorization(max_tokens=20_000)`, with `adapt`
on the texts of this task.

## References
- Sennrich, Haddow, Birch 2016, Neural machine translation of rare words with subword units (arXiv 1508.07909).
"""

from __future__ import annotations

import numpy as np

from ...signs import Signs
from ...signs.arms import LEARNS
from ...signs.pairs import TOLD, Array, pairs_of, strange_twins
from ...signs.standing import WELL, leading_arm, learned
from ...signs.unknowns import dose
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place

SHARE = 0.3
LEAD = 3.0
SURE = 0.35
CLEAR, LITTLE = 6.0, 0.3
CHANCE = 0.01


def judge(signs: Signs) -> Judgement:
    if not signs.fed.inputs:
        return CAUSE.not_judged("input batches")
    if not signs.fed.integer_inputs:
        return CAUSE.healthy("the inputs are no tokens")
    if (told := _looking_alike(signs)) is not None:
        return told
    inner = np.concatenate([_inner(x) for x in signs.fed.inputs if x.ndim == 2] or [np.zeros(0, dtype=int)])
    if inner.size < 200:
        return CAUSE.not_judged("at least 200 captured tokens that are no padding")
    ids, counts = np.unique(inner, return_counts=True)
    common = int(counts.argmax())
    share = float(counts[common] / inner.size)
    rest = np.delete(counts, common)
    ratio = float(counts[common] / rest.max()) if rest.size else float("inf")
    known = ids[common] <= 3 or ids[common] >= ids.max() - 1
    if share < SHARE or ratio < LEAD or not known or not rest.size:
        return CAUSE.healthy(f"the commonest token has {share:.0%} of all, the next one {share / ratio:.0%}")
    if (told := _by_dose(signs, int(ids[common]), share, ratio)) is not None:
        return told
    skill = signs.loss.skill
    held = signs.loss.held_skill
    if skill is not None and skill > 0.4 and (held is None or held > 0.2):
        return CAUSE.healthy(f"one token has {share:.0%} of all, and the run learns (skill {skill:.2f})")
    pairs = pairs_of(signs)
    best = pairs.best if pairs is not None else None
    if best is not None and best.skill > 0.1:
        return CAUSE.healthy(f"one token has {share:.0%} of all, and {best.what} still gets skill {best.skill:.2f}")
    sure = share > SURE and best is not None and not (pairs is not None and pairs.found)
    return finding(
        CAUSE.id,
        f"{share:.0%} of the tokens are one, id {ids[common]}, {ratio:.0f} times as common as the next: most words are "
        "unknown, and what is left does not tell the target.",
        [
            (f"share of token {ids[common]} (padding at the ends not counted)", share, "below 0.05 for an unknown"),
            ("how many times the next common one", ratio, "about 1 to 2"),
            ("different tokens", len(ids), ""),
            *([(f"cross-validated skill, {best.what}", best.skill, "above chance")] if best is not None else []),
        ],
        confidence=0.8 if sure else 0.6, severity="error" if sure else "warning", proof="statistics",
        where=recurrent_place(signs), since_step=0, panels=("inputs",),
    )  # fmt: skip


def _looking_alike(signs: Signs) -> Judgement | None:
    """So few of the embedding's tokens come that most sequences are some other's twin, and twins have targets that have
    nothing in common: no function of these inputs can tell them apart."""
    twins, skill = strange_twins(signs), signs.loss.skill
    if twins is None or skill is None or skill >= TOLD:
        return None
    return finding(
        CAUSE.id,
        f"Only {twins.used} of the {twins.known} tokens that the embedding knows come in the inputs: {twins.share:.0%} of the "
        "sequences look like another one, and their targets have nothing in common.",
        [
            ("different tokens in the inputs", twins.used, f"near {twins.known}, the rows of the embedding"),
            ("sequences that look like another one, share", twins.share, "near 0, or with the same targets"),
            ("agreement of targets of sequences that look alike (0: chance, 1: the same)", twins.agreement, "near 1"),
            ("skill of the run", skill, ""),
        ],
        confidence=0.9, severity="error", proof="bound", where=recurrent_place(signs), since_step=0, panels=("inputs",),
    )  # fmt: skip


def _by_dose(signs: Signs, token: int, share: float, ratio: float) -> Judgement | None:
    """The run has learned what can be told, and nothing gets it further: simple learners tell all of the targets of sequences
    that have not this token, and less the more often it stands."""
    skill, pairs = signs.loss.skill, pairs_of(signs)
    if skill is None or skill < LEARNS or learned(signs) or pairs is None or pairs.best is None or leading_arm(signs) is not None:
        return None
    found = dose(signs, token)
    if found is None or found.without < WELL or found.alone > LITTLE or found.z < CLEAR or skill < TOLD * pairs.best.skill:
        return None
    return finding(
        CAUSE.id,
        f"{share:.0%} of the tokens are one, id {token}, {ratio:.0f} times as common as the next, and what cannot be told hangs on "
        f"it: simple learners have skill {found.without:.2f} where it does not stand, and {max(0.0, found.alone):.2f} where nothing "
        "else does. It stands for many that are unknown.",
        [
            (f"share of token {token} (padding at the ends not counted)", share, "below 0.05 for an unknown"),
            ("how many times the next common one", ratio, "about 1 to 2"),
            ("skill of a ridge, by a line through all sequences: without it", found.without, ""),
            ("of nothing but it", found.alone, "the same"),
            ("slope of its errors over the share of it, in standard errors", found.z, f"below {CLEAR:g}"),
            ("skill of the run", skill, ""),
        ],
        confidence=0.75, severity="warning", proof="statistics", where=recurrent_place(signs), since_step=0, panels=("inputs",),
    )  # fmt: skip


def _inner(x: Array) -> Array:
    """Tokens between the runs of one id at either end of each sequence, where these are longer than half of it (and longer
    than the id's share of what stands between makes likely) or all sequences end (or begin) in the same one."""
    first, last = len(np.unique(x[:, 0])) == 1, len(np.unique(x[:, -1])) == 1
    runs = [(_run(row, first), _run(row[::-1], last)) for row in x]
    between = np.concatenate([row[start : max(start, len(row) - end)] for row, (start, end) in zip(x, runs, strict=True)])
    share = {int(i): n / len(between) for i, n in zip(*np.unique(between, return_counts=True), strict=True)}
    flat = []
    for row, (start, end) in zip(x, runs, strict=True):
        start = 0 if not first and share.get(int(row[0]), 0.0) ** start > CHANCE else start
        end = 0 if not last and share.get(int(row[-1]), 0.0) ** end > CHANCE else end
        flat.append(row[start : max(start, len(row) - end)])
    return np.concatenate(flat)


def _run(row: Array, any_length: bool) -> int:
    """How many tokens at the start are the first one, if that many are a run of padding."""
    same = row == row[0]
    length = len(row) if same.all() else int(np.argmin(same))
    return length if any_length or length >= len(row) / 2 else 0


CAUSE = Cause("vocabulary-too-small", judge, __doc__, needs=("inputs",), fixes=("widen-vocabulary",), on_data=True)
