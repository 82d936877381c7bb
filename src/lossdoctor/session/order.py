"""What a watched process is told to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..launch.program import Kind, Program

Mode = Literal["run", "check", "trial"]


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """`trace` is the folder to write to, `scratch` where the script's own writing is sent (None: nowhere
    but where it wants). `budget` is our share of the run's time, `allowance` seconds for starting up.
    `apply` lists (fix id, arguments) that take hold of the run. `control` is the zygote's socket, or -1; `late` that of
    the zygotes that are planted on the way, each in the place of the one before.
    `sources` maps files of the user's to files that hold what they are to be read as; `reseed` shifts every seed that
    the script gives, None leaves them alone."""

    kind: Kind
    target: str
    argv: tuple[str, ...]
    trace: str
    mode: Mode = "run"
    scratch: str | None = None
    budget: float = 0.02
    allowance: float = 0.25
    seconds: float | None = None
    steps: int | None = None
    control: int = -1
    late: int = -1
    apply: tuple[tuple[str, dict[str, Any]], ...] = ()
    seed: int | None = None
    sources: dict[str, str] = field(default_factory=dict)
    reseed: int | None = None

    @property
    def program(self) -> Program:
        return Program(self.kind, self.target, self.argv)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def load(path: Path) -> WatchOrder:
        given = json.loads(path.read_text(encoding="utf-8"))
        given["argv"] = tuple(given["argv"])
        given["apply"] = tuple((fix, args) for fix, args in given["apply"])
        return WatchOrder(**given)
