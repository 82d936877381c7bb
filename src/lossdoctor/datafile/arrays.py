"""NumPy's own files: a series, columns by name, or inputs and targets that were cut already. Nothing is unpickled."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from ..words import UserError
from .table import MOST_BYTES, MOST_CELLS, Array, Arrays, Column, Table

INPUTS = re.compile(r"(x|inputs?|features?|windows?|sequences?)([-_]?(train|tr))?", re.IGNORECASE)
TARGETS = re.compile(r"(y|targets?|labels?|outputs?)([-_]?(train|tr))?", re.IGNORECASE)


def read_npy(path: Path) -> Table:
    try:
        values = np.load(path, allow_pickle=False, mmap_mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(path, error) from None
    return _series(path, {path.stem: values})


def read_npz(path: Path, target: str | None) -> Table | Arrays:
    try:
        with np.load(path, allow_pickle=False) as file, zipfile.ZipFile(path) as packed:
            size = sum(info.file_size for info in packed.infolist())
            if size > 4 * MOST_BYTES:
                raise UserError(f"{path} holds {size / 1e9:.1f} GB of arrays, more than we unpack. Save a part of its rows.")
            found: dict[str, Array] = {name: file[name] for name in file.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from None
    if not found:
        raise UserError(f"{path} holds no array.")
    pair = _pair(path, found, target)
    return pair if pair is not None else _series(path, found)


def _unreadable(path: Path, error: Exception) -> UserError:
    if "allow_pickle" in str(error) or "object" in str(error).lower():
        return UserError(f"{path} holds Python objects, which we do not read: save plain numbers (numpy.asarray(rows, dtype=float)).")
    return UserError(f"{path} cannot be read as a file of NumPy: it is damaged, or another kind of file.")


def _pair(path: Path, found: dict[str, Array], target: str | None) -> Arrays | None:
    y_name = target if target in found else next((name for name in found if TARGETS.fullmatch(name)), _beside(found))
    if y_name is None or len(found) < 2:
        return None
    y = found[y_name]
    others = [n for n, a in found.items() if n != y_name and a.ndim >= 2 and y.ndim and a.dtype.kind in "iufb"]
    alike = [n for n in others if len(found[n]) == len(y)]
    x_name = next((n for n in alike if INPUTS.fullmatch(n)), alike[0] if len(alike) == 1 else None)
    if x_name is None:
        if others and any(INPUTS.fullmatch(n) for n in others):
            name = next(n for n in others if INPUTS.fullmatch(n))
            raise UserError(f"{path}: {name} has {len(found[name]):,} samples and {y_name} has {len(y):,}: they are no pairs.")
        return None
    x = found[x_name]
    if y.dtype.kind not in "iufb":
        raise UserError(f"{path}: {y_name} holds no numbers. Save classes as whole numbers.")
    if not x.size:
        raise UserError(f"{path}: {x_name} is empty.")
    notes = []
    most = max(64, MOST_CELLS // max(1, x[:1].size))
    if len(x) > most:
        notes.append(f"the file is large: its first {most:,} samples were looked at.")
        x, y = x[:most], y[:most]
    if x.ndim > 3:
        notes.append(f"{x_name} has the shape {x.shape}: axis 1 was taken for time, the others together for features.")
        x = x.reshape(len(x), x.shape[1], -1)
    return Arrays(x, y.astype(np.int64) if y.dtype.kind == "b" else y, x_name, y_name, tuple(notes))


def _beside(found: dict[str, Array]) -> str | None:
    """The targets of a file of two arrays: windows, and one number for each; or rows, and one of a few kinds for each."""
    if len(found) != 2:
        return None
    (one, a), (other, b) = found.items()
    name, y, x = (one, a, b) if a.ndim < b.ndim else (other, b, a)
    if y.ndim != 1 or x.ndim < 2 or len(x) != len(y):
        return None
    kinds = y.dtype.kind in "iub" and len(np.unique(y)) <= min(50, len(y) // 4)
    return name if x.ndim > 2 or kinds else None


def _series(path: Path, found: dict[str, Array]) -> Table:
    columns: list[Column] = []
    notes: list[str] = []
    length = max((len(a) for a in found.values() if a.ndim in (1, 2)), default=0)
    for name, values in found.items():
        if values.dtype.kind not in "iufb" or values.ndim == 0 or (values.ndim <= 2 and len(values) != length):
            notes.append(f"the array {name} {'holds no numbers' if values.dtype.kind not in 'iufb' else 'is of another length'} and was left out.")
            continue
        if values.ndim > 2:
            raise UserError(
                f"{path}: {name} has the shape {values.shape}, which are windows, and their targets are not there: save both in one "
                "file, numpy.savez(file, x=windows, y=targets)."
            )
        parts = values[:, None] if values.ndim == 1 else values
        most = max(2, MOST_CELLS // max(1, parts.shape[1]))
        if len(parts) > most:
            notes.append(f"the file is large: its first {most:,} rows were read.")
        for k in range(parts.shape[1]):
            label = name if values.ndim == 1 else (f"column {k + 1}" if len(found) == 1 else f"{name} {k + 1}")
            columns.append(Column(label, np.asarray(parts[:most, k], dtype=np.float64)))
    if not columns:
        raise UserError(f"{path} holds no array of numbers.")
    rows = min(len(column.numbers) for column in columns)
    return Table(tuple(Column(c.name, c.numbers[:rows]) for c in columns), rows, tuple(dict.fromkeys(notes)))
