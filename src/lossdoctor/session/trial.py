"""Start a trial: the script from its first line in a child process, in a sandbox, under a fix and a seed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..launch.program import Program
from .child import WatchedChild
from .order import WatchOrder

BUDGET = 0.2
"""Above what lets whole updates pass unmeasured where time is short: what a trial has learned at its very end is what it is
compared by."""
ALLOWANCE = 0.5


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """`sources` are the files that read otherwise, with what they read as; `live` the fixes that take hold of the run."""

    folder: str
    sources: Mapping[str, bytes]
    live: tuple[tuple[str, dict[str, Any]], ...]
    seed: int
    steps: int | None


class TrialProcess:
    """A trial under way; with it end all processes that it has started."""

    def __init__(self, program: Program, order: TrialOrder, threads: int | None = None) -> None:
        folder = Path(order.folder)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "sources").mkdir(parents=True)
        held = {}
        for number, (path, text) in enumerate(order.sources.items()):
            place = folder / "sources" / f"{number}-{Path(path).name}"
            place.write_bytes(text)
            held[path] = str(place)
        watch = WatchOrder(
            program.kind, program.target, program.argv, str(folder / "trace"), mode="trial", scratch=str(folder / "scratch"),
            budget=BUDGET, allowance=ALLOWANCE, steps=order.steps, apply=order.live, sources=held, reseed=order.seed,
        )  # fmt: skip
        self._child = WatchedChild(watch, folder, (), folder / "output.txt", threads)
        self.started = self._child.started
        self.pid = self._child.process.pid

    def poll(self) -> int | None:
        return self._child.process.poll()

    def end(self) -> None:
        self._child.end()
