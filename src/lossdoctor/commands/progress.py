"""What is being done right now: one line on a terminal, nothing where there is none."""

from __future__ import annotations

import sys
import time


class Progress:
    """A single line on stderr that is rewritten, and wiped at the end."""

    def __init__(self, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._text = ""
        self._last = 0.0
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        self._text = text
        self._draw()

    def tick(self) -> None:
        if time.monotonic() - self._last > 0.5:
            self._draw()

    def _draw(self) -> None:
        if self._on:
            self._last = time.monotonic()
            sys.stderr.write(f"\r\x1b[2Klossdoctor: {self._text[:60]} ({self._last - self._began:.0f} s)")
            sys.stderr.flush()

    def done(self) -> None:
        if self._on:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
