"""One tool call: a time budget, a folder of its own, and the children that do the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from mcp.server.mcpserver import Context

from .child import Ended, run_child
from .project import Project, Refused

RESERVE, LARGEST_RESERVE = 0.2, 20.0
"""Share of a budget, and most seconds of it, kept for ending a child and for telling what it has seen."""
LEAST = 1.0

Run = Callable[..., Any]


class Budget:
    """The seconds that a call was given, counted from its start."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()
        self.since = time.time()

    @property
    def usable(self) -> float:
        """What a command may plan with."""
        return self.seconds - min(LARGEST_RESERVE, RESERVE * self.seconds)

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began


class Folders:
    """Which output folders are being written into: two calls must not write into the same."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def taken(self, out: str) -> _Held:
        """Use as a context manager. Raises `Refused` where another call writes there, or into a folder below."""
        for other in self._busy:
            if f"{other}/".startswith(f"{out}/"):
                raise Refused(f"another call is writing into {other}: wait for it, cancel it, or give another out folder.")
        return _Held(self._busy, out)


class _Held:
    def __init__(self, busy: set[str], out: str) -> None:
        self._busy, self._out = busy, out

    def __enter__(self) -> None:
        self._busy.add(self._out)

    def __exit__(self, *_: object) -> None:
        self._busy.discard(self._out)


async def run_command(project: Project, ctx: Context[Any, Any], budget: Budget, words: Sequence[str], limit: float) -> Ended:
    """Run one command within what is left of the budget, and pass on what it says of its progress."""

    async def told(message: str) -> None:
        await ctx.report_progress(round(budget.spent, 2), budget.seconds, message[:300])

    left = max(LEAST, min(limit, budget.seconds - budget.spent))
    return await run_child(words, project.root, left, told)
