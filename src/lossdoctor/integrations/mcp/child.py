"""One command of ours as a child process: told of as it goes on, ended with all that it started when its time is over."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from ...launch.stop import descendants

PACKAGE = Path(__file__).resolve().parents[3]
START = (
    "import sys; p = {package!r}; sys.path.insert(0, p) if sys.flags.safe_path else sys.path.__setitem__(0, p); "
    "from lossdoctor.launch.stop import end_with_parent; end_with_parent(); "
    "from lossdoctor.commands.progress import tell_by_lines; tell_by_lines(); "
    "from lossdoctor.__main__ import main; main()"
)
"""`python -m lossdoctor`, but a file of the project that is called like a module of ours or of Python's is not taken for it."""
OURS = "lossdoctor: "
KEPT_OUT, KEPT_LINES = 4_000_000, 200
POLL, HEARTBEAT, PATIENCE, DRAIN = 0.05, 5.0, 1.2, 1.0
"""Seconds: between looks at a child; between signs of life; for an orderly end; for what still stands in its pipes."""

Told = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `status` is None where its time was over; `said` are its last lines on stderr."""

    status: int | None
    out: str
    said: tuple[str, ...]
    seconds: float

    @property
    def sentence(self) -> str:
        """What the command said last of itself, with what it quotes of the script."""
        starts = [k for k, line in enumerate(self.said) if line.startswith(OURS)]
        lines = self.said[starts[-1] :] if starts else self.said[-12:]
        return "\n".join(lines).removeprefix(OURS).strip()


async def run_child(words: Sequence[str], folder: Path, limit: float, told: Told) -> Ended:
    """Run `lossdoctor WORDS` in `folder` for at most `limit` seconds. Cancelled, it leaves no process behind."""
    began = time.monotonic()
    out, said = bytearray(), list[str]()
    latest = ["starting"]
    process = await anyio.open_process(
        [sys.executable, "-c", START.format(package=str(PACKAGE)), *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, start_new_session=True,
    )  # fmt: skip

    async def hear(line: str) -> None:
        said.append(line)
        del said[:-KEPT_LINES]
        if line.startswith(OURS):
            latest[0] = line.removeprefix(OURS).strip()
            await told(latest[0])

    async def live() -> None:
        while True:
            await anyio.sleep(HEARTBEAT)
            await told(latest[0])

    try:
        assert process.stdout is not None and process.stderr is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep, process.stdout, out)
            readers = anyio.Event()
            tasks.start_soon(_lines, process.stderr, hear, readers)
            tasks.start_soon(live)
            with anyio.move_on_after(max(0.0, limit)):
                # Not process.wait(): that waits for the pipes too, which a grandchild may hold.
                while process.returncode is None:
                    await anyio.sleep(POLL)
            if process.returncode is not None:
                with anyio.move_on_after(DRAIN):
                    await readers.wait()
            tasks.cancel_scope.cancel()
        status = process.returncode
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
    return Ended(status, out.decode("utf-8", "replace"), tuple(said), time.monotonic() - began)


async def _keep(stream: ByteReceiveStream, into: bytearray) -> None:
    with contextlib.suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
        while True:
            into += await stream.receive()
            del into[:-KEPT_OUT]


async def _lines(stream: ByteReceiveStream, hear: Told, over: anyio.Event) -> None:
    rest = b""
    with contextlib.suppress(anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
        while True:
            *lines, rest = (rest + await stream.receive()).replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                await hear(line[:4000].decode("utf-8", "replace"))
            rest = rest[-4000:]
    if rest:
        await hear(rest.decode("utf-8", "replace"))
    over.set()


async def _end(process: Process) -> None:
    """Ask it to end, wait a little, and kill what is left of it and of all that it started."""
    if process.returncode is None:
        group = descendants(process.pid)
        _signal_group(process.pid, signal.SIGINT)
        with anyio.move_on_after(PATIENCE):
            while process.returncode is None:
                await anyio.sleep(POLL)
        left = {*group, *descendants(process.pid)}
        if process.returncode is None:
            _signal_group(process.pid, KILL)
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, KILL)
        with anyio.move_on_after(PATIENCE):
            while process.returncode is None:
                await anyio.sleep(POLL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            await stream.aclose()


KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        else:
            os.killpg(pid, number)
