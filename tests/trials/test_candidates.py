"""What is worth trying next: how far a rate is taken beyond what cured."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lossdoctor.trials import candidates
from lossdoctor.trials.candidate import Step
from lossdoctor.trials.candidates import further
from lossdoctor.words.cure import Change


def rate(name: str, factor: float) -> Step:
    return Step(Change(name, {"factor": factor}, name, "safe", "source", "some-cause"))


def known(*arms: tuple[str, float], took_hold: bool = True) -> Any:
    made = [SimpleNamespace(fix=fix, args={"factor": factor}, took_hold=took_hold) for fix, factor in arms]
    return SimpleNamespace(signs=SimpleNamespace(arms=made))


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(diagnosis: Any, name: str, args: dict[str, Any], cause: str, *rest: Any) -> Step:
        return Step(Change(name, args, name, "safe", "source", cause))

    monkeypatch.setattr(candidates, "_step", step)


@pytest.mark.parametrize(
    ("step", "diagnosis", "expected"),
    [
        (rate("raise-lr", 10.0), known(("raise-lr", 10.0)), 100.0),
        (rate("raise-lr", 10.0), known(("raise-lr", 10.0), ("raise-lr", 100.0)), 30.0),
        (rate("raise-lr", 30.0), known(("raise-lr", 10.0), ("raise-lr", 100.0)), None),
        (rate("raise-lr", 10.0), known(("raise-lr", 100.0), took_hold=False), 100.0),
        (rate("lower-lr", 0.1), known(("lower-lr", 0.1), ("lower-lr", 0.01)), 0.0333),
        (rate("lower-lr", 0.1), known(("raise-lr", 100.0)), 0.01),
        (rate("add-clip", 0.1), known(), None),
    ],
)
def test_a_rate_is_taken_further(step: Step, diagnosis: Any, expected: float | None) -> None:
    found = further(diagnosis, step, frozenset())
    assert (None if found is None else found.change.args["factor"]) == expected


@pytest.mark.parametrize(("cause", "steps", "expected"), [("sequence-too-long", 25, 12), ("sequence-too-long", 7, None), ("sequence-too-short", 25, None)])
def test_a_window_that_was_cut_is_cut_further(cause: str, steps: int, expected: int | None) -> None:
    step = Step(Change("set-window", {"steps": steps, "axis": 1}, "set-window", "unsafe", "source", cause), proven=True)
    found = further(known(), step, frozenset())
    assert (None if found is None else (found.change.args, found.proven)) == (
        None if expected is None else ({"steps": expected, "axis": 1}, True)
    )
