"""What every renderer says in the same words: verdicts, how sure we are, what explains what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lossdoctor.words import Arm, Finding, FixValue, Place, Report, short

from ..words.what_if import speaks_for
from .plain import one_line

__all__ = [
    "CONTROL_FIXES",
    "OUTCOMES",
    "Certainty",
    "Group",
    "arms_by_outcome",
    "certainty",
    "control_arm",
    "duration",
    "fix_words",
    "grouped",
    "is_diff",
    "level_of",
    "percent",
    "place_words",
    "what_if_words",
    "when_words",
]

OUTCOMES: tuple[str, ...] = ("cures", "helps", "no difference", "worse", "did not take hold")

CONTROL_FIXES = frozenset({"", "none", "control"})
"""Fix ids of an arm that changes nothing: the original's own curve."""

UNTRIED = "; nothing has been tried yet"

_PROOF = {
    "structure": "proved by structure: a fact of this run's graph, shapes or calls, with no threshold in it",
    "bound": "proved by an exact bound: no data could have made it otherwise",
    "intervention": "proved by intervention: the same run, with this one thing changed, behaves otherwise",
    "statistics": f"a suspicion from what was measured{UNTRIED}",
}

_MIND = {
    "structure": "a part of the run that was not watched does it differently",
    "bound": "another optimizer is used, or far more steps are planned",
    "intervention": "paired runs on three seeds show no difference",
    "statistics": "a run with the change is no better",
}
"""Each goes on after "unless" and after "we would change our mind if"."""


_ON_DATA = {
    "structure": "counted in the file, with no threshold in it",
    "statistics": "measured on the file; nothing has been trained",
}
_MIND_ON_DATA = "the training script takes care of it, or the net is to be given something else"


@dataclass(frozen=True, slots=True)
class Group:
    """A finding and the findings that are its consequences, in order of rank. `rank` counts from 1."""

    rank: int
    finding: Finding
    consequences: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure, by what kind of proof, and what would change our mind: two plain clauses."""

    sure: str
    change: str


def grouped(findings: Sequence[Finding]) -> tuple[Group, ...]:
    """Findings with what each explains put under it. One whose explanation is not in the report, or
    that would explain itself in a circle, stands on its own."""
    by_id = {finding.id: index for index, finding in enumerate(findings) if finding.id}
    root = [_root(findings, by_id, index) for index in range(len(findings))]
    groups: list[Group] = []
    for index, finding in enumerate(findings):
        if root[index] == index:
            under = tuple(f for k, f in enumerate(findings) if root[k] == index and k != index)
            groups.append(Group(len(groups) + 1, finding, under))
    return tuple(groups)


def _root(findings: Sequence[Finding], by_id: dict[str, int], index: int) -> int:
    seen = {index}
    at = index
    while (parent := findings[at].explained_by) is not None and parent in by_id:
        at = by_id[parent]
        if at in seen:
            return index
        seen.add(at)
    return at


def certainty(finding: Finding, report: Report) -> Certainty:
    """The fourth line of a finding. An intervention names the arm that decided it."""
    if report.data is not None:
        return Certainty(f"{percent(finding.confidence)}, {_ON_DATA.get(finding.proof, _PROOF[finding.proof])}", _MIND_ON_DATA)
    sure = f"{percent(finding.confidence)}, {_PROOF[finding.proof]}"
    if finding.proof == "intervention" and (arm := _deciding_arm(finding, report)) is not None:
        sure += f" ({fix_words(arm)}: {level_of(arm)}{_instead_of(arm, report)})"
    if finding.cause in report.confirmed:
        # What was tried since speaks louder than what was measured before.
        sure = f"{sure.removesuffix(UNTRIED)}; confirmed: its cure works on paired runs"
    elif finding.cause in report.taken_back:
        sure = f"{sure.removesuffix(UNTRIED)}; taken back: on paired runs its cures change nothing"
    return Certainty(sure, _MIND[finding.proof])


def _deciding_arm(finding: Finding, report: Report) -> Arm | None:
    ids = {fix.id for fix in finding.fixes}
    arms = [arm for arm in report.arms if arm.fix in ids and arm.outcome in ("cures", "helps") and speaks_for(arm.fix, arm.args, finding.cause)]
    return min(arms, key=lambda arm: (arm.outcome != "cures", -(arm.skill or 0.0)), default=None)


def _instead_of(arm: Arm, report: Report) -> str:
    control = control_arm(report.arms)
    if control is not None:
        before = control.skill if arm.measure == "skill" else control.loss
    else:
        before = report.skill if arm.measure == "skill" else None
    return "" if before is None else f" instead of {short(before)}"


def control_arm(arms: Iterable[Arm]) -> Arm | None:
    """The arm that changes nothing, where one was run."""
    return next((arm for arm in arms if arm.fix in CONTROL_FIXES), None)


def arms_by_outcome(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """The control first, then the arms from the best outcome to the worst, best level first."""

    def order(arm: Arm) -> tuple[int, float]:
        if arm.fix in CONTROL_FIXES:
            return (-1, 0.0)
        rank = OUTCOMES.index(arm.outcome) if arm.outcome in OUTCOMES else len(OUTCOMES)
        level = arm.skill if arm.skill is not None else -(arm.loss or 0.0)
        return (rank, -level if level == level else 0.0)

    return tuple(sorted(arms, key=order))


def what_if_words(report: Report) -> str:
    """How the arms were run, in one clause."""
    arms = report.arms
    steps = sorted({arm.steps for arm in arms if arm.outcome != "did not take hold"}) or [0]
    span = f"{short(steps[0])}" if len(steps) == 1 else f"{short(steps[0])} to {short(steps[-1])}"
    way = "a copy of the live run" if all(arm.kind == "fork" for arm in arms) else "the script re-run"
    if len({arm.kind for arm in arms}) > 1:
        way = "a copy of the live run, or the script re-run"
    spent = f"; {report.probe_seconds:.0f} s of {report.probe_budget:.0f} s of computing" if report.probe_budget else ""
    return f"{way} with one thing changed, same data order, {span} steps each{spent}"


def fix_words(arm: Arm) -> str:
    """The title of an arm, or its fix id with arguments."""
    if arm.title:
        return one_line(arm.title)
    if arm.fix in CONTROL_FIXES:
        return "as it is"
    return one_line(arm.fix + _arguments(arm.args.items()))


def _arguments(args: Iterable[tuple[str, FixValue]]) -> str:
    text = ", ".join(f"{key}={short(value)}" for key, value in args)
    return f"({text})" if text else ""


def skill_words(value: float | None) -> str:
    """A skill as people read it: below -1 it is told no more than that the run diverged."""
    return "diverged" if value is None or value < -1 else short(value)


def level_of(arm: Arm) -> str:
    """Where an arm ended, in its own measure: `skill 0.91`."""
    value = arm.skill if arm.measure == "skill" else arm.loss
    return f"{arm.measure} {short(value)}" if value is not None else "–"


def place_words(place: Place) -> str:
    """`train.py:41`, or with the column, counted from 1 as editors do."""
    column = f":{place.column + 1}" if place.column is not None else ""
    return f"{one_line(place.file)}:{place.line}{column}"


def is_diff(snippet: str) -> bool:
    """Whether a fix's snippet is a unified diff and not instructions in words."""
    lines = [line for line in snippet.splitlines() if line]
    if any(line.startswith("@@") for line in lines):
        return True
    return any(line.startswith("+") for line in lines) and all(line[0] in "+- \\" for line in lines)


def duration(seconds: float) -> str:
    """`31.2 s`, `4 min 5 s`, `2 h 10 min`."""
    if not seconds >= 60:
        return f"{short(float(seconds))} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60} min"


def percent(share: float) -> str:
    """A share in [0, 1] as `1.1 %`."""
    return f"{short(round(share * 100, 3))} %"


def when_words(finding: Finding) -> str:
    """When it began, and when it could be said."""
    since = f"  since step {short(finding.since_step)}" if finding.since_step is not None else ""
    return since + (f"  certain after {short(finding.certain_step)} updates" if finding.certain_step is not None else "")
