"""A trial's process without a script: the job's key is Python code, and what it leaves is what a trial leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossdoctor.trials.candidate import Job


class Started:
    def __init__(self, job: Job) -> None:
        folder = Path(job.folder)
        (folder / "trace" / "arrays").mkdir(parents=True)
        (folder / "trace" / "arrays" / "a.npy").write_bytes(b"\x00\x01")
        (folder / "scratch").mkdir()
        (folder / "scratch" / "checkpoint").write_bytes(b"large")
        (folder / "output.txt").touch()
        with (folder / "output.txt").open("wb") as sink:
            self.process = subprocess.Popen([sys.executable, "-c", job.key], stdout=sink, stderr=sink, start_new_session=True)
        self.pid = self.process.pid
        self.started = time.monotonic()

    def poll(self) -> int | None:
        return self.process.poll()

    def end(self) -> None:
        os.killpg(self.pid, signal.SIGTERM)


def start(program: Mapping[str, Any], job: Job) -> Started:
    print_to = program.get("log")
    if print_to:
        with Path(print_to).open("a") as file:
            file.write(f"start {job.name}\n")
    return Started(job)
