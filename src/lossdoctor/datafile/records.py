"""Rows that name their fields: JSON, JSON lines, and through pandas Parquet and Excel."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..words import UserError
from .cells import Building, unique
from .table import MOST_CELLS, Column, Table
from .text import content

NEEDS = {".parquet": "pandas pyarrow", ".xlsx": "pandas openpyxl", ".xls": "pandas xlrd"}


def read_json(path: Path) -> Table:
    text, cut = content(path)
    if not text.strip():
        raise UserError(f"{path} is empty.")
    try:
        body: Any = json.loads(text) if not cut else None
    except ValueError:
        body = None
    if body is None or (isinstance(body, dict) and not any(isinstance(v, list) for v in body.values())):
        try:
            body = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise UserError(f"{path} is neither JSON nor JSON lines: {error}.") from None
    if isinstance(body, dict):
        lists = {str(k): v for k, v in body.items() if isinstance(v, list)}
        longest = max(map(len, lists.values()), default=0)
        body = [{k: v[at] for k, v in lists.items() if len(v) == longest} for at in range(longest)]
    if not isinstance(body, list) or len(body) < 2:
        raise UserError(f"{path} holds no list of rows.")
    rows: list[dict[Any, Any]] = [row if isinstance(row, dict) else dict(enumerate(row)) if isinstance(row, list) else {"value": row} for row in body]
    names = list(dict.fromkeys(name for row in rows[:1000] for name in row))
    notes = ["the file is large: its first part was read."] if cut else []
    rows = rows[: max(2, MOST_CELLS // max(1, len(names)))]
    columns = []
    for name, label in zip(names, unique([str(n) if isinstance(n, str) else f"column {n + 1}" for n in names]), strict=True):
        building = Building(label)
        building.add([_cell(row.get(name)) for row in rows])
        columns.append(building.column())
    return Table(tuple(columns), len(rows), tuple(notes))


def _cell(value: object) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def read_with_pandas(path: Path, suffix: str) -> Table:
    needs = NEEDS[suffix]
    try:
        pandas = importlib.import_module("pandas")
        frame = pandas.read_parquet(path) if suffix == ".parquet" else pandas.read_excel(path)
    except ImportError:
        raise UserError(f"reading {suffix} files takes {needs.replace(' ', ' and ')}: pip install {needs}, or save the table as .csv.") from None
    except Exception as error:
        raise UserError(f"{path} cannot be read as {suffix}: {(str(error).splitlines() or [type(error).__name__])[0].rstrip('.')}.") from None
    most = max(2, MOST_CELLS // max(1, frame.shape[1]))
    notes = [f"the file is large: its first {most:,} rows were read."] if len(frame) > most else []
    frame = frame.iloc[:most]
    columns = []
    for place, name in enumerate(unique([str(n) for n in frame.columns])):
        values = frame.iloc[:, place]
        if values.dtype.kind in "iufb":
            columns.append(Column(name, np.asarray(values, dtype=np.float64)))
            continue
        building = Building(name)
        building.add(["" if missing else str(v) for v, missing in zip(values.tolist(), values.isna().tolist(), strict=True)])
        columns.append(building.column())
    return Table(tuple(columns), len(frame), tuple(notes))
