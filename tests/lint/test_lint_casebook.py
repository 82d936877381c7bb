"""No error is said of any fixed or healthy script of the casebook, and what is said of the sick ones is right."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lossdoctor.lint import lint_paths

CASEBOOK = Path(__file__).resolve().parents[2] / "casebook"
CASES = sorted([*CASEBOOK.glob("*/case.toml"), *CASEBOOK.glob("open/*/case.toml")])
HEALTHY = sorted(
    [case.with_name("fixed.py") for case in CASES if case.with_name("fixed.py").exists()]
    + [case.with_name("train.py") for case in CASES if tomllib.loads(case.read_text())["causes"] == ["healthy"]]
    + list(CASEBOOK.glob("faults/healthy/*/train.py"))
)


def said(script: Path) -> dict[str, str]:
    return {f.cause: f.severity for looked in lint_paths([str(script)]) for f in looked.findings}


def test_there_is_something_to_look_at() -> None:
    assert len(HEALTHY) > 180


@pytest.mark.parametrize("script", HEALTHY, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_healthy_scripts_get_no_error_and_no_warning(script: Path) -> None:
    assert {c: s for c, s in said(script).items() if s != "note"} == {}


def test_sick_scripts_get_no_other_cause() -> None:
    named = 0
    for case in CASES:
        causes = tomllib.loads(case.read_text())["causes"]
        if causes != ["healthy"]:
            found = said(case.with_name("train.py"))
            assert {c: s for c, s in found.items() if s == "error" and c not in causes} == {}, case.parent.name
            named += any(cause in found for cause in causes)
    assert named >= 11
