"""What is worth trying: the fixes of the ranked findings, then what the what-ifs favour, then the usual suspects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Any

from ..causes import all_causes
from ..diagnosis.engine import Diagnosis
from ..fixes import all_fixes
from ..fixes.change_setting import magnitudes, others
from ..fixes.fix import Fix
from ..fixes.widen import new_size
from ..signs.arms import PROBES, ArmSign
from ..signs.standing import inputs_off_scale
from ..source.patch import patch_of
from ..source.script import reading
from ..words import CERTAIN, Finding
from ..words.cure import Change
from ..words.what_if import speaks_for
from .candidate import Candidate, Step

USUAL: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("lower-lr", {"factor": 0.1}),
    ("raise-lr", {"factor": 10.0}),
    ("lower-lr", {"factor": 0.01}),
    ("swap-optimizer", {"optimizer": "Adam", "lr": 1e-3}),
    ("add-clip", {}),
    ("scale-inputs", {}),
    ("reinit", {}),
    ("train-longer", {}),
)
"""In the systematic order: data and rate before initialisation; asked where the evidence does not decide."""

WHEN_DIVERGED: tuple[tuple[str, Mapping[str, Any]], ...] = (("lower-lr", {"factor": 1e-3}),)
NOT_WHEN_DIVERGED = frozenset({"raise-lr", "train-longer"})
PER_FINDING = 3
LESS_SURE = 100
UNSAFE = 0.5
MOST_SETTINGS = 5
MOST_MAGNITUDES = 4
LEAST_WINDOW = 4


def steps_of(diagnosis: Diagnosis, only: frozenset[str] | None, never: frozenset[str], knobs: frozenset[str]) -> list[Step]:
    """Steps in the order in which they are to be tried, each once. `knobs` are the fixes that can be tried live."""
    found: dict[str, Step] = {}
    for step in _all_steps(diagnosis, knobs):
        if (only is not None and step.change.id not in only) or step.change.id in never:
            continue
        found.setdefault(step.key, step)
    return sorted(found.values(), key=lambda step: step.rank)


def _all_steps(diagnosis: Diagnosis, knobs: frozenset[str]) -> Iterator[Step]:
    ranks = count()
    explained: list[Finding] = []
    asked = False
    for finding in diagnosis.findings:
        if finding.explained_by is not None or finding.severity == "note":
            explained.append(finding)
            continue
        own = list(_of_finding(diagnosis, finding, ranks, knobs, 0))
        yield from own
        if finding.severity == "error" and not asked:
            # What is wrong may be asked for by a setting: the trial tells which.
            asked = True
            yield from _of_settings(diagnosis, finding, ranks, knobs, LESS_SURE if any(step.edits for step in own) else 0)
    arms = [a for a in diagnosis.signs.arms if a.helps and a.fix not in PROBES]
    for arm in sorted(arms, key=lambda a: -a.gain):
        step = _step(diagnosis, arm.fix, dict(arm.args), "", next(ranks) + LESS_SURE, knobs)
        if step is not None:
            yield replace(step, backed=arm.cures)
    for finding in explained:
        yield from _of_finding(diagnosis, finding, ranks, knobs, 2 * LESS_SURE)
    first = next((f for f in diagnosis.findings if f.severity == "error"), None)
    if first is not None:
        # A number of the script's own that nobody knows the meaning of.
        for size in islice(magnitudes(diagnosis.signs, f"{first.cause} {first.summary}"), MOST_MAGNITUDES):
            step = _step(diagnosis, "change-setting", dict(size), first.cause, next(ranks) + 2 * LESS_SURE, knobs)
            if step is not None:
                yield step
    for name, args in (*USUAL, *(WHEN_DIVERGED if diagnosis.verdict == "diverged" else ())):
        if diagnosis.verdict == "diverged" and name in NOT_WHEN_DIVERGED:
            continue
        if name == "scale-inputs" and not inputs_off_scale(diagnosis.signs):
            continue
        step = _step(diagnosis, name, dict(args), "", next(ranks) + 3 * LESS_SURE, knobs)
        if step is not None:
            yield step


def _of_finding(
    diagnosis: Diagnosis, finding: Finding, ranks: Iterator[int], knobs: frozenset[str], behind: int
) -> Iterator[Step]:
    fitting = [name for name in all_causes()[finding.cause].fixes if all_fixes()[name].proposed(diagnosis.signs, {})]
    for place, name in enumerate(fitting[:PER_FINDING]):
        # The second fix of the first finding is tried after the first fix of the second one.
        rank = next(ranks) + behind + 10 * place
        for args in _arguments(diagnosis.signs.arms, name, finding.cause):
            step = _step(diagnosis, name, args, finding.cause, rank, knobs)
            if step is not None:
                yield replace(step, proven=finding.severity == "error" and finding.confidence >= CERTAIN)


def _of_settings(diagnosis: Diagnosis, finding: Finding, ranks: Iterator[int], knobs: frozenset[str], behind: int) -> Iterator[Step]:
    words = f"{finding.cause} {finding.summary} {' '.join(all_causes()[finding.cause].fixes)}"
    for args in islice(others(diagnosis.signs, words), MOST_SETTINGS):
        step = _step(diagnosis, "change-setting", dict(args), finding.cause, next(ranks) + behind, knobs)
        if step is not None:
            yield step


RATES = ("lower-lr", "raise-lr")
MOST_UNITS = 256
NEAR = 2.5
"""Rates that differ by less are taken for alike."""


def further(diagnosis: Diagnosis, step: Step, knobs: frozenset[str]) -> list[Step]:
    """More of the same change, and less, what is most promising first: a rate (see `_rates_beside`), half of a window that was
    cut, twice or four times as many units again. Empty for any other step."""
    change, wanted = step.change, list[dict[str, Any]]()
    steps, factor = change.args.get("steps"), change.args.get("factor")
    if change.id == "set-window":
        if change.cause == "sequence-too-long" and isinstance(steps, int) and steps >= 2 * LEAST_WINDOW:
            wanted = [{**change.args, "steps": steps // 2}]
    elif change.id == "widen":
        units = new_size(diagnosis.signs, change.args) or MOST_UNITS
        wanted = [{"hidden": units * times} for times in (2, 4) if step.edits and units * times <= MOST_UNITS]
    elif change.id in RATES and isinstance(factor, float) and 1e-5 < factor < 1e5:
        wanted = [{"factor": float(f"{made:.3g}")} for made in _rates_beside(diagnosis, change.id, factor)]
    made = [_step(diagnosis, change.id, args, change.cause, step.rank + 1, knobs) for args in wanted]
    return [replace(one, proven=step.proven) for one in made if one is not None]


def _rates_beside(diagnosis: Diagnosis, fix: str, factor: float) -> Iterator[float]:
    """Ten times further, or half the way (as rates go) to the next what-if that went further; then half the way back
    to the what-if before, or to the rate as it is. None that is near already."""
    way = -1 if fix == "lower-lr" else 1
    asked = [float(arm.args.get("factor") or factor) for arm in diagnosis.signs.arms if arm.fix == fix and arm.took_hold]
    beyond = [ratio for other in asked if (ratio := (other / factor) ** way) > NEAR]
    before = [ratio for other in [*asked, 1.0] if (ratio := (factor / other) ** way) > NEAR]
    for ratio, sign in ((min(beyond, default=100.0), way), (min(before, default=1.0), -way)):
        times = float(f"{ratio**0.5:.1g}")
        if times >= NEAR:
            yield factor * times**sign


def _arguments(arms: Sequence[ArmSign], name: str, cause: str = "") -> list[dict[str, Any]]:
    """The arguments with which an arm did best, then others that cured; the fix's own choice where none was run."""
    asked = (a for a in arms if a.fix == name and a.took_hold and a.skill is not None and speaks_for(name, a.args, cause))
    tried = sorted(asked, key=lambda a: -(a.skill or -9))
    return [dict(a.args) for a in tried[:1]] + [dict(a.args) for a in tried[1:3] if a.cures] or [{}]


def _step(diagnosis: Diagnosis, name: str, args: dict[str, Any], cause: str, rank: float, knobs: frozenset[str]) -> Step | None:
    fix = all_fixes().get(name)
    if fix is None:
        return None
    signs = diagnosis.signs
    if not fix.proposed(signs, args) or _is_there_already(diagnosis, name, args):
        return None
    made = fix.change(signs, args)
    plain = {k: v for k, v in args.items() if isinstance(v, str | int | float | bool)}
    rank += UNSAFE if fix.safety == "unsafe" else 0.0
    if made is not None and patch_of(made.edits) is not None:
        change = Change(name, plain, fix.title(signs, args), fix.safety, "source", cause, made.diff)
        return Step(change, tuple(made.edits), rank=rank)
    if name in knobs and (args or _needs_nothing(fix)) and _can_take_hold(diagnosis, name):
        change = Change(name, plain, fix.title(signs, args), "shown", "live", cause, fix.otherwise(signs, args))
        return Step(change, live=(name, args), rank=rank + UNSAFE)
    return None


def _is_there_already(diagnosis: Diagnosis, name: str, args: Mapping[str, Any]) -> bool:
    """Would the run be as it is?"""
    step = diagnosis.signs.step
    if name == "swap-optimizer" and step.optimizer is not None:
        same = step.optimizer.cls == str(args.get("optimizer", "Adam"))
        return same and abs(step.lr_peak - float(args.get("lr", 1e-3))) <= 0.5 * step.lr_peak
    return name == "add-clip" and bool(step.clips)


NEED_AN_OPTIMIZER = frozenset({"lower-lr", "raise-lr", "swap-optimizer", "set-weight-decay", "drop-scheduler", "add-clip"})


def _can_take_hold(diagnosis: Diagnosis, name: str) -> bool:
    """A knob that found nothing to turn in the what-ifs will find nothing in a trial either."""
    if name in NEED_AN_OPTIMIZER and diagnosis.signs.step.optimizer is None:
        return False
    arms = [arm for arm in diagnosis.signs.arms if arm.fix == name]
    return not arms or any(arm.took_hold for arm in arms)


def _needs_nothing(fix: Fix) -> bool:
    """A knob that works without arguments from measurement."""
    return fix.live and fix.id in ("unfreeze", "set-mode", "shallower", "use-float32", "reset-state", "swap-cell", "reinit")


def on_top_of(candidate: Candidate, diagnosis: Diagnosis, knobs: frozenset[str]) -> list[Candidate]:
    """The candidate with one more change each, as its own trace asks for: what was hidden behind the first fault."""
    found: list[Candidate] = []
    mine = {change.id for change in candidate.changes}
    with reading(candidate.sources):
        for step in steps_of(diagnosis, None, frozenset(mine), knobs):
            patch = patch_of(step.edits) if step.edits else None
            if not step.change.cause or (step.edits and patch is None):
                continue
            sources = {**candidate.sources, **({file.path: file.after for file in patch.files} if patch is not None else {})}
            found.append(Candidate((*candidate.steps, replace(step, on_top=True)), sources))
    return found


def together(steps: Sequence[Step]) -> Candidate | None:
    """One candidate of several steps; None where their edits touch one another, or one fix is there twice."""
    if len({step.change.id for step in steps}) < len(steps):
        return None
    edits = [edit for step in steps for edit in step.edits]
    if not edits:
        return Candidate(tuple(steps))
    patch = patch_of(edits)
    if patch is None:
        return None
    return Candidate(tuple(steps), {file.path: file.after for file in patch.files})
