"""The engine keeps every answer, survives a cause that fails, and lowers what a healthy run must not hear."""

from __future__ import annotations

import numpy as np
import pytest
from made import signs_of, targets

from lossdoctor.causes import Cause, all_causes
from lossdoctor.causes.cause import finding
from lossdoctor.diagnosis import engine
from lossdoctor.diagnosis.engine import examine
from lossdoctor.signs import Signs
from lossdoctor.words import Judgement
from lossdoctor.words.finding import Severity

STALLED = np.ones(120)
LEARNED = 0.02 + 0.98 * np.exp(-np.arange(120) / 8)


def only(monkeypatch: pytest.MonkeyPatch, cause: Cause) -> None:
    monkeypatch.setattr(engine, "all_causes", lambda: {cause.id: cause})


def claims(severity: Severity, proof: str, confidence: float, stage: str = "stable") -> Cause:
    def judge(signs: Signs) -> Judgement:
        return finding("made-up", "x", [("x", 1, "0")], confidence=confidence, proof=proof, severity=severity)

    return Cause("made-up", judge, "", stage=stage)  # type: ignore[arg-type]


def severity_of(signs: Signs) -> str:
    (found,) = examine(signs).findings
    return found.severity


def test_every_cause_answers_once() -> None:
    said = examine(signs_of(STALLED, targets()))
    names = [a.cause for a in (*said.findings, *said.healthy, *said.not_judged)]
    assert sorted(names) == sorted(all_causes())
    assert not said.errors


def test_every_cause_has_an_answer_to_an_empty_trace() -> None:
    said = examine(signs_of([]))
    assert not said.errors and not said.findings


def test_a_cause_that_fails_is_not_judged_and_the_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(signs: Signs) -> Judgement:
        raise ZeroDivisionError("of our own")

    broken = Cause("made-up", judge, "")
    monkeypatch.setattr(engine, "all_causes", lambda: {"made-up": broken, **all_causes()})
    said = examine(signs_of(STALLED, targets()))
    assert "made-up" in [n.cause for n in said.not_judged]
    (error,) = said.errors
    assert "ZeroDivisionError: of our own" in error
    assert len(said.findings) + len(said.healthy) + len(said.not_judged) == len(all_causes()) + 1


def test_causes_can_be_chosen_and_left_out() -> None:
    signs = signs_of(STALLED, targets())
    said = examine(signs, select=frozenset({"lr-too-low", "nan-loss"}), ignore=frozenset({"nan-loss"}))
    assert [a.cause for a in (*said.findings, *said.healthy, *said.not_judged)] == ["lr-too-low"]


def test_a_run_that_has_learned_hears_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, claims("error", "structure", 0.99))
    assert severity_of(signs_of(LEARNED, targets())) == "warning"
    assert severity_of(signs_of(STALLED, targets())) == "error"


def test_good_in_training_alone_is_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, claims("error", "structure", 0.99))
    assert severity_of(signs_of(LEARNED, targets(), held=[(110, 1.2)])) == "error"


def test_mere_statistics_of_little_confidence_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, claims("error", "statistics", 0.5))
    assert severity_of(signs_of(STALLED, targets())) == "warning"


def test_a_preview_never_says_error(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, claims("error", "structure", 0.99, "preview"))
    assert severity_of(signs_of(STALLED, targets())) == "warning"


def test_a_note_stays_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, claims("note", "structure", 0.99))
    assert severity_of(signs_of(STALLED, targets())) == "note"
