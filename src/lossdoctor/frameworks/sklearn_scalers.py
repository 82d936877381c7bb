"""What scikit-learn's scalers are fitted on, and what they are then asked to scale: looked at, never changed.

The public methods of the scaler classes are wrapped once they are imported. A wrapper calls the original with the
script's own arguments and returns, or raises, what the original does; what it has seen is noted afterwards.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from ..trace import events
from ..trace.writer import TraceWriter
from .torch.doors import wrap

CLASSES = ("MinMaxScaler", "StandardScaler", "RobustScaler", "MaxAbsScaler", "QuantileTransformer", "PowerTransformer")
METHODS = ("fit", "partial_fit", "fit_transform", "transform", "inverse_transform")
MOST = 200
"""Calls that are noted: a script that scales each window by itself makes thousands."""
FEATURES = 64
CELLS = 2_000_000


class ScalerWatch:
    """Stands in the scalers' methods; `close()` steps out again."""

    def __init__(self, writer: Callable[[], TraceWriter], step: Callable[[], int]) -> None:
        self.writer = writer
        self.step = step
        self._undo: list[tuple[type, str, Any]] = []
        self._numbers: weakref.WeakKeyDictionary[Any, list[int]] = weakref.WeakKeyDictionary()
        self._count = 0
        self._noted = 0
        self._depth = 0

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
        if not isinstance(original, FunctionType):
            return

        def before(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            self._depth += 1
            return args, kwargs

        def after(args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
            if self._depth == 1:
                self._saw(args[0], method, args[1] if len(args) > 1 else kwargs.get("X"), _caller(sys._getframe(2)))

        def leave(error: BaseException | None) -> None:
            self._depth = max(0, self._depth - 1)

        self._undo.append((cls, method, original))
        setattr(cls, method, wrap(original, lambda: False, before, after, leave))

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


def _caller(frame: Any) -> Any:
    """The frame that called into scikit-learn."""
    while frame.f_back is not None and f"{os.sep}sklearn{os.sep}" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame


Side = tuple[float, ...]


def _numbers(values: Any) -> tuple[int, int, Side, Side, Side, Side] | None:
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

    def side(numbers: Any) -> Side:
        return tuple(float(v) for v in numbers)

    features = int(np.shape(values)[1]) if np.ndim(values) > 1 else 1
    return len(table), features, side(table.min(0)), side(table.max(0)), side(table.mean(0)), side(table.std(0))
