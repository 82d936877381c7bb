"""Where trials run, by name: what `fix --engine` offers, put together with what starts a trial's process."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..launch.program import Program
from ..session.trial import TrialOrder, TrialProcess
from ..trials.candidate import Job
from ..trials.engine import Engine
from ..trials.engines.local import LocalEngine
from ..words import UserError

ENGINES = ("local", "ray")
ON_NODE = f"{__name__}:start_on_node"


def made_engine(name: str, program: Program, jobs: int | None, address: str | None, out: Path) -> Engine:
    """Raises UserError where it cannot be used: unknown, not installed, not reachable, not fit for this script."""
    if name == "local":
        width = jobs or max(1, min(4, os.cpu_count() or 1))
        return LocalEngine(lambda job: started(program, job, 1 if width > 1 else None), width)
    if name == "ray":
        from ..trials.engines.nodes import Wanted
        from ..trials.engines.ray import RayEngine

        engine = RayEngine(ON_NODE, asdict(program), Wanted.of(program.path, program.argv, out), address, jobs)
        atexit.register(engine.close)
        return engine
    raise UserError(f'there is no engine "{name}". Engines: {", ".join(ENGINES)}.')


def started(program: Program, job: Job, threads: int | None) -> TrialProcess:
    return TrialProcess(program, TrialOrder(job.folder, job.sources, job.live, job.seed, job.steps), threads)


def start_on_node(program: Mapping[str, Any], job: Job) -> TrialProcess:
    """On a node of a cluster, in a process of its own: one CPU, one thread."""
    return started(Program(program["kind"], program["target"], tuple(program["argv"])), job, 1)
