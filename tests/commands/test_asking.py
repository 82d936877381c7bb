"""From where a run is asked: from its start, or from a snapshot that was taken while it still went well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossdoctor.commands.asking import late_trouble


def run(skill: Any, verdict: str = "diverged", bad: int | None = None) -> Any:
    curve = np.asarray(skill, dtype=float)
    loss = SimpleNamespace(
        count=len(curve), steps=np.arange(len(curve), dtype=float), smoothed=1 - curve[:bad], first_bad=bad, skill_curve=curve[:bad],
        skill_of=lambda value: 1 - value,
    )
    return SimpleNamespace(verdict=verdict, signs=SimpleNamespace(loss=loss))


LEARNS = np.linspace(0, 0.9, 600)
BLOWS_UP = np.concatenate([LEARNS, np.full(200, -5.0)])


@pytest.mark.parametrize(
    ("given", "since", "expected"),
    [
        (run(BLOWS_UP, bad=700), 512, 700),
        (run(BLOWS_UP), 512, 600),
        (run(BLOWS_UP), 700, None),  # taken when it was over
        (run(np.full(800, 0.02), bad=700), 512, None),  # never learned anything
        (run(LEARNS, "learning"), 512, None),
    ],
)
def test_the_trouble_that_comes_after_a_snapshot(given: Any, since: int, expected: int | None) -> None:
    assert late_trouble(given, since) == expected
