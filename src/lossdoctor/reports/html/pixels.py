"""A matrix as a small PNG: one pixel a cell, stretched by the page. Small, exact, and it prints.

The colours are viridis (van der Walt & Smith 2015, CC0): perceptually uniform, and told apart by
colour-blind readers and in grey. Between its stops the colour is interpolated linearly.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

__all__ = ["colour", "heat_image", "scale_image"]

_STOPS = (
    "440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c",
    "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725",
)  # fmt: skip

_LEVELS = 255
"""Indices 1 .. 255 of the palette are colours, 0 is transparent: not measured."""


def colour(share: float) -> tuple[int, int, int]:
    """Red, green, blue in 0 .. 255 for a share of the scale in [0, 1]."""
    place = min(1.0, max(0.0, share)) * (len(_STOPS) - 1)
    at = min(len(_STOPS) - 2, int(place))
    part = place - at
    low, high = bytes.fromhex(_STOPS[at]), bytes.fromhex(_STOPS[at + 1])
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def heat_image(shares: Sequence[Sequence[float | None]]) -> str:
    """A `data:` address of a PNG of the matrix, first row at the top; None is transparent."""
    rows = [bytes(0 if s is None else 1 + round(min(1.0, max(0.0, s)) * (_LEVELS - 1)) for s in row) for row in shares]
    return _png(rows)


def scale_image() -> str:
    """The colour scale from left (0) to right (1)."""
    return _png([bytes(range(1, _LEVELS + 1, 2))])


def _png(rows: Sequence[bytes]) -> str:
    palette = b"\0\0\0" + b"".join(bytes(colour(k / (_LEVELS - 1))) for k in range(_LEVELS))
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"tRNS", b"\0"), (b"IDAT", body), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")
