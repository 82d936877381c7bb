"""Gradients are clipped while a GradScaler still has them multiplied by its scale, some 65536.

Silent where anything in the function, or a function of this script that it calls, unscales them, and where the
scaler is not made in this script or may be switched off.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import insert_before
from ..check import Alarm, Check
from ..facts import Facts, inner, last
from ..training import Step, reached, steps
from ..values import constructors, kinds
from .late_clip import CLIPS


def look(facts: Facts) -> Iterator[Alarm]:
    for step in steps(facts):
        if step.scaler is None or _may_be_off(facts, step.scaler) or facts.calls.get("unscale_"):
            continue
        for name in CLIPS:
            for clip in facts.calls.get(name, []):
                if facts.scope(clip) is facts.scope(step.call) and _between(facts, clip, step):
                    yield _alarm(facts, clip, step, step.scaler)


def _may_be_off(facts: Facts, scaler: ast.expr) -> bool:
    return any(k.arg in ("enabled", None) for call in constructors(facts, scaler) for k in call.keywords)


def _between(facts: Facts, clip: ast.Call, step: Step) -> bool:
    """Does a scaled backward pass come before the clipping in the same loop, and the step after it?"""
    if clip.lineno > step.call.lineno or facts.loops(clip) != facts.loops(step.call):
        return False
    passes = [c for c in facts.calls.get("backward", []) if facts.scope(c) is facts.scope(clip) and c.lineno < clip.lineno]
    scaled = any(last(n.func) == "scale" for c in passes for n in ast.walk(c.func) if isinstance(n, ast.Call))
    here = facts.scope(clip)
    hidden = any(
        "unscale" in last(n.func) for part in reached(facts, here) for n in inner(part) if isinstance(n, ast.Call)
    )  # fmt: skip
    return scaled and not hidden


def _alarm(facts: Facts, clip: ast.Call, step: Step, scaler: ast.expr) -> Alarm:
    script = facts.script
    line = f"{script.segment(scaler)}.unscale_({script.segment(step.optimizer)})"
    plain = all(k.endswith(("SGD", "ASGD")) for k in kinds(facts, step.optimizer))
    return Alarm(
        clip, f"The gradients are clipped while they are still multiplied by the loss scale, so nearly nothing of them is left. "
        f"Call `{line}` before the clipping.", "error" if plain else "warning",
        insert_before(script, facts.statement(clip).lineno, [line]), f"{line} before the clipping",
    )  # fmt: skip


CHECK = Check("clip-too-tight", "scaled-clip", look, ("GradScaler",))
