"""Pull a few extreme values in to where the others end."""

from __future__ import annotations

from ..signs import Signs
from ..signs.tails import tail_limits
from ..source import Change, Edit, across
from ..words import short
from .ends import at_entry, at_exit, at_loss
from .fix import Args, Fix
from .places import code, finite, fragment, said
from .scaling import MAX_FEATURES, floats, less, more, numbers, standardised


def share(args: Args) -> float:
    given = finite(args.get("share"))
    return given if given is not None and 0 < given < 0.5 else 0.005


def _inputs(signs: Signs, sides: list[list[float]]) -> Edit | None:
    low, high, mean, std = sides

    def held(x: str) -> str:
        within = f"{x}.clamp({numbers(x, low)}, {numbers(x, high)})"
        if len(mean) == 1:
            return standardised(within, mean, std)
        return f"({within} - {numbers(x, mean)}) / {numbers(x, std)}"

    return at_entry(signs, held) if len(low) <= MAX_FEATURES else None


def _targets(signs: Signs, limits: list[float]) -> list[Edit | None]:
    low, high, mean, std = limits
    unit = code(std, 4)
    return [
        at_exit(signs, lambda y: more(f"{y} * {unit}", mean)),
        at_loss(
            signs, lambda y: f"({less(y, mean)}) / {unit}",
            lambda y: f"({less(f'{y}.clamp({code(low, 4)}, {code(high, 4)})', mean)}) / {unit}",
        ),
    ]  # fmt: skip


def _edit(signs: Signs, args: Args) -> Change | None:
    """The model holds its inputs within the limits that ordinary values keep, and answers in the targets' unit; the
    loss holds the targets so. What is standardised is then of ordinary size again."""
    limits = args if "x" in args or "y" in args else (tail_limits(signs) or {})
    x, y = limits.get("x"), limits.get("y")
    edits: list[Edit | None] = []
    if isinstance(x, list | tuple) and len(x) == 4:
        sides = [floats(side) for side in x]
        edits.append(_inputs(signs, [s for s in sides if s]) if all(sides) else None)
    ends = floats(y) if isinstance(y, list | tuple) and len(y) == 4 else None
    if ends is not None:
        edits.extend(_targets(signs, ends))
    return across(*edits) if edits else None


def otherwise(signs: Signs, args: Args) -> str:
    low, high = code(share(args)), code(1 - share(args), 6)
    return fragment(
        "once the data are there, before they are scaled: by the training part's own quantiles",
        f"low, high = np.quantile(train, [{low}, {high}], axis=0)",
        "train, test = np.clip(train, low, high), np.clip(test, low, high)",
    )


def title(signs: Signs, args: Args) -> str:
    if "x" in args or "y" in args:
        return "hold extreme values within the limits of the others"
    return said(lambda: f"limit the values to the middle {short(100 * (1 - 2 * share(args)))} %", "limit extreme values")


FIX = Fix(id="winsorise", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
