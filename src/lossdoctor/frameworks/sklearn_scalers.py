"""What scikit-learn's scalers are fitted on, and what they are then asked to scale: looked at, never changed.

The public methods of the scaler classes are wrapped once they are imported. A wrapper calls the original with the
script's own arguments and returns, or raises, what the original does; what it has seen is noted afterwards.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..trace import events
from ..trace.writer import TraceWriter

CLASSES = ("MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", "QuantileTransformer", "PowerTransformer")
METHODS = ("fit", "partial_fit", "fit_transform", "transform", "inverse_transform")
MOST = 200
"""Calls that are noted: a script that scales each window by itself makes thousands."""
FEATURES = 64
CELLS = 2_000_000

LIBRARY = "sklearn"


class ScalerWatch:
    """Stands in the scalers' methods; `close()` steps out again."""

    def __init__(self, writer: Callable[[], TraceWriter], step: Callable[[], int]) -> None:
        self.writer = writer
        self.step = step
        self._undo: list[tuple[type, str, Any]] = []
        self._numbers: weakref.WeakKeyDictionary[Any, list[int]] = weakref.WeakKeyDictionary()
        self._count = 0
        self._noted = 0
        self._busy = False

    def install(self, module: ModuleType) -> None:
        for name in CLASSES:
            cls = getattr(module, name, None)
            for method in METHODS:
                if isinstance(cls, type) and method in vars(cls):
                    self._replace(cls, method)

    def close(self) -> None:
        for cls, method, original in reversed(self._undo):
            setattr(cls, method, original)
        self._undo.clear()

    def _replace(self, cls: type, method: str) -> None:
        original = vars(cls)[method]
        if not callable(original) or getattr(original, "_lossdoctor", False):
            return
        watch = self

        @functools.wraps(original)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            inside, watch._busy = watch._busy, True
            try:
                result = original(self, *args, **kwargs)
            finally:
                watch._busy = inside
            if not inside:
                watch._saw(self, method, args[0] if args else kwargs.get("X"), sys._getframe(1))
            return result

        wrapper._lossdoctor = True  # type: ignore[attr-defined]
        self._undo.append((cls, method, original))
        setattr(cls, method, wrapper)

    def _saw(self, scaler: Any, method: str, values: Any, frame: Any) -> None:
        """Never raises: what cannot be noted is left out."""
        if self._noted >= MOST:
            return
        try:
            fits = method in ("fit", "partial_fit", "fit_transform")
            known = self._numbers.get(scaler)
            if known is None:
                known = self._numbers[scaler] = [self._count, 0]
                self._count += 1
            known[1] += fits
            seen = _numbers(values)
            if seen is None:
                return
            self._noted += 1
            how = "inverse" if method == "inverse_transform" else "fit" if fits else "transform"
            self.writer().event(
                events.ScalerUsed(
                    self.step(), known[0], type(scaler).__name__, how, known[1], *seen,
                    file=frame.f_code.co_filename, line=frame.f_lineno,
                )
            )  # fmt: skip
        except Exception:
            self._noted = MOST


def _numbers(values: Any) -> tuple[int, int, tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...]] | None:
    """(rows, features, lowest, highest, mean, deviation of each feature) of a table of numbers."""
    import numpy as np

    table = np.asarray(values)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not table.size or table.size > CELLS or not np.issubdtype(table.dtype, np.number):
        return None
    table = table[:, :FEATURES].astype(np.float64)
    if not np.isfinite(table).all():
        return None

    def side(numbers: Any) -> tuple[float, ...]:
        return tuple(float(v) for v in numbers)

    return len(table), int(np.shape(values)[1]) if np.ndim(values) > 1 else 1, *map(side, (table.min(0), table.max(0), table.mean(0), table.std(0)))  # type: ignore[return-value]
