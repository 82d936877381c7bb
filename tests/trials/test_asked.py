"""When is a run tried at all, and when only for what it is warned of?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lossdoctor.trials.asked import asked_for, by_balance, may_be_by_heart


def finding(cause: str, severity: str = "warning", proof: str = "statistics", confidence: float = 0.6) -> Any:
    return SimpleNamespace(cause=cause, severity=severity, proof=proof, confidence=confidence, explained_by=None)


def report(*findings: Any, verdict: str = "converged", skill: float | None = 0.9, held: float | None = None, ridge: float = 0.9) -> Any:
    return SimpleNamespace(findings=findings, verdict=verdict, skill=skill, skill_held_back=held, baselines={"ridge": ridge})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (report(), "nothing"),
        (report(finding("class-imbalance")), "nothing"),
        (report(finding("lr-too-low", "error")), "all"),
        (report(verdict="stalled"), "all"),
        # Halfway there: more than statistics, or a simple learner that gets more.
        (report(finding("too-few-epochs"), skill=0.43, ridge=0.83), "all"),
        (report(finding("too-few-epochs"), skill=0.43, ridge=0.5), "nothing"),
        (report(finding("lr-too-low", proof="intervention", confidence=0.8), skill=0.43, ridge=0.5), "all"),
        # It learns: what the text shows, or what is held back.
        (report(finding("leakage", proof="structure"), skill=0.99), "what is warned of"),
        (report(finding("scaler-mismatch"), skill=0.99), "what is warned of"),
        (report(finding("lr-too-low", proof="intervention", confidence=0.8), skill=0.9), "nothing"),
        # Or what it does to itself.
        (report(finding("weight-decay-too-high", proof="intervention", confidence=0.9), skill=0.64), "what is warned of"),
        (report(finding("weight-decay-too-high", "note", proof="intervention", confidence=0.9), skill=0.64), "nothing"),
    ],
)
def test_what_is_asked_for(given: Any, expected: str) -> None:
    assert asked_for(given) == expected


def test_where_training_skill_proves_nothing() -> None:
    assert may_be_by_heart([finding("overfitting", "error")])
    assert not may_be_by_heart([finding("overfitting"), finding("lr-too-high", "error")])


def test_rare_classes_that_are_never_answered_are_judged_by_balance() -> None:
    assert by_balance([finding("class-imbalance", "error"), finding("too-few-epochs", "error")])
    assert not by_balance([finding("lr-too-low", "error"), finding("class-imbalance", "error")])
    assert not by_balance([finding("class-imbalance")])
