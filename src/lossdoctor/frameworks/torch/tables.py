"""The arrays that batches are rows of, found among the script's variables by the bits of their rows.

A batch in a random order does not say at which row each of its samples stands; its table does.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from ...trace import events
from .places import file_kind

if TYPE_CHECKING:
    from .watcher import Watcher

Array = npt.NDArray[Any]
Form = tuple[tuple[int, ...], np.dtype[Any]]
LARGEST = 8_000_000
"""Elements of a table that is looked into."""
KEPT_ROWS, KEPT_ELEMENTS = 3000, 400_000
LEAST_ROWS = 60
A_BATCH = 4
TRIES = 3
MAX_VARIABLES = 400
MAX_ITEMS = 16
FILTERS, MOST_ALIKE = 8, 20_000
"""Columns by which rows are sorted out, and how many rows that are then left are compared one by one."""
LOOKS_BACK = frozenset({"locals", "vars", "dir", "eval", "exec"})
"""A function that calls one of these may hold what the interpreter would write anew for us."""


@dataclass(frozen=True)
class InSight:
    """An array of the script's; `name` where a plain variable holds it, or `self.y` of an object of the user's own class.
    `frame` numbers its frame, the innermost first, and `owner` is the object that it lies in, 0 for none."""

    array: Array
    name: events.Variable | None
    frame: int
    owner: int = 0


class Tables:
    """Looks for the table of the first training batches, and for its held-back sisters when these are asked about."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._tries = TRIES
        self._asks = TRIES
        self._found: tuple[Form, Form] | None = None
        self._kept: set[int] = set()

    def fed(self, x: torch.Tensor, target: torch.Tensor) -> None:
        """A training batch: `x` (samples or time first) as the model got it, `target` as the loss did."""
        if self._found is not None or self._tries <= 0 or x.dim() < 2 or x.is_cuda or target.is_cuda:
            return
        self._tries -= 1
        arrays = list(in_sight())
        found = tables_of(arrays, x, target)
        if found:
            table, pair = max(found, key=lambda both: (both[0].owner == both[1].owner) + sum(a.name is not None for a in both))
            # Only their form: the script may let go of the arrays themselves.
            self._found = (form(table.array), form(pair.array))
            self._keep(arrays, table, pair, fed=True)
            self._sisters(arrays)

    def asked(self) -> None:
        """The model is asked without gradients: held-back tables may be in sight only now."""
        if self._found is not None and self._asks > 0:
            self._asks -= 1
            self._sisters(list(in_sight()))

    def _sisters(self, arrays: list[InSight]) -> None:
        if self._found is None:
            return
        x, y = self._found
        for table in arrays:
            if table.name is None or len(table.array) < LEAST_ROWS or form(table.array) != x or address(table.array) in self._kept:
                continue
            pairs = [
                a for a in arrays
                if (a.frame, a.owner) == (table.frame, table.owner) and a.name is not None and len(a.array) == len(table.array)
                and form(a.array) == y and address(a.array) not in self._kept and a.array is not table.array
            ]  # fmt: skip
            if len(pairs) == 1:
                self._keep(arrays, table, pairs[0], fed=False)

    def _keep(self, arrays: list[InSight], table: InSight, pair: InSight, fed: bool) -> None:
        watcher = self.watcher
        self._kept |= {address(table.array), address(pair.array)}
        rows = min(len(table.array), KEPT_ROWS, max(1, KEPT_ELEMENTS // max(1, math.prod(table.array.shape[1:]))))
        step, training = watcher.updates, watcher.training
        names = [watcher.writer.array(f"table-{letter}", _small(a.array[:rows])) for letter, a in (("x", table), ("y", pair))]
        if names[0] is not None and names[1] is not None:
            watcher.write(
                events.TableSeen(
                    step, training, names[0], names[1], len(table.array), fed, _names(arrays, table), _names(arrays, pair)
                )
            )  # fmt: skip


def tables_of(arrays: list[InSight], x: torch.Tensor, target: torch.Tensor) -> list[tuple[InSight, InSight]]:
    """Those that the inputs and the targets of a batch are rows of, the same rows of both; also copies of each other."""
    batch, wanted = numbers(x.detach()), numbers(target.detach())
    if batch is None or wanted is None or batch.ndim < 2:
        return []
    places = [(table, rows) for table in arrays if (rows := rows_of(table.array, batch)) is not None]
    return [(table, y) for table, rows in places for y in arrays if _answers(y.array, len(table.array), rows, wanted)]


def in_sight() -> Iterator[InSight]:
    """The arrays that the user's frames hold, from the innermost outwards: in variables, or one step behind them (the tensors
    of a dataset, the values of a dict, the attributes of an object of the user's own class)."""
    for number, (file, function, line, at, variables) in enumerate(_scopes()):
        for name, value in list(variables.items())[:MAX_VARIABLES]:
            if name.startswith("__"):
                continue
            if _is(value, torch.Tensor, np.ndarray):
                if (array := _table(value)) is not None:
                    yield InSight(array, events.Variable(file, function, line, at, name, _kind(value)), number)
                continue
            owner = value.dataset if _is(value, DataLoader) else value
            own = _class_file(owner)
            for attribute, item in _items(owner, bool(own)):
                if (array := _table(item)) is not None:
                    named = events.Variable(own, "", 0, 0, f"self.{attribute}", _kind(item)) if own else None
                    yield InSight(array, named, number, id(owner))


def _scopes() -> list[tuple[str, str, int, int, Mapping[str, Any]]]:
    """(file, function, its first line, the line where it stands, its variables) of the user's frames, each with its module."""
    frames = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if file_kind(frame.f_code.co_filename) == "theirs":
            frames.append(frame)
        frame = frame.f_back
    standing = {id(f.f_globals): f.f_lineno for f in frames if f.f_code.co_name == "<module>"}
    found: dict[int, tuple[str, str, int, int, Mapping[str, Any]]] = {}
    for frame in frames:
        code = frame.f_code
        if code.co_flags & inspect.CO_OPTIMIZED and not LOOKS_BACK & set(code.co_names) and sys.gettrace() is None:
            found[id(frame)] = code.co_filename, code.co_name, code.co_firstlineno, frame.f_lineno, local_variables(frame)
        module = id(frame.f_globals)
        found.setdefault(module, (code.co_filename, "", 0, standing.get(module, 0), frame.f_globals))
    return list(found.values())


def local_variables(frame: FrameType) -> dict[str, Any]:
    """A function's variables as they stand. Leaves nothing behind: before Python 3.13 the interpreter keeps what it hands
    out, and with it what the function itself lets go of."""
    given = frame.f_locals
    found = dict(given)
    if sys.version_info < (3, 13):
        given.clear()  # type: ignore[attr-defined]
    return found


def _is(value: Any, *kinds: type) -> bool:
    """As `isinstance`, which would ask a proxy of the user's for its class and so run its code."""
    return issubclass(type(value), kinds)


def _small(rows: Array) -> Array:
    return rows.astype(np.float32) if rows.dtype.kind == "f" else np.array(rows)


def _table(value: torch.Tensor | Array) -> Array | None:
    array = numbers(value)
    return array if array is not None and array.ndim and len(array) >= LEAST_ROWS else None


def _kind(value: torch.Tensor | Array) -> str:
    return "tensor" if isinstance(value, torch.Tensor) else "array"


def _class_file(value: Any) -> str:
    """The user's file in which the class of an object stands; "" for those of libraries."""
    module = sys.modules.get(type(value).__module__)
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) and not _is(value, torch.nn.Module) and file_kind(file) == "theirs" else ""


def _items(value: Any, own: bool) -> list[tuple[str, torch.Tensor | Array]]:
    """(attribute, array) of what lies one step behind a variable."""
    if _is(value, TensorDataset):
        items: list[tuple[str, Any]] = [("", tensor) for tensor in value.tensors]
    elif own or _is(value, Dataset):
        items = list(getattr(value, "__dict__", {}).items())
    elif type(value) in (list, tuple):
        items = [("", item) for item in value[:MAX_ITEMS]]
    elif type(value) is dict:
        items = [("", item) for item in list(value.values())[:MAX_ITEMS]]
    else:
        return []
    return [(name, item) for name, item in items[:MAX_ITEMS] if _is(item, torch.Tensor, np.ndarray)]


def numbers(value: torch.Tensor | Array) -> Array | None:
    """As an array of numbers, without a copy where that can be; None for what lies on another device or is far too large."""
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.device.type != "cpu" or value.numel() > LARGEST or value.is_complex():
            return None
        if value.dtype in (torch.bfloat16, torch.float16):
            value = value.float()
        found: Array = value.detach().numpy()
        return found
    return value if type(value) is np.ndarray and value.dtype.kind in "fiub" and value.size <= LARGEST else None


def rows_of(table: Array, batch: Array) -> Array | None:
    """(rows,) for each sample of the batch where in the table it stands, -1 for one that stands there more than once; None
    where it is no batch of this table."""
    for samples in (batch, np.swapaxes(batch, 0, 1)):
        if len(samples) < A_BATCH or not _fits(table, samples):
            continue
        if table.ndim > 1 and samples.ndim > 1 and table.shape[1] > samples.shape[1] and table.shape[2:] == samples.shape[2:]:
            table = table[:, : samples.shape[1]]
        found = _looked_up(table.reshape(len(table), -1), samples.reshape(len(samples), -1))
        if found is not None:
            return found
    return None


def _fits(table: Array, samples: Array) -> bool:
    if (table.dtype.kind == "f") != (samples.dtype.kind == "f") or table.ndim < 2 or len(table) <= len(samples):
        return False
    if math.prod(table.shape[1:]) == math.prod(samples.shape[1:]):
        return True
    return table.ndim == samples.ndim and table.shape[1] > samples.shape[1] and table.shape[2:] == samples.shape[2:]


def _looked_up(table: Array, samples: Array) -> Array | None:
    kinds = np.array([len(np.unique(samples[:, c])) for c in range(min(samples.shape[1], 64))])
    maybe = np.arange(len(table))
    for column in np.argsort(-kinds, kind="stable")[:FILTERS]:
        if len(maybe) > A_BATCH * len(samples):
            maybe = maybe[np.isin(table[maybe, column].astype(samples.dtype), samples[:, column])]
    if len(maybe) > MOST_ALIKE:
        return None
    places: dict[bytes, int] = {}
    for row in maybe:
        key = np.ascontiguousarray(table[row].astype(samples.dtype)).tobytes()
        places[key] = -1 if key in places else int(row)
    found = [places.get(np.ascontiguousarray(sample).tobytes()) for sample in samples]
    if any(row is None for row in found) or sum(row is not None and row >= 0 for row in found) < A_BATCH:
        return None
    return np.array(found, dtype=int)


def _answers(table: Array, rows: int, places: Array, target: Array) -> bool:
    """Are the targets of the batch those that stand in the same rows of this array?"""
    if len(table) != rows:
        return False
    per = math.prod(table.shape[1:])
    if per * len(places) > target.size or target.size % per or not target.size:
        return False
    wanted = target.reshape(-1, per)[: len(places)]
    known = places >= 0
    here = table.reshape(rows, per)[places[known]].astype(wanted.dtype)
    return bool(np.array_equal(here, wanted[known], equal_nan=wanted.dtype.kind == "f"))


def form(table: Array) -> Form:
    """What the rows of a table have in common with those of its sisters."""
    return table.shape[1:], table.dtype


def address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _names(arrays: list[InSight], table: InSight) -> tuple[events.Variable, ...]:
    """Every plain variable that holds the same numbers."""
    same = (a.name for a in arrays if a.name is not None and address(a.array) == address(table.array) and a.array.shape == table.array.shape)
    return tuple(dict.fromkeys(same))[:MAX_ITEMS]
