"""What an engine must do: three methods, so that trials can run anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .candidate import Job


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended. `lost` says that the machine failed and not the script: it is to be run again."""

    job: Job
    status: int
    seconds: float
    lost: bool = False
    timed_out: bool = False


class Engine(Protocol):
    width: int
    """Trials at a time."""

    def submit(self, job: Job) -> None:
        """Start a job; it writes `job.folder`/trace and `job.folder`/output.txt."""

    def poll(self, seconds: float) -> list[Ended]:
        """The jobs that have ended, at most `seconds` from now; an empty list where none has."""

    def cancel(self) -> None:
        """End all jobs that are under way, with their children."""
