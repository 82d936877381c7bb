"""Let the gradient through where the graph is cut."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Cut, Edit, Script, cuts, delete_line, replace_node, unwrap
from ..source.locate import enclosing_function, enclosing_loop, statement_of
from .fix import Args, Fix
from .places import backward, fragment, said, scripts

TAKEN_OFF = ("detach", "detach_", "data", "item")


def seen_cuts(signs: Signs) -> tuple[Cut, ...]:
    """Cuts between the model and the backward call of this training, as far as the text shows them."""
    place = backward(signs)
    if place is None:
        return ()
    script, line = place
    function, loops = enclosing_function(script, line), enclosing_loop(script, line)
    first = function.lineno if function is not None else (loops.outer.lineno if loops is not None else 1)
    return cuts(script, first, line, [s for s in scripts(signs) if s is not script])


def _kept(node: ast.expr | ast.stmt) -> ast.expr | None:
    """What is left of `x.detach()` or `x.data`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.value
    return node.value if isinstance(node, ast.Attribute) else None


def _take_off(cut: Cut) -> Edit | None:
    script: Script = cut.script
    node = cut.node
    statement = statement_of(script, node)
    kept = _kept(node)
    if kept is not None and isinstance(statement, ast.Assign | ast.Expr) and statement.value is node:
        targets = statement.targets if isinstance(statement, ast.Assign) else [kept]
        if [ast.unparse(t) for t in targets] == [ast.unparse(kept)]:
            return delete_line(script, statement.lineno)  # x = x.detach()
    if kept is not None and isinstance(node, ast.expr):
        return replace_node(script, node, script.segment(kept))
    return unwrap(script, node.lineno) if isinstance(node, ast.With) else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = seen_cuts(signs)
    chosen = [c for c in found if c.what in TAKEN_OFF or isinstance(c.node, ast.With)]
    others = [c for c in found if c not in chosen and c.what in ("numpy", "tensor", "as_tensor", "from_numpy", "tolist")]
    return _take_off(chosen[0]) if len(chosen) == 1 and not others else None


def _otherwise(signs: Signs) -> str:
    lines = list(dict.fromkeys(f"#   {cut.script.shown}:{cut.line}: {cut.text}" for cut in seen_cuts(signs)))
    if lines:
        return fragment("the loss has to be computed from the model's own output, in torch, without these", *lines)
    return fragment(
        "between the model and the loss: no .detach(), .item(), .data, .numpy(), argmax, torch.tensor(...) or no_grad",
        "loss = criterion(model(x), y)",
    )


def otherwise(signs: Signs, args: Args) -> str:
    bare = fragment("compute the loss from the model's own output", "loss = criterion(model(x), y)")
    return said(lambda: _otherwise(signs), bare)


FIX = Fix(
    id="attach-graph",
    safety="unsafe",
    title=lambda signs, args: "let the gradient flow from the loss to the weights",
    edit=_edit,
    otherwise=otherwise,
)
