"""Where a fix goes in the user's source, as far as a run's signs and the text agree on one place."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from ..signs import Signs
from ..source import Call, Script, calls, model_name, optimizer_name
from ..source.locate import OPTIMIZERS, all_calls, enclosing_function, enclosing_loop, module_classes, within
from ..source.script import cells_beside
from ..source.values import bound
from ..trace.events import RecurrentCall, Site

MAX_SCRIPTS = 12


def said(words: Callable[[], str], otherwise: str) -> str:
    """A title with its numbers, or without them where they were not measured. Never raises."""
    try:
        return words()
    except Exception:
        return otherwise


def fragment(where: str, *code: str) -> str:
    """A piece of code to put in by hand, under a comment that says where."""
    return "\n".join((f"# {where}", *code)) + "\n"


def scripts(signs: Signs) -> tuple[Script, ...]:
    """The user's files that the run's events name, the script itself first; all cells of a notebook."""
    names: list[str] = []
    started = signs.started
    if started is not None and started.script:
        names.append(str(Path(started.cwd) / started.script) if started.cwd else started.script)
    for site in signs.wiring.sites.values():
        names.extend(cells_beside(site.file) or (site.file,))
    found: dict[str, Script] = {}
    for name in dict.fromkeys(names):
        script = Script.read(name)
        if script is not None:
            found.setdefault(_same_file(name), script)
        if len(found) >= MAX_SCRIPTS:
            break
    return tuple(found.values())


def same_file(one: str, other: str) -> bool:
    return _same_file(one) == _same_file(other)


def _same_file(name: str) -> str:
    try:
        return str(Path(name).resolve()) if Path(name).exists() else name
    except (OSError, ValueError):
        return name


def at(signs: Signs, site: Site | None) -> tuple[Script, int] | None:
    """The script and the line of a site."""
    if site is None:
        return None
    for script in scripts(signs):
        if same_file(script.file, site.file) and script.line(site.line):
            return script, site.line
    return None


def places(signs: Signs, what: str) -> list[tuple[Script, int]]:
    """Every place of this kind of event, in the order in which they were met."""
    found = [at(signs, site) for site in signs.wiring.sites.values() if site.what == what]
    return [place for place in found if place is not None]


def backward(signs: Signs) -> tuple[Script, int] | None:
    """The backward call of this training: the first of several in one function; None where they stand apart."""
    of_graphs = {g.site for g in signs.wiring.graphs if g.training == signs.training}
    sites = [s for s in signs.wiring.sites.values() if s.what == "loss"]
    chosen = [s for s in sites if s.site in of_graphs] or sites
    found = [place for place in (at(signs, s) for s in chosen) if place is not None]
    found = [p for p in found if any(c.line <= p[1] <= c.end_line for c in calls(p[0], ("backward", "grad")))]
    if not found:
        every = [(s, c.line) for s in scripts(signs) for c in calls(s, ("backward",))] if not chosen else []
        return every[0] if len(every) == 1 else None
    first = min(found, key=lambda p: p[1])
    if any(p[0] != first[0] or enclosing_function(*p) is not enclosing_function(*first) for p in found):
        return None
    loops = enclosing_loop(*first)
    if any((o := enclosing_loop(*p)) is None or loops is None or o.inner is not loops.inner for p in found if p != first):
        return None
    return first


def optimizer_call(signs: Signs) -> Call | None:
    """Where this training's optimizer is built, if there is one such place."""
    seen = signs.step.optimizer
    names = (seen.cls,) if seen is not None and seen.cls else OPTIMIZERS
    found = [call for script in scripts(signs) for call in calls(script, names)]
    return one(found) if found else one([call for script in scripts(signs) for call in all_calls(script) if _makes_optimizer(call)])


def _makes_optimizer(call: Call) -> bool:
    """`kinds[name](model.parameters(), lr=...)`: a class that was chosen among others."""
    func = call.node.func
    if not isinstance(func, ast.Name | ast.Subscript | ast.Call) or "lr" not in call.keywords:
        return False
    chosen = func if isinstance(func, ast.Subscript | ast.Call) else bound(call.script, func)
    text = ast.unparse(chosen) if chosen is not None else ""
    return isinstance(chosen, ast.Subscript | ast.Call | ast.IfExp) and (
        any(name in text for name in OPTIMIZERS) or "optim" in text or _table_of_optimizers(call, chosen)
    )


def _table_of_optimizers(call: Call, chosen: ast.expr) -> bool:
    owner = chosen.func.value if isinstance(chosen, ast.Call) and isinstance(chosen.func, ast.Attribute) else getattr(chosen, "value", None)
    table = bound(call.script, owner) if isinstance(owner, ast.Name) else owner
    return table is not None and any(f".{name}" in ast.unparse(table) for name in OPTIMIZERS)


def optimizer_at(script: Script, line: int) -> str | None:
    """The optimizer as it is spelled where `line` stands."""
    return optimizer_name(script, line)


def model_at(script: Script, line: int) -> str | None:
    """The model as it is spelled where `line` stands."""
    return model_name(script, line)


def named_calls(signs: Signs, names: Sequence[str]) -> list[Call]:
    return [call for script in scripts(signs) for call in calls(script, tuple(names))]


def call_at(place: tuple[Script, int] | None, names: Sequence[str]) -> Call | None:
    """The one call of these names on a place's line."""
    if place is None:
        return None
    script, line = place
    return one([c for c in calls(script, tuple(names)) if c.line <= line <= c.end_line])


def one(found: Sequence[Call]) -> Call | None:
    return found[0] if len(found) == 1 else None


def recurrent_call(signs: Signs, names: Sequence[str] = ("LSTM", "GRU", "RNN")) -> Call | None:
    """Where the recurrent layer is built: the only one, or the one kept under the name of the layer that ran."""
    found = [c for c in named_calls(signs, [f"nn.{n}" for n in names]) if not _in_bases(c)]
    if len(found) <= 1:
        return one(found)
    ran = {c.module.rpartition(".")[2] for c in signs.wiring.calls if isinstance(c, RecurrentCall) and c.module}
    if len(ran) == 1:
        (name,) = ran
        kept = [c for c in found if _kept_as(c) == name]
        return one(kept)
    return None


def _in_bases(call: Call) -> bool:
    return isinstance(call.script.parents.get(call.node), ast.ClassDef)


def _kept_as(call: Call) -> str:
    parent = call.script.parents.get(call.node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        return call.script.segment(parent.targets[0]).rpartition(".")[2]
    return ""


def model_class(signs: Signs) -> tuple[Script, ast.ClassDef] | None:
    """The class of the model that is trained: the outermost one seen, or the only one written."""
    written = [(s, cls) for s in scripts(signs) for cls in module_classes(s).values()]
    seen = {m.cls for m in signs.wiring.models}
    chosen = [pair for pair in written if pair[1].name in seen]
    if len(chosen) > 1:
        inner = {cls for m in signs.wiring.models for name, cls, _ in m.modules if name}
        chosen = [pair for pair in chosen if pair[1].name not in inner]
    if not seen:
        chosen = written
    return chosen[0] if len(chosen) == 1 else None


def returns(function: ast.AST) -> list[ast.Return]:
    return [n for n in within(function) if isinstance(n, ast.Return) and n.value is not None]


def finite(value: object) -> float | None:
    """A number, or None for what is missing, no number, or not finite."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def code(value: float, digits: int = 3) -> str:
    """A number as one writes it in code: `0.005`, `5e-5`, `12`, `1e6`."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0.0"
    if 1e-3 <= abs(rounded) < 1e5:
        text = f"{rounded:f}".rstrip("0").rstrip(".")
        return text if "." in text else f"{text}.0"
    mantissa, exponent = f"{rounded:e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
