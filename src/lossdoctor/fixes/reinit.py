"""Start the weights from a standard (or a better) initialisation."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, Script, calls, insert_after, insert_before, replace_node, together
from ..source.diff import delete_statement
from ..source.locate import RECURRENT, assigned_to, dotted, scope, spelled, statement_of
from ..words import short
from .fix import Args, Fix
from .loaded import load_at_start
from .places import (
    code,
    finite,
    fragment,
    model_at,
    model_class,
    named_calls,
    one,
    optimizer_call,
    recurrent_call,
    said,
    scripts,
)

STANDARD = (
    "for module in model.modules():",
    '    if hasattr(module, "reset_parameters"):',
    "        module.reset_parameters()",
)


IN_PLACE = ("uniform_", "normal_", "constant_", "zeros_", "ones_", "fill_", "zero_")
"""How a script gives weights other values of its own."""


def how(args: Args) -> str:
    """`standard`, `orthogonal`, `chrono` or `forget`."""
    given = str(args.get("how", ""))
    if given in ("standard", "orthogonal", "chrono", "forget"):
        return given
    if finite(args.get("chrono")):
        return "chrono"
    if args.get("orthogonal"):
        return "orthogonal"
    return "forget" if finite(args.get("forget")) else "standard"


def memory(signs: Signs, args: Args) -> float:
    """The longest memory that a chrono initialisation prepares for, in steps."""
    return finite(args.get("steps")) or finite(args.get("chrono")) or float(max(4, signs.time.steps_seen))


def _is_gru(signs: Signs) -> bool:
    kinds = {c.cell.upper().removesuffix("_CELL").removesuffix("CELL") for c in signs.wiring.calls if c.cell}
    return kinds == {"GRU"}


ORTHOGONAL = (
    "for name, weight in model.named_parameters():",
    '    if "weight_hh" in name:',
    "        for gate in weight.data.split(weight.shape[1]):",
    "            torch.nn.init.orthogonal_(gate)",
)


def _forget(value: str) -> tuple[str, ...]:
    return (
        "for name, bias in model.named_parameters():",
        '    if "bias_ih" in name:',
        "        quarter = len(bias) // 4",
        f"        bias.data[quarter : 2 * quarter] += {value}",
    )


def _chrono(steps: str, gru: bool) -> tuple[str, ...]:
    """Tallec & Ollivier 2018. PyTorch's gates are i, f, g, o and r, z, n: f and z keep the state."""
    part, count = ("third", 3) if gru else ("quarter", 4)
    kept = f"{part} : 2 * {part}"
    shut = () if gru else (f"        bias.data[:{part}] = -reach",)
    return (
        "for name, bias in model.named_parameters():",
        '    if "bias_ih" in name:',
        f"        {part} = len(bias) // {count}",
        f"        reach = torch.empty({part}).uniform_(1.0, {steps}).log()",
        *shut,
        f"        bias.data[{kept}] = reach",
        '    elif "bias_hh" in name:',
        f"        bias.data[{'len(bias) // 3 : 2 * (len(bias) // 3)' if gru else ': len(bias) // 2'}] = 0.0",
    )


def lines(signs: Signs, args: Args) -> tuple[str, ...]:
    kind = how(args)
    if kind == "orthogonal":
        bias = finite(args.get("forget"))
        return (*ORTHOGONAL, *_forget(code(bias))) if bias and not _is_gru(signs) else ORTHOGONAL
    if kind == "forget":
        return _forget(code(finite(args.get("forget")) or 1.0))
    if kind == "chrono":
        steps = code(max(1.1, memory(signs, args) - 1), 4)
        return (*(ORTHOGONAL if args.get("orthogonal") else ()), *_chrono(steps, _is_gru(signs)))
    return STANDARD


def _own_parameters(script: Script) -> Edit | None:
    """`nn.Parameter(torch.zeros(a, b))`, the matrices of a cell written by hand: drawn at random instead."""
    found = []
    for call in calls(script, ("nn.Parameter",)):
        made = call.node.args[0] if len(call.node.args) == 1 else None
        if isinstance(made, ast.Call) and dotted(made.func) in ("torch.zeros", "torch.ones") and len(made.args) == 2:
            rows, columns = (script.segment(a) for a in made.args)
            plain = rows if rows.isidentifier() or rows.isdigit() else f"({rows})"
            found.append(replace_node(script, made, f"torch.randn({rows}, {columns}) / {plain} ** 0.5"))
    return together(*found) if found else None


def _own_start(script: Script) -> Edit | None:
    """The script's one own initialisation taken out: `model.apply(init)`, or a single statement of `init`."""
    applied = [
        c for c in calls(script, ("apply",))
        if len(c.args) == 1 and c.args[0].isidentifier() and isinstance(statement_of(script, c.node), ast.Expr)
    ]  # fmt: skip
    if len(applied) == 1:
        return _without(script, applied[0])
    hand = [
        c for c in calls(script, IN_PLACE)
        if isinstance(statement_of(script, c.node), ast.Expr) and (".init." in f".{c.full}" or ".data." in f"{c.name}.")
        and ".grad" not in c.owner
    ]  # fmt: skip
    return _without(script, hand[0]) if len(hand) == 1 and not applied else None


def _without(script: Script, call: Call) -> Edit | None:
    """A statement taken out, with the loops and conditions that were there for it alone."""
    statement = statement_of(script, call.node)
    if statement is None:
        return None
    while True:
        parent = script.parents.get(statement)
        alone = isinstance(parent, ast.For | ast.If | ast.With) and parent.body == [statement]
        if not alone or not isinstance(parent, ast.stmt) or getattr(parent, "orelse", []):
            return delete_statement(script, statement)
        statement = parent


def _nets(call: Call) -> list[str]:
    """What holds the parameters of an optimizer, as spelled: the model, else the layers that stand by themselves."""
    name = model_at(call.script, call.line)
    if name is not None:
        return [name]
    return list(dict.fromkeys(c.owner for c in calls(call.script, ("parameters",)) if c.owner.isidentifier()))


def _fitted(script: Script, text: tuple[str, ...], nets: list[str]) -> list[str] | None:
    """The lines for these nets, spelled with the imports that the script has."""
    orthogonal, empty = spelled(script, "torch.nn.init.orthogonal_"), spelled(script, "torch.empty")
    joined = "\n".join(text)
    if ("init.orthogonal_" in joined and orthogonal is None) or ("torch.empty" in joined and empty is None):
        return None
    joined = joined.replace("torch.nn.init.orthogonal_", orthogonal or "").replace("torch.empty", empty or "")
    if len(nets) == 1:
        return joined.replace("in model.", f"in {nets[0]}.").split("\n")
    if "named_parameters" in joined:
        return [line for net in nets for line in joined.replace("in model.", f"in {net}.").split("\n")]
    return [f"for layer in ({', '.join(nets)}):", "    for module in layer.modules():", *(f"    {line}" for line in text[1:])]


def _construction(signs: Signs) -> Call | None:
    """Where the model is built, if nothing else gives it its weights later on."""
    pair = model_class(signs)
    if pair is None or named_calls(signs, ("load_state_dict",)):
        return None
    return one(named_calls(signs, (pair[1].name,)))


def _behind(call: Call, net: str, text: tuple[str, ...]) -> Edit | None:
    fitted = _fitted(call.script, text, [net])
    return None if fitted is None else insert_after(call.script, call.line, fitted)


def _scope(call: Call) -> ast.AST:
    return scope(call.script, call.line)


def _edit(signs: Signs, args: Args) -> Edit | None:
    loaded = load_at_start(signs)
    if how(args) == "standard":
        if loaded is not None:
            return _without(loaded.script, loaded)
        own = [e for s in scripts(signs) if (e := _own_start(s)) is not None]
        if len(own) == 1:
            return own[0]
        if not named_calls(signs, RECURRENT):
            made = [e for s in scripts(signs) if (e := _own_parameters(s)) is not None]
            return made[0] if len(made) == 1 else None
    call = optimizer_call(signs)
    if loaded is not None and (call is None or _scope(call) is not _scope(loaded)):
        return _behind(loaded, loaded.owner, lines(signs, args))
    built = _construction(signs) if call is None and (how(args) != "standard" or named_calls(signs, IN_PLACE)) else None
    name = assigned_to(built.script, built.node) if built is not None else None
    if built is not None and name is not None:
        return _behind(built, name, lines(signs, args))
    if call is None:
        return None
    nets = _nets(call)
    if len(nets) > 1 and how(args) != "standard":
        layer = recurrent_call(signs)
        name = assigned_to(layer.script, layer.node) if layer is not None else None
        nets = [name] if name in nets and name is not None else nets
    text = _fitted(call.script, lines(signs, args), nets) if nets else None
    return None if text is None else insert_before(call.script, call.line, text)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        kind = how(args)
        if kind == "chrono":
            return f"start the gates for memories of up to {short(memory(signs, args))} steps"
        if kind == "orthogonal":
            return "start the recurrent weights orthogonal"
        if kind == "forget":
            return f"start the forget gates' bias {short(finite(args.get('forget')) or 1.0)} higher"
        return "start from the layers' standard initialisation"

    return said(words, "start from another initialisation")


def otherwise(signs: Signs, args: Args) -> str:
    known = how(args) != "chrono" or finite(args.get("steps", args.get("chrono")))
    return fragment("before the optimizer is built", *(lines(signs, args) if known else STANDARD))


FIX = Fix(id="reinit", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
