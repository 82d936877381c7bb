"""Dates and times as written, to seconds."""

from __future__ import annotations

import datetime
import math

import numpy as np

from .table import Floats

FORMS = ("%Y-%m", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M",
         "%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%b %Y", "%Y-%m-%d %H:%M:%S %Z", "%H:%M:%S", "%H:%M")  # fmt: skip
OF_THE_DAY = ("%H:%M:%S", "%H:%M")
EPOCH = datetime.datetime(1970, 1, 1)
TRIED = 50


def moments(texts: tuple[str, ...]) -> Floats | None:
    """Seconds since 1970, NaN for an empty cell or a few that do not fit; None where these are no times."""
    filled = [text for text in texts if text]
    if not filled or not any(char.isdigit() for char in filled[0]):
        return None
    for form in ("iso", *FORMS):
        if all(math.isfinite(_seconds(text, form)) for text in filled[:TRIED]):
            found = np.array([_seconds(text, form) if text else math.nan for text in texts])
            if np.isfinite(found).sum() >= 0.98 * len(filled):
                return _over_midnight(found) if form in OF_THE_DAY else found
    return None


def _over_midnight(found: Floats) -> Floats:
    """The hour alone begins again every day."""
    known = np.flatnonzero(np.isfinite(found))
    days = np.zeros(len(found))
    days[known[1:]] = np.cumsum(np.diff(found[known]) < 0)
    return found + 86400.0 * days


def _seconds(text: str, form: str) -> float:
    try:
        when = datetime.datetime.fromisoformat(text) if form == "iso" else datetime.datetime.strptime(text, form)
    except ValueError:
        return math.nan
    return (when.replace(tzinfo=None) - (when.utcoffset() or datetime.timedelta()) - EPOCH).total_seconds()
