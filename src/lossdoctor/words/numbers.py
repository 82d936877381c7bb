"""How numbers are written for people."""

from __future__ import annotations

import math


def short(value: float | int | str | bool | None) -> str:
    """Three significant digits, `1e-3` not `0.00100000`; strings pass through; None is a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) < 1_000_000:
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    number = float(value)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    if number == 0:
        return "0"
    size = abs(number)
    if size < 1e-2 or size >= 1e5:
        mantissa, exponent = f"{number:.2e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}"
    text = f"{number:.3g}"
    if "e" in text:
        text = f"{number:.0f}"
    return text
