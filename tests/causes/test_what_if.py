"""How hard an arm that leads speaks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lossdoctor.causes.what_if import severity
from lossdoctor.signs.arms import ArmSign


def arm(fix: str, original: float, skill: float) -> ArmSign:
    return ArmSign(fix, fix, {}, fix, True, "", 200, 1.0, None, skill, original)


@pytest.mark.parametrize(
    ("fix", "original", "skill", "expected"),
    [
        ("raise-lr", 0.1, 0.9, "error"),
        ("raise-lr", 0.55, 0.9, "warning"),
        ("raise-lr", 0.64, 0.97, "note"),
        # What the script has put in its own way is warned of, where it costs much.
        ("set-weight-decay", 0.64, 0.97, "warning"),
        ("set-weight-decay", 0.64, 0.7, "note"),
        ("loosen-clip", 0.8, 0.95, "note"),
    ],
)
def test_severity(fix: str, original: float, skill: float, expected: str) -> None:
    signs: Any = SimpleNamespace(loss=SimpleNamespace(held_skill=None))
    assert severity(signs, arm(fix, original, skill)) == expected
