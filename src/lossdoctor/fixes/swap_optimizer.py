"""Another optimizer."""

from __future__ import annotations

from ..signs import Signs
from ..source import Change, Edit, across, replace_node
from ..source.choices import names_an_attribute, other_values
from ..source.locate import spelled
from ..words import short
from .fix import Args, Fix
from .places import code, finite, fragment, optimizer_call, said, scripts
from .settings import all_settings, by_role

USUAL_RATES = {"SGD": 0.1, "LBFGS": 1.0, "Adadelta": 1.0, "Adagrad": 1e-2, "RMSprop": 1e-3}
KEPT = ("weight_decay", "maximize", "foreach", "fused")


def chosen(args: Args) -> tuple[str, float]:
    name = str(args.get("optimizer", "Adam"))
    return name, finite(args.get("lr")) or USUAL_RATES.get(name, 1e-3)


def _by_setting(signs: Signs, args: Args) -> Change | None:
    """The optimizer's name and its rate in the settings file that the script takes them from."""
    name, rate = chosen(args)
    old, observed = signs.step.optimizer_name, finite(signs.step.lr_peak)
    named = [s for s in all_settings(signs) if isinstance(s.value, str) and old and s.value.lower() == old.lower()]
    if len(named) != 1:
        return None
    setting, read = named[0], scripts(signs)
    words = [word for word in other_values(setting, read) if word.strip("'\"").lower() == name.lower()]
    if not words and names_an_attribute(setting, read, "optim"):
        words = [setting.script.segment(setting.node).replace(str(setting.value), name)]
    if len(words) != 1:
        return None
    edits = [replace_node(setting.script, setting.node, words[0])]
    if observed is None or abs(rate - observed) > 0.01 * observed:
        edits.append(by_role(signs, "lr", observed, code(rate)))
    return across(*edits)


def _edit(signs: Signs, args: Args) -> Edit | Change | None:
    return _by_setting(signs, args) or _at_constructor(signs, args)


def _at_constructor(signs: Signs, args: Args) -> Edit | None:
    call = optimizer_call(signs)
    name, rate = chosen(args)
    if call is None or (not call.node.args and "params" not in call.keywords) or call.open_ended:
        return None
    spelling = spelled(call.script, f"torch.optim.{name}")
    if spelling is None or not name.isidentifier():
        return None
    params = call.args[0] if call.node.args else f"params={call.keywords['params']}"
    if '"lr"' in params or "'lr'" in params:
        return None
    kept = [f"{key}={call.keywords[key]}" for key in KEPT if key in call.keywords]
    return replace_node(call.script, call.node, f"{spelling}({', '.join([params, f'lr={code(rate)}', *kept])})")


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        name, rate = chosen(args)
        old = signs.step.optimizer_name
        return f"use {name} with a rate of {short(rate)}" + (f" instead of {old}" if old and old != name else "")

    return said(words, "use another optimizer")


def otherwise(signs: Signs, args: Args) -> str:
    name, rate = chosen(args)
    line = f"optimizer = torch.optim.{name}(model.parameters(), lr={code(rate)})"
    return fragment("where the optimizer is built", line)


FIX = Fix(id="swap-optimizer", safety="safe", title=title, edit=_edit, otherwise=otherwise, live=True)
