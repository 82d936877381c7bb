"""From a search to what is said of it: the cure, its patch, and what it says of the diagnosis."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from ..diagnosis.engine import Diagnosis
from ..source.patch import Patch, patch_to
from ..words import short
from ..words.cure import Cure, CureReport, Trial
from .compare import gain, interval, score
from .runner import Ran
from .search import HELPS, Proof, Search, outcome_word


def conclude(
    search: Search, proof: Proof | None, main: Diagnosis, *, script: str, out: str, patch_name: str, plain_seconds: float,
) -> tuple[CureReport, Patch | None]:  # fmt: skip
    """The report, and the patch of the verified cure (None where nothing is verified, or none of it can be written)."""
    plain = search.plain
    trials = tuple(_trial(ran, search) for ran in search.runner.done.values())
    needed = not search.needs_none
    best, patch = (None, None) if proof is None else _cure(proof, search, patch_name)
    confirmed, taken_back = turned_back(search, best)
    report = CureReport(
        script=script, needed=needed, answer=_answer(search, best, main, needed), seeds=tuple(search.seeds), baseline=_rounded(score(plain.seen)),
        trials=trials, best=best, confirmed=confirmed, taken_back=taken_back,
        ruled_out=_ruled_out(search) if best is None or not best.verified else (), notes=tuple(search.notes),
        plain_seconds=round(plain_seconds, 2), trial_seconds=round(search.runner.spent, 2),
        diff=patch.diff.decode("utf-8", errors="replace") if patch is not None else "", out=out,
        metric=search.judge.metric.name if search.judge.metric is not None else "", reference=_rounded(plain.seen.reference),
    )  # fmt: skip
    return report, patch


def _cure(proof: Proof, search: Search, patch_name: str) -> tuple[Cure, Patch | None]:
    skills = [score(r.seen) for r in proof.fixed]
    effects = [gain(f.seen, p.seen) for f, p in zip(proof.fixed, proof.plain, strict=True)]
    patch = patch_to(proof.candidate.sources)
    measure = search.judge.skill_words
    if all(r.seen.held is not None for r in proof.fixed):
        measure = "held-back skill"
    by_hand = tuple(c for c in proof.candidate.changes if c.how == "live")
    left = " and ".join(change.title for change in by_hand)
    cure = Cure(
        changes=proof.candidate.changes, verified=proof.verified and not by_hand, skill=_rounded(statistics.fmean(skills)), interval=_pair(interval(skills)),
        effect=_rounded(statistics.fmean(effects)), effect_interval=_pair(interval(effects)),
        measure=measure, seeds=tuple(r.seed for r in proof.fixed),
        patch=patch_name if patch is not None and proof.verified else None,
        by_hand=by_hand,
        why_not=f"it works on {len(proof.fixed)} of {len(proof.fixed)} seeds, tried on the live run, but has to be put in by hand: {left}"
        if proof.verified and by_hand else proof.why_not,
    )  # fmt: skip
    return cure, patch


def turned_back(search: Search, best: Cure | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(causes whose cure works, causes whose own fixes, tried alone, did nothing)."""
    confirmed = tuple(dict.fromkeys(c.cause for c in best.changes if c.cause)) if best is not None and best.verified else ()
    plain = search.plain.seen
    gains: dict[str, float] = {}
    for ran in search.runner.done.values():
        causes = {c.cause for c in ran.candidate.changes if c.cause}
        if len(ran.candidate.steps) == 1 and ran.seed == search.seeds[0] and causes:
            name = causes.pop()
            gains[name] = max(gains.get(name, -9.0), gain(ran.seen, plain) if ran.seen.works else -9.0)
    return confirmed, tuple(sorted(n for n, won in gains.items() if won <= HELPS and n not in confirmed))


def _ruled_out(search: Search) -> tuple[str, ...]:
    plain = search.plain.seen
    told: list[str] = []
    for ran in search.runner.done.values():
        if ran.candidate.steps and ran.seed == search.seeds[0] and (not ran.seen.works or gain(ran.seen, plain) <= HELPS):
            told.append(f"{ran.candidate.title}: {outcome_word(ran.seen, plain)}")
    return tuple(dict.fromkeys(told))


def _answer(search: Search, best: Cure | None, main: Diagnosis, needed: bool) -> str:
    if not needed:
        return f"Run to its end the script learns as it is: skill {short(score(search.plain.seen))}. Nothing was changed."
    cut = " before the time was over" if search.out_of_time else ""
    if best is None:
        tried = sum(1 for ran in search.runner.done.values() if ran.candidate.steps)
        reference = search.plain.seen.reference
        data = ""
        if reference is not None:
            data = f" A simple learner gets skill {short(reference)} from the same inputs" + (
                ", nothing either: what there is to know may not be in them." if reference < 0.05 else ", so the data allow it."
            )
        return f"No fix was found{cut}: {tried} trials, none better than the script as it is.{data}"
    titles = " and ".join(change.title for change in best.changes)
    causes = ", ".join(dict.fromkeys(c.cause for c in best.changes if c.cause))
    if best.verified:
        return f"Verified on {len(best.seeds)} of {len(best.seeds)} seeds: {titles}" + (f" ({causes})." if causes else ".")
    return f"Nothing was verified{cut}. Best so far: {titles}; not proven: {best.why_not}."


def _trial(ran: Ran, search: Search) -> Trial:
    seen, plain = ran.seen, search.plain.seen
    printed = search.judge.metric.read(seen.printed) if search.judge.metric is not None else None
    why = ", ".join(dict.fromkeys(c.cause for c in ran.candidate.changes if c.cause))
    return Trial(
        ran.candidate.changes, ran.seed, seen.steps, round(seen.seconds, 2), _rounded(seen.skill), _rounded(seen.held), printed,
        outcome_word(seen, plain) if ran.candidate.steps else "baseline", why, seen.crashed or seen.note, seen.whole, seen.curve,
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (round(values[0], 4), round(values[1], 4))
