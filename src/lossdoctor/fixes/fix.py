"""What a fix file holds: its title, how safe it is, and the change of the source that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..signs import Signs
from ..words import FixProposal, FixValue, Safety

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fix:
    """One intervention. `title(signs, args)` says it in a line with its numbers; `snippet(signs, args)` gives
    the change as a unified diff of the user's source (or instructions in comments where the place is not
    certain); `live` tells whether a run can be taken hold of (frameworks' knobs)."""

    id: str
    safety: Safety
    title: Callable[[Signs, Args], str]
    snippet: Callable[[Signs, Args], str]
    live: bool = False

    def propose(self, signs: Signs, args: Args) -> FixProposal:
        plain: dict[str, FixValue] = {k: v for k, v in args.items() if isinstance(v, str | int | float | bool)}
        return FixProposal(self.id, plain, self.title(signs, args), self.snippet(signs, args), self.safety)
