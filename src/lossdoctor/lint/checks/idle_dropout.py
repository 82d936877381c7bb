"""`dropout=` on a recurrent layer of one layer: torch puts dropout between layers, so it does nothing.

Silent where the number of layers or the dropout is not a literal.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.locate import RECURRENT
from ..check import Alarm, Check
from ..facts import Facts


def look(facts: Facts) -> Iterator[Alarm]:
    for name in RECURRENT[:3]:
        for call in facts.calls.get(name, []):
            if facts.full(call.func) != f"torch.nn.{name}" or any(k.arg is None for k in call.keywords):
                continue
            given = {k.arg: k.value for k in call.keywords}
            layers = call.args[2] if len(call.args) > 2 else given.get("num_layers")
            dropout = given.get("dropout")
            if any(isinstance(a, ast.Starred) for a in call.args) or not isinstance(dropout, ast.Constant):
                continue
            single = layers is None or (isinstance(layers, ast.Constant) and layers.value == 1)
            if single and isinstance(dropout.value, float) and dropout.value > 0:
                text = f"`dropout={dropout.value:g}` does nothing in a {name} of one layer: torch drops between layers only."
                yield Alarm(call, f"{text} Put an nn.Dropout after it, or use two layers.", "warning")


CHECK = Check("overfitting", "idle-dropout", look, ("dropout",))
