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
        (rate("raise-lr", 10.0), known(("raise-lr", 10.0)), [100.0, 3.33]),
        (rate("raise-lr", 10.0), known(("raise-lr", 10.0), ("raise-lr", 100.0)), [30.0, 3.33]),
        (rate("raise-lr", 30.0), known(("raise-lr", 10.0), ("raise-lr", 100.0)), []),
        (rate("raise-lr", 10.0), known(("raise-lr", 100.0), took_hold=False), [100.0, 3.33]),
        (rate("lower-lr", 0.1), known(("lower-lr", 0.1), ("lower-lr", 0.01)), [0.0333, 0.3]),
        (rate("lower-lr", 0.01), known(("lower-lr", 0.1), ("lower-lr", 0.01)), [0.001, 0.03]),
        (rate("lower-lr", 0.1), known(("raise-lr", 100.0)), [0.01, 0.3]),
        (rate("add-clip", 0.1), known(), []),
    ],
)
def test_a_rate_is_taken_further_and_then_half_the_way_back(step: Step, diagnosis: Any, expected: list[float]) -> None:
    assert [one.change.args["factor"] for one in further(diagnosis, step, frozenset())] == expected


@pytest.mark.parametrize(
    ("units", "edits", "expected"), [(32, (object(),), [64, 128]), (128, (object(),), [256]), (256, (object(),), []), (None, (object(),), []), (32, (), [])]
)
def test_units_are_added_again_up_to_a_bound(
    units: int | None, edits: tuple[Any, ...], expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "new_size", lambda signs, args: units)
    step = Step(Change("widen", {"factor": 4.0}, "widen", "unsafe", "source", "capacity-too-small"), edits, proven=True)
    assert [one.change.args["hidden"] for one in further(known(), step, frozenset())] == expected


@pytest.mark.parametrize(("cause", "steps", "expected"), [("sequence-too-long", 25, 12), ("sequence-too-long", 7, None), ("sequence-too-short", 25, None)])
def test_a_window_that_was_cut_is_cut_further(cause: str, steps: int, expected: int | None) -> None:
    step = Step(Change("set-window", {"steps": steps, "axis": 1}, "set-window", "unsafe", "source", cause), proven=True)
    found = [(one.change.args, one.proven) for one in further(known(), step, frozenset())]
    assert found == ([] if expected is None else [({"steps": expected, "axis": 1}, True)])
