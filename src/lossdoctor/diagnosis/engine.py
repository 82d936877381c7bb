"""One engine over one bundle of evidence: every cause is asked, and every answer is kept."""

from __future__ import annotations

import dataclasses
import traceback
from dataclasses import dataclass

from ..causes import all_causes
from ..fixes import all_fixes
from ..signs import Signs
from ..signs.standing import learned
from ..words import Finding, Healthy, NotJudged, Verdict
from ..words.what_if import speaks_for
from .ranking import rank
from .verdict import verdict


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is said of one training."""

    signs: Signs
    verdict: Verdict
    findings: tuple[Finding, ...]
    healthy: tuple[Healthy, ...]
    not_judged: tuple[NotJudged, ...]
    errors: tuple[str, ...] = ()


def examine(signs: Signs, select: frozenset[str] | None = None, ignore: frozenset[str] = frozenset()) -> Diagnosis:
    """Ask every cause. A cause that fails is not judged, and why goes to the error log: never a traceback."""
    found: list[Finding] = []
    healthy: list[Healthy] = []
    not_judged: list[NotJudged] = []
    errors: list[str] = []
    for cause in all_causes().values():
        if (select is not None and cause.id not in select) or cause.id in ignore:
            continue
        if signs.data is not None and not cause.on_data:
            not_judged.append(NotJudged(cause.id, A_RUN))
            continue
        try:
            said = cause.judge(signs)
        except Exception as error:
            errors.append(f"{cause.id}: " + "".join(traceback.format_exception(error)))
            said = NotJudged(cause.id, "an internal error was in the way (details in errors.log)")
        if isinstance(said, Finding):
            found.append(_tempered(signs, said))
        elif isinstance(said, Healthy):
            healthy.append(said)
        else:
            not_judged.append(said)
    ranked = rank([dataclasses.replace(f, training=signs.training) for f in found])
    said_of_all = confirmed(verdict(signs), ranked, signs)
    return Diagnosis(signs, said_of_all, ranked, tuple(healthy), tuple(not_judged), tuple(errors))


A_RUN = "a watched run of the training: lossdoctor check train.py"

BREAKS = frozenset({"nan-in-data", "constant-inputs", "no-signal"})
"""What no training can do with, said of a data file. All else a script may put right, and is at most a warning; so are pairs
that we have cut ourselves."""

ELSEWHERE = frozenset({"overfitting", "scaler-mismatch", "leakage"})
"""What is wrong on other data than the training's: the training itself may be done."""


def confirmed(said: Verdict, findings: tuple[Finding, ...], signs: Signs) -> Verdict:
    """Data are fit unless something is an error. A flat curve is only "done" if nothing was found that keeps it there; one that was cut short is learning."""
    if signs.data is not None:
        return "unfit" if any(f.severity == "error" for f in findings) else "fit"
    if not findings:
        return said
    first = findings[0]
    if first.cause == "too-few-epochs":
        return "learning" if said in ("stalled", "converged") and signs.loss.end < signs.loss.start else said
    if first.cause in ELSEWHERE:
        return said
    decided = first.severity == "error" or (
        first.severity == "warning" and first.proof == "intervention" and first.confidence >= 0.75
    )
    return "stalled" if said == "converged" and decided and not learned(signs) else said


def _tempered(signs: Signs, finding: Finding) -> Finding:
    """Law 3: a run that has learned well has no error; mere statistics are at most a warning; a preview
    cause never says error."""
    severity = finding.severity
    if severity == "error" and signs.data is not None and finding.cause not in BREAKS:
        given = finding.cause == "inputs-targets-misaligned" and signs.data.form == "pairs"
        severity = "error" if given else "warning"
    if severity == "error" and learned(signs):
        severity = "warning"
    if severity == "error" and finding.proof == "statistics" and finding.confidence < 0.6:
        severity = "warning"
    if severity == "error" and all_causes()[finding.cause].stage == "preview":
        severity = "warning"
    return dataclasses.replace(finding, severity=severity) if severity != finding.severity else finding


def with_fixes(diagnosis: Diagnosis) -> Diagnosis:
    """The findings with their fixes proposed: the arm's own arguments where an arm has named the cause."""
    fixes = all_fixes()
    findings = []
    for finding in diagnosis.findings:
        proposals = []
        for name in all_causes()[finding.cause].fixes:
            fix = fixes.get(name)
            if fix is None:
                continue
            arms = [
                a for a in diagnosis.signs.arms
                if a.fix == name and a.took_hold and a.skill is not None and speaks_for(name, a.args, finding.cause)
            ]  # fmt: skip
            best = max(arms, key=lambda a: a.skill or -9, default=None)
            args = dict(best.args) if best is not None else {}
            if fix.proposed(diagnosis.signs, args):
                proposals.append(fix.propose(diagnosis.signs, args))
        findings.append(dataclasses.replace(finding, fixes=tuple(proposals)))
    return dataclasses.replace(diagnosis, findings=tuple(findings))
