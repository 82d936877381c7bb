"""Train in train mode, evaluate in eval mode."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, calls, enclosing_loop, insert_before, together
from ..source.locate import around
from .fix import Args, Fix
from .places import at, backward, fragment, model_at, said


def mode_of(signs: Signs, args: Args) -> str:
    """Which mode is missing: as the arguments say, else `train` where the run trained in eval mode."""
    if args.get("mode") in ("train", "eval"):
        return str(args["mode"])
    seen = signs.wiring.modes
    in_eval = any(m.grad_enabled and m.in_eval for m in seen)
    in_train = any(not m.grad_enabled and m.in_training for m in seen)
    return "eval" if in_train and not in_eval else "train"


def _train(signs: Signs) -> Edit | None:
    place = backward(signs)
    if place is None:
        return None
    script, line = place
    name, loops = model_at(script, line), enclosing_loop(script, line)
    if name is None or loops is None:
        return None
    first = loops.inner if loops.inner is not loops.outer else loops.inner.body[0]
    return insert_before(script, first.lineno, [f"{name}.train()"])


def _eval(signs: Signs) -> Edit | None:
    sites = [m.site for m in signs.wiring.modes if not m.grad_enabled and m.in_training]
    place = at(signs, signs.wiring.site(sites[0])) if sites else None
    if place is None:
        return None
    script, line = place
    spot = next((n for n in around(script, line) if isinstance(n, ast.With) and "grad" in ast.unparse(n.items[0])), None)
    name = model_at(script, line)
    if name is None or spot is None:
        return None
    added = insert_before(script, spot.lineno, [f"{name}.eval()"])
    inside = enclosing_loop(script, spot.lineno) is not None
    if inside and not any(c.owner == name for c in calls(script, ("train",))):
        return together(added, _train(signs))
    return added


def _edit(signs: Signs, args: Args) -> Edit | None:
    return _train(signs) if mode_of(signs, args) == "train" else _eval(signs)


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        return "train in train mode" if mode_of(signs, args) == "train" else "evaluate in eval mode"

    return said(words, "train in train mode, evaluate in eval mode")


def otherwise(signs: Signs, args: Args) -> str:
    return fragment("at the start of every epoch", "model.train()") + fragment("before every evaluation", "model.eval()")


FIX = Fix(id="set-mode", safety="safe", title=title, edit=_edit, otherwise=otherwise)
