"""A process beside a long run: reads the growing trace now and then, and says what has become certain.

Started by `lossdoctor run --notify` and `--stop-on`. It is nobody's child (a script that waits for its own never
meets it), takes no part in the run, and ends with it. What it is sure of it writes to stderr; where the run is to
be ended for it, one line goes into the pipe that the run looks at.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from ..launch.zygote import can_fork
from ..words import CERTAIN, SEVERITIES, UserError
from .folder import log_errors

FIRST_LOOK, LAST_GAP = 1.0, 60.0
"""Seconds before the first look, and the longest time between two: each takes about a second on another core."""
POLL = 0.2
NAP = 0.5
"""Seconds after which it looks whether the run is still alive: a run that was killed leaves nobody behind."""


def start(out: Path, notify: bool, stop_on: str | None) -> Callable[[], str | None]:
    """Put an onlooker beside this process. Returns what the run asks now and then: why it should end, or None.

    Raises UserError where processes cannot be forked.
    """
    if not can_fork():
        raise UserError(
            "--notify and --stop-on need a system that can fork processes, which this one cannot: run without them."
        )
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    package = Path(__file__).resolve().parent.parent.parent
    orders = json.dumps({"out": str(out), "pid": os.getpid(), "notify": notify, "stop_on": stop_on, "pipe": writing})
    code = (
        f"import sys; sys.path.insert(0, {str(package)!r}); from lossdoctor.commands.onlooker import main; main(sys.argv[1])"
    )
    subprocess.run(
        [sys.executable, "-c", code, orders],
        pass_fds=(writing,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    os.close(writing)
    asked = 0.0

    def wanted() -> str | None:
        nonlocal asked
        now = time.monotonic()
        if now - asked < POLL:
            return None
        asked = now
        with contextlib.suppress(BlockingIOError):
            return os.read(reading, 4096).decode(errors="replace").strip() or None
        return None

    return wanted


def main(text: str) -> None:
    """Become a process of its own, and look on until the run is over."""
    if os.fork():
        os._exit(0)
    os.setsid()
    orders = json.loads(text)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        look_on(Path(orders["out"]), orders["pid"], orders["notify"], orders["stop_on"], orders["pipe"])
    os._exit(0)


def look_on(out: Path, pid: int, notify: bool, stop_on: str | None, pipe: int) -> None:
    told: set[str] = set()
    before: set[str] = set()
    gap = FIRST_LOOK
    while alive(pid):
        wake = time.monotonic() + gap
        while time.monotonic() < wake:
            time.sleep(min(NAP, gap))
            if not alive(pid):
                return
        gap = min(LAST_GAP, gap * 1.5)
        found, steps, over = certain(out)
        if over:
            return
        # What is sure twice, with steps in between, is certain: a first look may have come too early.
        for cause, (severity, line) in found.items():
            if cause not in before:
                continue
            if notify and cause not in told:
                sys.stderr.write(f"lossdoctor: step {steps}: {line}\n")
                sys.stderr.flush()
            told.add(cause)
            if stop_on is not None and SEVERITIES.index(severity) <= SEVERITIES.index(stop_on):
                os.write(pipe, f"{line}\n".encode()[:4000])
                return
        before = set(found)


def certain(out: Path) -> tuple[dict[str, tuple[str, str]], int, bool]:
    """What is sure by now: {cause: (severity, one line)}, the steps seen, and whether the run is over."""
    from ..trace.events import RunEnded
    from .diagnose import examined, trace_of

    try:
        trace = trace_of(out)
        steps = len(trace.table("loss"))
        if trace.last(RunEnded) is not None or not steps:
            return {}, steps, bool(steps)
        found: dict[str, tuple[str, str]] = {
            f.cause: (f.severity, f"{f.cause}: {f.summary}" + (f" ({f.where.file}:{f.where.line})" if f.where else ""))
            for diagnosis in examined(trace) for f in diagnosis.findings
            if f.explained_by is None and f.severity != "note" and f.confidence >= CERTAIN and f.proof != "statistics"
        }  # fmt: skip
        return found, steps, False
    except Exception:
        log_errors(out, [f"onlooker: {traceback.format_exc()}"])
        return {}, 0, False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
