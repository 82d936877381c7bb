"""A set of changes that can be tried, and one trial of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..source import Edit
from ..words.cure import Change


@dataclass(frozen=True, eq=False)
class Step:
    """One change with what makes it: edits of the source, or arguments of a live knob."""

    change: Change
    edits: tuple[Edit, ...] = ()
    live: tuple[str, dict[str, Any]] | None = None
    rank: float = 0.0
    """What the diagnosis thinks of it: the smaller, the sooner it is tried."""
    proven: bool = False
    """It belongs to a cause of which the diagnosis is certain."""
    backed: bool = False
    """A what-if has been cured by it."""
    on_top: bool = False
    """Its edits are of a source that other steps have changed before: it cannot be had without them."""

    @property
    def key(self) -> str:
        args = json.dumps(dict(sorted(self.change.args.items())), default=str)
        return f"{self.change.id} {self.change.how} {args} {hashlib.sha256(self._text.encode()).hexdigest()[:8]}"

    @property
    def _text(self) -> str:
        return "".join(edit.diff for edit in self.edits) + repr(self.live)


@dataclass(frozen=True, eq=False)
class Candidate:
    """Steps tried together; none of them is the baseline."""

    steps: tuple[Step, ...]
    sources: Mapping[str, bytes] = field(default_factory=dict)
    """What files read as under all the edits, by path."""

    @property
    def key(self) -> str:
        return " + ".join(sorted(step.key for step in self.steps))

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(step.change for step in self.steps)

    @property
    def title(self) -> str:
        return " and ".join(step.change.title for step in self.steps) or "as it is"


@dataclass(frozen=True, slots=True)
class Job:
    """One trial to run. `steps` and `seconds` are limits (None: to the script's end)."""

    key: str
    name: str
    seed: int
    steps: int | None
    seconds: float
    folder: str
    sources: Mapping[str, bytes]
    live: tuple[tuple[str, dict[str, Any]], ...]
