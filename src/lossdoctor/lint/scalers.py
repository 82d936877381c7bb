"""scikit-learn's scalers: which calls fit them, and on what."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .facts import Facts, owner
from .values import kinds

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer")


@dataclass(frozen=True)
class Use:
    """`what` is fit, fit_transform, transform or inverse_transform; `data` what it is given."""

    what: str
    call: ast.Call
    scaler: ast.expr
    data: ast.expr


def uses(facts: Facts, names: tuple[str, ...] = ("fit", "fit_transform", "transform", "inverse_transform")) -> list[Use]:
    """Calls of scalers that this script makes, in the order of the text."""
    found = []
    for name in names:
        for call in facts.calls.get(name, []):
            who = owner(call)
            if who is None or not call.args:
                continue
            made = kinds(facts, who) if not isinstance(who, ast.Call) else frozenset({facts.full(who.func)})
            if made and all(m.startswith("sklearn.") and m.rpartition(".")[2] in SCALERS for m in made):
                found.append(Use(name, call, who, call.args[0]))
    return sorted(found, key=lambda u: (u.call.lineno, u.call.col_offset))


def root(node: ast.expr) -> str | None:
    """The name of the data in front: `X` in `X[:n].reshape(-1, 1)`, `df[close]` of `df[["close"]].values`."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _numpy(node.func):
            node = node.func.value
        elif isinstance(node, ast.Call) and node.args:
            node = node.args[0]
        elif isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Subscript):
            keyed = [n.value for n in ast.walk(node.slice) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            base = root(node.value)
            return f"{base}[{','.join(keyed)}]" if keyed and base else base
        else:
            return None


def _numpy(func: ast.Attribute) -> bool:
    return isinstance(func.value, ast.Name) and func.value.id in ("np", "numpy", "torch", "pd")
