"""Start the weights from a standard (or a better) initialisation."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Call, Edit, Script, calls, insert_before
from ..source.diff import delete_statement
from ..source.locate import spelled, statement_of
from ..words import short
from .fix import Args, Fix
from .places import code, finite, fragment, model_at, optimizer_call, said, scripts

STANDARD = (
    "for module in model.modules():",
    '    if hasattr(module, "reset_parameters"):',
    "        module.reset_parameters()",
)


def how(args: Args) -> str:
    """`standard`, `orthogonal`, `chrono` or `forget`."""
    given = str(args.get("how", ""))
    if given in ("standard", "orthogonal", "chrono", "forget"):
        return given
    if finite(args.get("chrono")):
        return "chrono"
    return "forget" if finite(args.get("forget")) else "standard"


def memory(signs: Signs, args: Args) -> float:
    """The longest memory that a chrono initialisation prepares for, in steps."""
    return finite(args.get("steps")) or finite(args.get("chrono")) or float(max(4, signs.time.steps_seen))


def _gates(forget: str) -> tuple[str, ...]:
    return (
        "for name, bias in model.named_parameters():",
        '    if "bias_ih" in name:',
        "        quarter = len(bias) // 4",
        f"        bias.data[quarter : 2 * quarter] += {forget}",
    )


def lines(signs: Signs, args: Args) -> tuple[str, ...]:
    kind = how(args)
    if kind == "orthogonal":
        return (
            "for name, weight in model.named_parameters():",
            '    if "weight_hh" in name:',
            "        for gate in weight.data.split(weight.shape[1]):",
            "            torch.nn.init.orthogonal_(gate)",
        )
    if kind == "forget":
        return _gates(code(finite(args.get("forget")) or 1.0))
    if kind == "chrono":
        return (
            "for name, bias in model.named_parameters():",
            "    quarter = len(bias) // 4",
            '    if "bias_ih" in name:',
            f"        reach = torch.empty(quarter).uniform_(1.0, {code(max(1.1, memory(signs, args) - 1), 4)}).log()",
            "        bias.data[:quarter] = -reach",
            "        bias.data[quarter : 2 * quarter] = reach",
            '    elif "bias_hh" in name:',
            "        bias.data[: 2 * quarter] = 0.0",
        )
    return STANDARD


def _own_start(script: Script) -> Edit | None:
    """The script's one own initialisation taken out: `model.apply(init)`, or a single statement of `init`."""
    applied = [
        c for c in calls(script, ("apply",))
        if len(c.args) == 1 and c.args[0].isidentifier() and isinstance(statement_of(script, c.node), ast.Expr)
    ]  # fmt: skip
    if len(applied) == 1:
        return _without(script, applied[0])
    hand = [
        c for c in calls(script, ("uniform_", "normal_", "constant_", "zeros_", "ones_", "fill_", "zero_"))
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


def _edit(signs: Signs, args: Args) -> Edit | None:
    if how(args) == "standard":
        own = [e for s in scripts(signs) if (e := _own_start(s)) is not None]
        if len(own) == 1:
            return own[0]
    call = optimizer_call(signs)
    if call is None:
        return None
    name, torch = model_at(call.script, call.line), spelled(call.script, "torch.nn.init.orthogonal_")
    text = lines(signs, args)
    if name is None or (any("torch." in line for line in text) and (torch is None or not torch.startswith(("torch", "nn")))):
        return None
    own_torch = spelled(call.script, "torch.empty") == "torch.empty"
    if any("torch.empty" in line for line in text) and not own_torch:
        return None
    fitted = [line.replace("model.", f"{name}.", 1) if line.startswith("for") else line for line in text]
    fitted = [line.replace("torch.nn.init.orthogonal_", torch or "") for line in fitted]
    return insert_before(call.script, call.line, fitted)


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
    text = lines(signs, args) if how(args) != "chrono" or finite(args.get("steps", args.get("chrono"))) else STANDARD
    return fragment("before the optimizer is built", *text)


FIX = Fix(id="reinit", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
