"""One tool call: a time budget, a folder that no other call writes into, and the children that do the work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mcp.server.mcpserver import Context

from .child import PATIENCE, Ended, run_child
from .project import Project, Refused

RESERVE = (4.0, 0.2, 20.0)
"""Kept for ending a child and for telling what it has seen: least seconds, share of the budget, most seconds."""


class Budget:
    """The seconds that a call was given, counted from its start."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()

    @property
    def usable(self) -> float:
        """What a command may plan with."""
        least, share, most = RESERVE
        return self.seconds - max(least, min(most, share * self.seconds))

    @property
    def spent(self) -> float:
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """How long one more child may take, so that it can be ended in time too."""
        return self.seconds - self.spent - PATIENCE


class Folders:
    """The output folders that are being written into."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    @contextmanager
    def held(self, out: str) -> Iterator[None]:
        """Raises `Refused` where another call writes there."""
        if out in self._busy:
            raise Refused(f"another call is writing into {out}: wait for it, cancel it, or give another out folder.")
        self._busy.add(out)
        try:
            yield
        finally:
            self._busy.discard(out)


async def run_command(project: Project, ctx: Context[Any, Any], budget: Budget, words: Sequence[str], limit: float) -> Ended:
    """Run one command for at most `limit` seconds, and pass on what it says of its progress."""

    async def told(message: str) -> None:
        await ctx.report_progress(round(budget.spent, 2), budget.seconds, message[:300])

    return await run_child(words, project.root, limit, told)
