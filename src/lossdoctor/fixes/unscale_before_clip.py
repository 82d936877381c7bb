"""Take the loss's scale off the gradients before they are clipped."""

from __future__ import annotations

from ..signs import Signs
from ..source import Call, Edit, calls, insert_before
from .fix import Args, Fix
from .loosen_clip import NAMES
from .places import fragment, named_calls, one, optimizer_at


def _clip(signs: Signs) -> tuple[Call, str] | None:
    """The one clip of scaled gradients, and what scaled them."""
    clip = one(named_calls(signs, NAMES))
    if clip is None or calls(clip.script, ("unscale_",)):
        return None
    scaled = [c for c in calls(clip.script, ("scale",)) if c.owner and c.line < clip.line and "loss" in "".join(c.args).lower()]
    return (clip, scaled[0].owner) if len(scaled) == 1 else None


def _edit(signs: Signs, args: Args) -> Edit | None:
    found = _clip(signs)
    if found is None:
        return None
    clip, scaler = found
    name = optimizer_at(clip.script, clip.line)
    if name is None:
        stepped = one([c for c in calls(clip.script, ("step",)) if c.owner == scaler and len(c.args) == 1])
        name = stepped.args[0] if stepped is not None else None
    return None if name is None else insert_before(clip.script, clip.line, [f"{scaler}.unscale_({name})"])


FIX = Fix(
    id="unscale-before-clip",
    safety="safe",
    title=lambda signs, args: "unscale the gradients before they are clipped",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "after the backward pass, before the clip", "scaler.unscale_(optimizer)", "clip_grad_norm_(model.parameters(), 1.0)"
    ),
    fits=lambda signs, args: _clip(signs) is not None,
)
