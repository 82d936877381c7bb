"""A module keeps layers in a plain list or dict: `parameters()` does not see them, so no optimizer trains them.

Silent where the list is wrapped or registered later, is given to an optimizer by hand, holds one module (a way to
hide it on purpose), or layers without weights.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.diff import Edit, replace_node
from ...source.locate import dotted, spelled
from ..check import Alarm, Check
from ..facts import Binding, Facts, inner, last

_WEIGHTY = (
    "Linear", "Bilinear", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Embedding", "Conv1d", "Conv2d", "Conv3d",
    "ConvTranspose1d", "ConvTranspose2d", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "MultiheadAttention", "Sequential",
    "TransformerEncoderLayer", "TransformerDecoderLayer", "Parameter",
)  # fmt: skip
_REGISTERS = ("add_module", "register_module", "register_parameter", "setattr", "__setattr__", "ModuleList", "ModuleDict", "Sequential",
              "ParameterList", "ParameterDict", "parameters", "named_parameters")  # fmt: skip


def look(facts: Facts) -> Iterator[Alarm]:
    for cls in facts.networks.values():
        for name, bindings in list(facts.held[cls].items()):
            node = _unregistered(facts, cls, name, bindings)
            if node is not None and _called(cls, name) and not _registered(facts, cls, name):
                yield _alarm(facts, cls, name, node)


def _unregistered(facts: Facts, cls: ast.ClassDef, name: str, bindings: list[Binding]) -> ast.expr | None:
    """The plain container with layers in it, or the empty one that they are put into."""
    if len(bindings) != 1 or bindings[0].how != "value" or bindings[0].value is None:
        return None
    value = bindings[0].value
    made: list[ast.expr | None]
    if isinstance(value, ast.ListComp | ast.DictComp):
        return value if _layer(facts, value.elt if isinstance(value, ast.ListComp) else value.value) else None
    if isinstance(value, ast.List | ast.Tuple | ast.Dict):
        made = list(value.elts if not isinstance(value, ast.Dict) else value.values)
        if len(made) >= 2 and all(m is not None and _layer(facts, m) for m in made):
            return value
        if made:
            return None
        return value if any(_layer(facts, put) and facts.loops(put) for put in _put_in(cls, name)) else None
    return None


def _put_in(cls: ast.ClassDef, name: str) -> Iterator[ast.expr]:
    """What is appended to `self.name`, or set under a key of it."""
    for node in ast.walk(cls):
        if isinstance(node, ast.Call) and dotted(node.func) == f"self.{name}.append" and len(node.args) == 1:
            yield node.args[0]
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(target, ast.Subscript) and dotted(target.value) == f"self.{name}":
            yield node.value


def _layer(facts: Facts, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    full = facts.full(node.func)
    if full.startswith("torch.nn.") and full.rpartition(".")[2] in _WEIGHTY:
        return full.rpartition(".")[2] != "Sequential" or any(_layer(facts, a) for a in node.args)
    cls = facts.networks.get(dotted(node.func))
    return cls is not None and any(_layer(facts, n) for n in ast.walk(cls) if isinstance(n, ast.Call))


def _called(cls: ast.ClassDef, name: str) -> bool:
    """Is the container used outside of `__init__`?"""
    methods = [m for m in cls.body if isinstance(m, ast.FunctionDef) and m.name != "__init__"]
    return any(isinstance(n, ast.Attribute) and n.attr == name for m in methods for n in ast.walk(m))


def _registered(facts: Facts, cls: ast.ClassDef, name: str) -> bool:
    """May its layers be known to `parameters()` or to an optimizer in another way?"""
    for node in ast.walk(cls):
        if isinstance(node, ast.Call) and last(node.func) in _REGISTERS[:5]:
            return True
        if isinstance(node, ast.FunctionDef) and node.name in ("parameters", "named_parameters", "__setattr__", "_apply"):
            return True
    for attribute in facts.attributes.get(name, []):
        statement = facts.statement(attribute)
        near = [statement.iter] if isinstance(statement, ast.For) else [statement]
        words = {last(n.func) for s in near for n in inner(s) if isinstance(n, ast.Call)}
        if isinstance(statement, ast.For):
            done = {last(n.func) for s in statement.body for n in inner(s) if isinstance(n, ast.Call)}
            words |= done & {"parameters", "requires_grad_", "add_module"}
        if words & {*_REGISTERS, "requires_grad_"} and not isinstance(attribute.ctx, ast.Store):
            return True
    return False


def _alarm(facts: Facts, cls: ast.ClassDef, name: str, node: ast.expr) -> Alarm:
    keyed = isinstance(node, ast.Dict | ast.DictComp)
    wrapper = "ModuleDict" if keyed else "ModuleList"
    spelling = spelled(facts.script, f"torch.nn.{wrapper}")
    edit: Edit | None = None
    if spelling is not None and not keyed and not isinstance(node, ast.Tuple):
        edit = replace_node(facts.script, node, f"{spelling}({facts.script.segment(node) if not _empty(node) else ''})")
    kept = f"`self.{name}` is a plain {'dict' if keyed else 'list'}"
    what = f"{kept}, so `{cls.name}.parameters()` does not see the layers in it and nothing trains them"
    return Alarm(node, f"{what}. Use nn.{wrapper}.", edit=edit, title=f"keep the layers in nn.{wrapper}")


def _empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List) and not node.elts


CHECK = Check("params-not-in-optimizer", "layers-in-list", look, ("Module",))
