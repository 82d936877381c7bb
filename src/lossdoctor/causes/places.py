"""Where in the user's source: from the places that the trace has noted."""

from __future__ import annotations

from ..signs import Signs
from ..trace.events import Site
from ..words import Place


def place(site: Site | None) -> Place | None:
    return None if site is None else Place(site.file, site.line)


def loss_place(signs: Signs) -> Place | None:
    """The line of the backward pass."""
    return place(signs.wiring.where("loss"))


def criterion_place(signs: Signs) -> Place | None:
    """The line on which the main loss is computed, or where its backward pass begins."""
    term = signs.loss.term
    if term is not None and term.site >= 0 and not term.by_hand:
        return place(signs.wiring.site(term.site))
    return place(signs.wiring.where("criterion")) or loss_place(signs)


def recurrent_place(signs: Signs) -> Place | None:
    return place(signs.wiring.where("recurrent")) or criterion_place(signs)
