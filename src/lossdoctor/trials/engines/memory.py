"""How much memory there is, and how much a process took at most. Linux; elsewhere nothing is known."""

from __future__ import annotations

from pathlib import Path


def available() -> int | None:
    """Bytes that new processes could take without swapping."""
    return _field("/proc/meminfo", "MemAvailable:")


def total() -> int | None:
    return _field("/proc/meminfo", "MemTotal:")


def peak(pid: int) -> int | None:
    """The most that a living process has held so far."""
    return _field(f"/proc/{pid}/status", "VmHWM:")


def _field(path: str, name: str) -> int | None:
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
