"""Let the gradient through where the graph is cut."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Cut, Edit, Script, calls, cuts, replace_node, unwrap
from ..source.diff import delete_statement
from ..source.locate import enclosing_function, enclosing_loop, statement_of
from .added_up import added_as_numbers
from .ends import bracketed
from .fix import Args, Fix
from .made import made_last
from .picked import scores_compared
from .places import backward, fragment, one, said, scripts
from .round_trips import outermost, round_trip
from .scaled_back import before_scaling_back

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


def _take_off(cut: Cut) -> Edit | None:
    script, node = cut.script, cut.node
    if isinstance(node, ast.With):
        return unwrap(script, node.lineno)
    place = outermost(script, node) if isinstance(node, ast.expr) else None
    return _through(script, *place) if place is not None else None


def _through(script: Script, whole: ast.expr, tensor: ast.expr) -> Edit | None:
    """The tensor itself where it was taken out and put back; nothing at all for `x = x.detach()`."""
    statement = statement_of(script, whole)
    if isinstance(statement, ast.Assign | ast.Expr) and statement.value is whole:
        targets = statement.targets if isinstance(statement, ast.Assign) else [tensor]
        if [ast.unparse(t) for t in targets] == [ast.unparse(tensor)]:
            return delete_statement(script, statement)
    at, text = script.parents.get(whole), script.segment(tensor)
    alone = isinstance(at, ast.stmt | ast.keyword) or (isinstance(at, ast.Call) and at.func is not whole)
    return replace_node(script, whole, text if alone else bracketed(text, tensor))


def _of_the_loss(signs: Signs) -> Edit | None:
    """The loss itself is a number that was put back: whatever else there is, nothing comes through here."""
    place = backward(signs)
    call = one([c for c in calls(place[0], ("backward",)) if c.line <= place[1] <= c.end_line]) if place is not None else None
    if place is None or call is None or not isinstance(call.node.func, ast.Attribute):
        return None
    script, value = place[0], call.node.func.value
    if isinstance(value, ast.Name):
        made = made_last(script, call.node, value.id)
        if made is None:
            return None
        value = made.value
    tensor = round_trip(value)
    return _through(script, value, tensor) if tensor is not None else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    direct = _of_the_loss(signs)
    if direct is not None:
        return direct
    for way in (added_as_numbers, before_scaling_back, scores_compared):
        known = way(signs)
        if known is not None:
            return known
    found = _in_the_loop(signs, seen_cuts(signs))
    chosen = [c for c in found if c.what in TAKEN_OFF or isinstance(c.node, ast.With)]
    others = [c for c in found if c not in chosen and c.what in ("numpy", "tensor", "as_tensor", "from_numpy", "tolist")]
    edits = {e.spans if e is not None else (): e for e in map(_take_off, (*chosen, *others))}
    return next(iter(edits.values())) if len(edits) == 1 else None


def _in_the_loop(signs: Signs, found: tuple[Cut, ...]) -> list[Cut]:
    """Without what is done to the data before the training loop begins."""
    place = backward(signs)
    loops = enclosing_loop(*place) if place is not None else None
    if place is None or loops is None:
        return list(found)
    script, line = place
    function = enclosing_function(script, line)
    return [
        c for c in found
        if c.script.file != script.file or enclosing_function(script, c.line) is not function or c.line >= loops.outer.lineno
    ]  # fmt: skip


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
