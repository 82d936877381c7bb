"""What a diagnosis asks of the trials: nothing, all that may cure, or only what it warns of in a run that learns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from ..words import Finding, Report
from .compare import SHORT_OF

BACKED = 0.7
HALFWAY = 0.6
SHOWN = ("structure", "bound")
"""Proofs that do not lean on how the run went."""
ELSEWHERE = ("scaler-mismatch", "leakage", "wrong-mode")
"""Faults of what is held back: how the training went says nothing against them."""
BRAKED = ("weight-decay-too-high", "scheduler-kills-lr", "clip-too-tight")
"""What a script puts in its own way: a run may learn in spite of it."""
BY_HEART = ("overfitting", "no-signal")
"""Where these are found, a better fit of the training data is no cure."""
Asked = Literal["nothing", "what is warned of", "all"]


def asked_for(report: Report) -> Asked:
    """A run that learns and has nothing proven wrong is left alone. One that is halfway there, with a warning that more than
    statistics speak for, or where a simple learner gets clearly more, is not; in one that learns, only what the text or
    the graph shows to be wrong, what concerns held-back data alone, or what a what-if has shown to hold it back, is tried."""
    if any(f.severity == "error" for f in report.findings) or report.verdict in ("stalled", "diverged", "never-started"):
        return "all"
    level = min((s for s in (report.skill, report.skill_held_back) if s is not None), default=1.0)
    warned = [f for f in report.findings if f.severity == "warning"]
    backed = any(is_backed(f) for f in warned)
    short_of_data = bool(warned) and level < max(report.baselines.values(), default=-1.0) - SHORT_OF
    if level < HALFWAY and (backed or short_of_data):
        return "all"
    return "what is warned of" if any(tried_though_it_learns(f) for f in warned) else "nothing"


def is_backed(finding: Finding) -> bool:
    """More than statistics speak for it."""
    return finding.confidence >= BACKED and finding.proof != "statistics"


def tried_though_it_learns(finding: Finding) -> bool:
    return finding.proof in SHOWN or finding.cause in ELSEWHERE or (finding.cause in BRAKED and is_backed(finding))


def may_be_by_heart(findings: Iterable[Finding]) -> bool:
    return any(f.severity == "error" and f.cause in BY_HEART for f in findings)


def by_balance(findings: Iterable[Finding]) -> bool:
    """Are rare classes that are never answered what is wrong? The loss is then the wrong judge of a cure."""
    first = next((f for f in findings if f.severity == "error" and f.explained_by is None), None)
    return first is not None and first.cause == "class-imbalance"
