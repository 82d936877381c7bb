"""What all writers of one trace share: who may write, and how much waits in memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class Intake:
    """`waiting` counts the bytes taken in and not yet on disk; `chunk` of them call for a flush.

    Only the process that opened the trace writes: a forked child inherits the object and is shut out.
    """

    __slots__ = ("chunk", "flush", "lock", "open", "pid", "waiting")

    def __init__(self, chunk: int, flush: Callable[[], None]) -> None:
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.open = True
        self.waiting = 0
        self.chunk = chunk
        self.flush = flush

    def mine(self) -> bool:
        return self.open and os.getpid() == self.pid

    def took(self, size: int) -> None:
        """Call it with the lock held."""
        self.waiting += size
        if self.waiting >= self.chunk:
            self.flush()
