"""Another length of the window (or chunk) that the net sees."""

from __future__ import annotations

import ast
import re

from ..signs import Signs
from ..signs.alignment import beyond
from ..signs.recorded import recorded
from ..source import Edit, Origin, origin, replace_node
from ..source.values import number
from ..words import short
from .ends import at_entry
from .fix import Args, Fix
from .places import finite, fragment, said, scripts
from .settings import all_settings

_NAME = re.compile(
    r"(seq(uence)?_?(len|length)?|window(_?(size|len|length))?|look_?back|(n|num)?_?(time)?_?steps_?(in)?|time_?steps"
    r"|bptt(_len)?|history|context(_?(size|len|length))?|chunk(_?(size|len|length))?|(max_?len(gth)?))",
    re.IGNORECASE,
)


def wanted(signs: Signs, args: Args) -> int | None:
    """The length asked for; else one that reaches what a simple learner found before the window."""
    given = finite(args.get("steps", args.get("window")))
    if given is not None:
        return int(given)
    series = recorded(signs)
    past = beyond(signs, future=False) if series is not None else None
    return None if series is None or past is None else series.window + past.lag


def window_in(signs: Signs) -> Origin | None:
    """The one constant that names the window and holds the length that the run showed."""
    steps = signs.time.steps_seen
    found: dict[tuple[str, int], Origin] = {}
    for script in scripts(signs):
        for node in ast.walk(script.tree):
            value: ast.expr | None = None
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                value = node.value if _NAME.fullmatch(node.targets[0].id) else None
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("add_argument") and node.args:
                flag = getattr(node.args[0], "value", "")
                default = next((k.value for k in node.keywords if k.arg == "default"), None)
                value = default if _NAME.fullmatch(str(flag).lstrip("-").replace("-", "_")) else None
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                value = node.value if _NAME.fullmatch(node.target.id) else None
            if value is not None and number(value) is not None:
                spot = origin(script, value)
                if spot is not None and (not steps or spot.value in (steps, steps + 1)):
                    found[script.file, spot.line] = spot
    for setting in all_settings(signs) if not found else ():
        if isinstance(setting.value, float) and _NAME.fullmatch(setting.key) and (not steps or setting.value in (steps, steps + 1)):
            found[setting.script.file, setting.node.lineno] = Origin(setting.script, setting.node, setting.value)
    return next(iter(found.values())) if len(found) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    """The constant that names the window; where there is none, and a shorter window was tried, the model looks at
    the end of what it is given."""
    new, found, axis = wanted(signs, args), window_in(signs), finite(args.get("axis"))
    if new is None or new < 1:
        return None
    if found is not None:
        return replace_node(found.script, found.node, str(new))
    lengths = [c.input_shape[int(axis)] for c in signs.wiring.calls if axis in (0, 1) and len(c.input_shape) == 3]
    if axis is None or new >= (signs.time.steps_seen or max(lengths, default=0)):
        return None
    return at_entry(signs, lambda x: f"{x}[:, -{new}:]" if axis == 1 else f"{x}[-{new}:]")


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        new, steps = wanted(signs, args), signs.time.steps_seen
        if new is None:
            return "give the net another window"
        return f"{bare} {short(new)} steps" + (f" instead of {short(steps)}" if steps else "")

    bare = "give the net a window of"
    return said(words, "give the net another window")


def otherwise(signs: Signs, args: Args) -> str:
    line = said(lambda: f"WINDOW = {wanted(signs, args) or '...'}", "WINDOW = ...")
    return fragment("where the sequences are cut", line)


FIX = Fix(id="set-window", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
