"""A process on a node that runs one trial, and sees to it that nothing of the trial outlives it.

It is told what to run in one line of JSON on stdin, and answers on stdout: one line of JSON, then a tar of the trial's folder
(trace and output.txt). stdin stays open meanwhile; when it closes, whoever wanted the trial is gone or wants it no more, and
the trial is ended with all processes that it has started.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import importlib
import io
import json
import os
import select
import shutil
import signal
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from ..candidate import Job
from .local import Process

SLOT = 0.05
MOST_PRINTED = 32 << 20
"""Of what a trial prints, so many bytes at its end are brought back."""
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of Linux: what loses its parent becomes our child."""
MACHINE = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "LD_PRELOAD", "DISPLAY", "PWD", "OLDPWD",
    "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
)  # fmt: skip
"""Environment variables that belong to a machine; all others are as where the trials were asked for."""
MACHINE_KINDS = ("RAY_", "XDG_", "SSH_", "SLURM", "DBUS_")


def belongs_to_machine(name: str) -> bool:
    return name in MACHINE or name.startswith(MACHINE_KINDS)


def packed_job(job: Job) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "key": job.key, "name": job.name, "seed": job.seed, "steps": job.steps, "seconds": job.seconds, "live": list(job.live),
        "sources": {path: base64.b64encode(text).decode() for path, text in job.sources.items()},
    }  # fmt: skip


def unpacked_job(given: Mapping[str, Any], folder: str) -> Job:
    sources = {path: base64.b64decode(text) for path, text in given["sources"].items()}
    live = tuple((name, args) for name, args in given["live"])
    return Job(given["key"], given["name"], given["seed"], given["steps"], given["seconds"], folder, sources, live)


def main(package: str) -> None:
    """Forks first: a Ray worker that ends kills its own children at once, and we need the time to end ours."""
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, _stop)
    request = json.loads(sys.stdin.buffer.readline())
    sys.path.insert(0, package)
    scratch = tempfile.mkdtemp(prefix="lossdoctor-trial-")
    try:
        kept = keep(request, Path(scratch))
        if kept is not None:
            sys.stdout.buffer.write(kept)
            sys.stdout.buffer.flush()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


def keep(request: Mapping[str, Any], scratch: Path) -> bytes | None:
    """Run the trial in `scratch`; None where it is wanted no more."""
    environment = {name: text for name, text in os.environ.items() if belongs_to_machine(name)}
    os.environ.clear()
    os.environ.update(environment | request["environment"])
    os.chdir(request["cwd"])
    _adopt_orphans()
    module, _, name = request["start"].partition(":")
    job = unpacked_job(request["job"], str(scratch / "trial"))
    process: Process = getattr(importlib.import_module(module), name)(request["program"], job)
    status, late, dropped = None, False, False
    try:
        while True:
            status = process.poll()
            late = status is None and time.monotonic() - process.started > job.seconds
            if status is not None or late:
                break
            if select.select([sys.stdin], [], [], SLOT)[0]:
                dropped = True
                break
        took = time.monotonic() - process.started
    finally:
        if status is None:
            process.end()
        end_descendants(process)
    if dropped:
        return None
    head = {"status": status if status is not None else -15, "seconds": took, "timed_out": late}
    return json.dumps(head).encode() + b"\n" + packed(Path(job.folder))


def packed(folder: Path) -> bytes:
    """The trace and the output of a trial as a tar."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for path in sorted((folder / "trace").rglob("*")):
            if path.is_file() and not path.is_symlink():
                _add(tar, str(path.relative_to(folder)), path.read_bytes())
        with contextlib.suppress(OSError), (folder / "output.txt").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_PRINTED))
            _add(tar, "output.txt", file.read())
    return sink.getvalue()


def unpack(tar: bytes, folder: Path) -> None:
    """Plain files below `folder`, which is made anew; whatever else a tar might hold is left out."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r") as held:
        for member in held:
            parts = Path(member.name).parts
            if not member.isfile() or ".." in parts or Path(member.name).is_absolute():
                continue
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = held.extractfile(member)
            place.write_bytes(text.read() if text is not None else b"")


def _add(tar: tarfile.TarFile, name: str, text: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size = len(text)
    tar.addfile(about, io.BytesIO(text))


def _adopt_orphans() -> None:
    """A script's helpers may leave their session and outlive their parent; so they can still be found. Linux alone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def end_descendants(process: Process) -> None:
    """Kill what is left of the trial's processes, until there are none."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        process.poll()
        left = descendants(os.getpid())
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(SLOT)


def descendants(root: int) -> list[int]:
    """All processes below one, nearest first; none where there is no /proc."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            below.setdefault(parent, []).append(int(entry.parent.name))
    found = list(below.get(root, ()))
    for pid in found:
        found.extend(below.get(pid, ()))
    return found


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
