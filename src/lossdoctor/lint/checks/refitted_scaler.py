"""One scaler fitted twice: on the held-back data again, or on something else before it is used for the first again.

Silent where the scaler is made anew in between, and where the data's names do not say what they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import groupby

from ...source.diff import replace_node
from ...source.locate import dotted
from ..check import Alarm, Check
from ..facts import Facts
from ..scalers import Use, root, uses

_TRAIN = re.compile(r"(^|_)(train|training|trn|tr)(_|\d|$)|train$", re.IGNORECASE)
_HELD = re.compile(r"(^|_)(test|tst|val|valid|validation|dev|te|holdout)(_|\d|$)|(test|val|valid)$", re.IGNORECASE)
_PART = re.compile(
    r"_?(train|training|trn|test|tst|valid|validation|val|dev|holdout|scaled|norm|raw|new|all|tr|te|pred|predictions?|hat)(?![a-z])_?",
    re.IGNORECASE,
)


def look(facts: Facts) -> Iterator[Alarm]:
    found = [u for u in uses(facts) if isinstance(u.scaler, ast.Name) and _once_made(facts, u.scaler)]
    found.sort(key=lambda u: (id(facts.scope(u.call)), dotted(u.scaler), u.call.lineno, u.call.col_offset))
    for _, group in groupby(found, key=lambda u: (id(facts.scope(u.call)), dotted(u.scaler))):
        order = [u for u in group if not facts.loops(u.call) and not facts.conditional(u.call, facts.scope(u.call))]
        yield from _held_back(facts, order)
        yield from _two_things(facts, order)


def _once_made(facts: Facts, scaler: ast.Name) -> bool:
    return len(facts.bindings(scaler)) == 1


def _held_back(facts: Facts, order: list[Use]) -> Iterator[Alarm]:
    """`fit_transform(X_train)`, and later `fit_transform(X_test)` of the same thing with the same scaler."""
    fits = [u for u in order if u.what in ("fit", "fit_transform")]
    for index, use in enumerate(fits):
        name = root(use.data) or ""
        before = [root(u.data) or "" for u in fits[:index]]
        if _HELD.search(name) and not _TRAIN.search(name) and any(_TRAIN.search(b) and thing(b) == thing(name) for b in before):
            edit = None
            if use.what == "fit_transform" and isinstance(use.call.func, ast.Attribute):
                edit = replace_node(facts.script, use.call.func, f"{facts.script.segment(use.scaler)}.transform")
            yield Alarm(
                use.call, f"`{name}` is scaled by its own range, and not by that of the training data. "
                f"Use `{dotted(use.scaler)}.transform` here.", edit=edit, title="transform the held-back data, do not fit again",
            )  # fmt: skip


def _two_things(facts: Facts, order: list[Use]) -> Iterator[Alarm]:
    """Fitted on X, then on y, then used for X again."""
    fitted: list[str] = []
    for use in order:
        name = root(use.data)
        key = thing(name) if name is not None else ""
        if use.what in ("fit", "fit_transform"):
            fitted.append(key)
        elif key and use.what == "transform" and len(set(fitted)) > 1 and all(fitted) and fitted[-1] != key and key in fitted:
            yield Alarm(
                use.call, f"`{dotted(use.scaler)}` was fitted on something else after `{name}`'s kind of data, so this scales by the wrong "
                "range. Use one scaler for each.",
            )  # fmt: skip


def thing(name: str) -> str:
    """What the data are, whichever part: `X` for `X_train` and `X_test`."""
    return _PART.sub("", name).strip("_").lower()


CHECK = Check("scaler-mismatch", "refitted-scaler", look, ("Scaler", "Transformer"))
