"""A net written by hand starts all its weight matrices with one value: its units start alike and stay alike.

Silent where one of its matrices starts at random, where it holds layers of torch's or another class, and where anything
in the script sets weights afterwards (an init, a loaded state).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..check import Alarm, Check
from ..facts import Facts, last

_SETS = re.compile(r"\.init\b|init_|_init|reset_parameters|uniform_|normal_|xavier|kaiming|orthogonal|copy_|load_state_dict|\.data\s*=|\.data\[|\.data\.\w+_\(")
_SAME = ("torch.zeros", "torch.ones", "torch.full")


def look(facts: Facts) -> Iterator[Alarm]:
    if _SETS.search(facts.script.text.replace("__init__", "")):
        return
    for cls in facts.networks.values():
        made = [n for n in ast.walk(cls) if isinstance(n, ast.Call)]
        matrices = [c for c in made if facts.full(c.func) == "torch.nn.Parameter" and _sides(c) >= 2]
        others = [c for c in made if facts.full(c.func).startswith("torch.nn.") and last(c.func)[:1].isupper() and last(c.func) != "Parameter"]
        own = [c for c in made if last(c.func) in facts.networks]
        if len(matrices) >= 2 and not others and not own and all(_same(facts, m) for m in matrices) and _multiplied(cls):
            yield Alarm(
                matrices[0], f"Every weight matrix of `{cls.name}` starts with one value, so its units compute the same and stay the same. "
                "Start the matrices at random (biases may be zero).",
            )  # fmt: skip


def _made(call: ast.Call) -> ast.Call | None:
    return call.args[0] if call.args and isinstance(call.args[0], ast.Call) else None


def _sides(call: ast.Call) -> int:
    """How many sizes the tensor is given; 2 where it cannot be told, so that it must be known to be constant."""
    inside = _made(call)
    if inside is None:
        return 2
    sizes = inside.args[0].elts if inside.args and isinstance(inside.args[0], ast.Tuple | ast.List) else inside.args
    return len(sizes)


def _same(facts: Facts, call: ast.Call) -> bool:
    inside = _made(call)
    return inside is not None and facts.full(inside.func) in _SAME and _sides(call) == 2


def _multiplied(cls: ast.ClassDef) -> bool:
    products = [n for n in ast.walk(cls) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)]
    named = [n for n in ast.walk(cls) if isinstance(n, ast.Call) and last(n.func) in ("matmul", "mm", "linear", "einsum")]
    return len(products) + len(named) >= 2


CHECK = Check("symmetric-init", "zero-matrices", look, ("Parameter",))
