"""The state that a training loop carries from batch to batch, as the script spells it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ..signs import Signs
from ..source import Script
from ..source.locate import LoopNode, dotted, enclosing_class, enclosing_loop, method, within
from .places import at, backward, named_calls, places


@dataclass(frozen=True)
class Carried:
    """`names`: ("hidden",) or ("h", "c"); `statement` is where a net is called with them and gives them anew."""

    script: Script
    statement: ast.Assign
    names: tuple[str, ...]
    loop: LoopNode | None

    @property
    def in_module(self) -> bool:
        """Kept on the model itself."""
        return self.names[0].startswith("self.") and enclosing_class(self.script, self.statement.lineno) is not None


def carried_state(signs: Signs) -> Carried | None:
    """The one state that is carried, or None."""
    found: list[Carried] = []
    place = backward(signs)
    if place is not None:
        loops = enclosing_loop(*place)
        if loops is not None:
            found.extend(_in(place[0], loops.inner, loops.inner))
    if not found:
        sites = {c.site for c in signs.wiring.calls if c.carried}
        spots = [at(signs, signs.wiring.site(s)) for s in sites] if sites else list(places(signs, "recurrent"))
        for spot in spots:
            if spot is None:
                continue
            cls = enclosing_class(*spot)
            forward = method(cls, "forward") if cls is not None else None
            if forward is not None:
                found.extend(c for c in _in(spot[0], forward, None) if c.names[0].startswith("self."))
    unique = {(c.script.file, c.statement.lineno): c for c in found}
    return next(iter(unique.values())) if len(unique) == 1 else None


def _in(script: Script, node: ast.AST, loop: LoopNode | None) -> list[Carried]:
    found = []
    for statement in within(node):
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(statement.value, ast.Call):
            continue
        target = statement.targets[0]
        state = target.elts[-1] if isinstance(target, ast.Tuple) and len(target.elts) >= 2 else None
        if state is None:
            continue
        parts = state.elts if isinstance(state, ast.Tuple) else [state]
        names = tuple(dotted(p) for p in parts)
        given = {dotted(n) for a in statement.value.args for n in ast.walk(a) if isinstance(n, ast.Name | ast.Attribute)}
        given |= {
            dotted(n) for k in statement.value.keywords for n in ast.walk(k.value) if isinstance(n, ast.Name | ast.Attribute)
        }
        if names and all(name in given and "?" not in name and name != "_" for name in names):
            found.append(Carried(script, statement, names, loop))
    return found


def is_pair(signs: Signs) -> bool | None:
    """Is the state a pair (LSTM) or one tensor (GRU, RNN)? None where the run had both or neither."""
    kinds = {c.cell.upper().startswith("LSTM") for c in signs.wiring.calls if c.cell}
    kinds = kinds or {cls == "LSTM" for cls in signs.wiring.recurrent_classes}
    kinds = kinds or {c.last == "LSTM" for c in named_calls(signs, ("nn.LSTM", "nn.GRU", "nn.RNN"))}
    return next(iter(kinds)) if len(kinds) == 1 else None
