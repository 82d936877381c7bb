"""What a fix file holds: its title, how safe it is, and the change of the source that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..signs import Signs
from ..source import Change, Edit
from ..words import FixProposal, FixValue, Safety

Args = Mapping[str, Any]


def no_edit(signs: Signs, args: Args) -> Edit | None:
    """For a fix that is only shown."""
    return None


def always(signs: Signs, args: Args) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Fix:
    """One intervention. `title(signs, args)` says it in a line with its numbers; `edit(signs, args)` is the
    change of the user's source, None where its place is not certain; `otherwise(signs, args)` says in that case
    what to put where, under comments; `live` tells whether a run can be taken hold of (frameworks' knobs). A fix
    that is beside the point in this run (`fits`) is not proposed."""

    id: str
    safety: Safety
    title: Callable[[Signs, Args], str]
    otherwise: Callable[[Signs, Args], str]
    edit: Callable[[Signs, Args], Edit | Change | None] = no_edit
    live: bool = False
    fits: Callable[[Signs, Args], bool] = always

    def change(self, signs: Signs, args: Args) -> Change | None:
        """`edit`, and None where it fails: a report is not lost for want of a diff."""
        try:
            found = self.edit(signs, args)
        except Exception:
            return None
        return Change((found,)) if isinstance(found, Edit) else found

    def proposed(self, signs: Signs, args: Args) -> bool:
        """Does it fit this run? Never raises."""
        try:
            return self.fits(signs, args)
        except Exception:
            return False

    def snippet(self, signs: Signs, args: Args) -> str:
        """The change as a unified diff, else what to do by hand."""
        change = self.change(signs, args)
        return change.diff if change is not None else self.otherwise(signs, args)

    def propose(self, signs: Signs, args: Args) -> FixProposal:
        plain: dict[str, FixValue] = {k: v for k, v in args.items() if isinstance(v, str | int | float | bool)}
        return FixProposal(self.id, plain, self.title(signs, args), self.snippet(signs, args), self.safety)
