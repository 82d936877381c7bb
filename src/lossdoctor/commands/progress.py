"""What is being done right now: one line on a terminal, plain lines for a program that asked for them, else nothing."""

from __future__ import annotations

import sys
import time

_by_lines = False


def tell_by_lines() -> None:
    """From now on each thing that is begun is a line of its own on stderr, for a program that reads it."""
    global _by_lines
    _by_lines = True


class Progress:
    """A single line on stderr that is rewritten, and wiped at the end."""

    def __init__(self, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._lines = not quiet and not self._on and _by_lines
        self._text = ""
        self._last = 0.0
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        if self._lines and text != self._text:
            sys.stderr.write(f"lossdoctor: {text}\n")
            sys.stderr.flush()
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
