"""Units start identical and stay so."""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...trace.events import ParamFacts
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence


def alike(signs: Signs) -> list[ParamFacts]:
    """Layers all of whose units are the same: the recurrent ones by both matrices, others but the last."""
    facts = [f for _, f in sorted(signs.wiring.facts.items())]
    by_module: dict[str, list[ParamFacts]] = {}
    for fact in facts:
        by_module.setdefault(fact.module, []).append(fact)
    weights = [f for f in facts if len(f.shape) >= 2 and f.shape[0] > 1 and f.role in ("weight", "recurrent-input", "recurrent-hidden")]
    last = weights[-1].name if weights else ""
    found = []
    for fact in weights:
        if not fact.rows_equal:
            continue
        mates = [m for m in by_module[fact.module] if m.role.startswith("recurrent-") and len(m.shape) >= 2]
        if mates and not all(m.rows_equal for m in mates if _same_layer(m.name, fact.name)):
            continue
        if not mates and fact.name == last:
            continue
        found.append(fact)
    return found


def _same_layer(a: str, b: str) -> bool:
    return a.rpartition("_l")[2] == b.rpartition("_l")[2]


def judge(signs: Signs) -> Judgement:
    if not signs.wiring.facts:
        return CAUSE.not_judged("a model's parameters before the first step")
    same = alike(signs)
    if not same:
        return CAUSE.healthy("no layer starts with identical units")
    if learned(signs):
        return CAUSE.healthy(f"{same[0].name} starts with identical units, and the run learns all the same")
    total = signs.wiring.size(signs.wiring.in_model) or 1
    share = sum(f.numel for f in same) / total
    arm = signs.arm("reinit", how="standard")
    cured = arm is not None and arm.helps
    value = "zeros" if same[0].max_abs == 0 else f"the constant {same[0].mean:.3g}" if same[0].std < 1e-9 else "equal rows"
    return finding(
        CAUSE.id,
        f"All units of {same[0].name} start identical ({value}): they get the same gradient and stay one unit for ever.",
        [
            ("weight matrices whose units are bit-identical", len(same), "0"),
            ("share of the model's weights in them", share, "0"),
            *(arm_evidence(signs, arm) if arm is not None and arm.took_hold else []),
        ],
        confidence=0.96 if cured else (0.85 if share > 0.3 else 0.6),
        severity="error" if cured or share > 0.3 else "warning",
        proof="structure",
        where=recurrent_place(signs),
        since_step=0,
        panels=("what-if", "gates"),
    )


CAUSE = Cause("symmetric-init", judge, __doc__, needs=("model",), fixes=("reinit",))
