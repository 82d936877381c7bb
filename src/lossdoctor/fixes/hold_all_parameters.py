"""Give the optimizer every parameter that the loss reaches."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, Script, calls, delete_line, insert_after, replace_node, together
from ..source.locate import (
    assigned_to,
    block_of,
    dotted,
    imports,
    method,
    module_classes,
    spelled,
    statement_of,
    within,
)
from ..words import short
from .ends import forward_of
from .fix import Args, Fix
from .given import given_parameters, outer_call, whole_model
from .places import fragment, model_at, model_class, said, scripts


def _plain_list(script: Script) -> list[Edit | None]:
    """`self.cells = [nn.LSTMCell(...) ...]` in a module: parameters that no module registers."""
    found: list[Edit | None] = []
    aliases = imports(script)
    for cls in module_classes(script).values():
        for node in ast.walk(cls):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.List | ast.ListComp):
                continue
            if not any(dotted(t).startswith("self.") for t in node.targets):
                continue
            items = node.value.elts if isinstance(node.value, ast.List) else [node.value.elt]
            heads = [dotted(i.func) for i in items if isinstance(i, ast.Call)]
            own = module_classes(script)
            layers = [h for h in heads if h in own or aliases.get(h.partition(".")[0], "").startswith("torch")]
            name = spelled(script, "torch.nn.ModuleList")
            if layers and len(layers) == len(items) and name is not None:
                found.append(replace_node(script, node.value, f"{name}({script.segment(node.value)})"))
    return found


def _built_again(signs: Signs) -> Edit | None:
    """The model is made anew after the optimizer: not again where the two are the same and nothing came between, else
    the optimizer is built again, over the new one."""
    call = outer_call(signs)
    if call is None or not call.node.args:
        return None
    script, statement = call.script, statement_of(call.script, call.node)
    if statement is None or assigned_to(script, call.node) is None:
        return None
    used = {n.id for a in call.node.args for n in ast.walk(a) if isinstance(n, ast.Name)} & _modules(script)
    block = block_of(script, statement)
    at = block.index(statement)
    later = [s for s in block[at + 1 :] if _makes(s, used)]
    if not later:
        return None
    again = later[-1]
    first = [s for s in block[:at] if _makes(s, used) and ast.dump(s) == ast.dump(again)]
    between = block[at + 1 : block.index(again)]
    if first and len(later) == 1 and not any(isinstance(n, ast.Name) and n.id in used for s in between for n in ast.walk(s)):
        return delete_line(script, again.lineno)
    return insert_after(script, again.lineno, [script.segment(statement)])


def _modules(script: Script) -> set[str]:
    """Names whose `parameters()` are asked for, or that an instance of one of the script's module classes is given."""
    own = tuple(module_classes(script))
    made = {assigned_to(script, c.node) for c in calls(script, own)} if own else set()
    return {name for name in made if name} | {c.owner for c in calls(script, ("parameters", "named_parameters"))}


def _makes(statement: ast.stmt, names: set[str]) -> bool:
    """Is one of these made anew, rather than wrapped or moved (`net = net.to(device)`)?"""
    if not isinstance(statement, ast.Assign):
        return False
    made = {t.id for t in statement.targets if isinstance(t, ast.Name)} & names
    return bool(made) and not any(isinstance(n, ast.Name) and n.id in made for n in ast.walk(statement.value))


def _only_a_part(signs: Signs) -> Edit | None:
    """`Adam(model.head.parameters())` or `Adam(deepcopy(model).parameters())` although the loss reaches `model`."""
    found = given_parameters(signs)
    if found is None or not signs.wiring.unheld or not signs.wiring.unheld <= signs.wiring.in_model:
        return None
    whole = whole_model(found.script, found.node)
    return replace_node(found.script, whole[0], found.script.segment(whole[1])) if whole is not None else None


def _made_in_forward(signs: Signs) -> Edit | None:
    """`fc = nn.Linear(x.shape[1], n)` in forward, new at every pass: made once, in `__init__`, of the size it had."""
    place, pair = forward_of(signs), model_class(signs)
    start = method(pair[1], "__init__") if pair is not None else None
    if place is None or start is None:
        return None
    script, forward = place
    made = [
        n for n in within(forward)
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and isinstance(n.targets[0], ast.Name)
        and isinstance(n.value, ast.Call) and dotted(n.value.func) == spelled(script, "torch.nn.Linear")
        and len(n.value.args) == 2
    ]  # fmt: skip
    facts = [signs.wiring.facts[p].shape for p in signs.wiring.unheld if p in signs.wiring.facts]
    widths = {shape[1] for shape in facts if len(shape) == 2}
    if len(made) != 1 or len(widths) != 1 or not isinstance(made[0].targets[0], ast.Name) or not isinstance(made[0].value, ast.Call):
        return None
    name, layer = made[0].targets[0].id, made[0].value
    outputs = script.segment(layer.args[1])
    known = isinstance(layer.args[1], ast.Constant) or outputs.startswith("self.")
    uses = [n for n in within(forward) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    if not known or not uses:
        return None
    return together(
        insert_after(script, start.body[-1].lineno, [f"self.{name} = {script.segment(layer.func)}({widths.pop()}, {outputs})"]),
        delete_line(script, made[0].lineno), *(replace_node(script, n, f"self.{name}") for n in uses),
    )  # fmt: skip


def _the_rest(signs: Signs) -> Edit | None:
    """What an optimizer of chosen groups has left out of the model, added to it."""
    call = outer_call(signs)
    statement = statement_of(call.script, call.node) if call is not None else None
    if call is None or statement is None or not signs.wiring.unheld or not signs.wiring.unheld <= signs.wiring.in_model:
        return None
    name, model = assigned_to(call.script, call.node), model_at(call.script, call.line)
    if model is None:
        found = {assigned_to(call.script, c.node) for c in calls(call.script, tuple(module_classes(call.script)))} - {None}
        model = found.pop() if len(found) == 1 else None
    if name is None or model is None:
        return None
    return insert_after(call.script, statement.lineno, [
        f'held = {{id(p) for group in {name}.param_groups for p in group["params"]}}',
        f'{name}.add_param_group({{"params": [p for p in {model}.parameters() if id(p) not in held]}})',
    ])  # fmt: skip


def _edit(signs: Signs, args: Args) -> Edit | None:
    again = _built_again(signs)
    if again is not None:
        return again
    moved = _made_in_forward(signs)
    if moved is not None:
        return moved
    lists = [edit for script in scripts(signs) for edit in _plain_list(script)]
    if len(lists) == 1:
        return lists[0]
    return (_only_a_part(signs) or _the_rest(signs)) if not lists else None


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        missing = signs.wiring.unheld
        count = signs.wiring.size(missing)
        if not missing:
            return bare
        return f"give the optimizer the {short(count)} weights it does not hold: {signs.wiring.names(missing)}"

    bare = "give the optimizer every parameter that the loss reaches"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    where = "after all layers are made and registered (nn.ModuleList, not a plain list), and after the last rebuild"
    return fragment(where, "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)")


FIX = Fix(id="hold-all-parameters", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
