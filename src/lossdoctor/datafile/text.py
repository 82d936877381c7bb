"""Tables as text: delimiter, header and decimal comma told from the first lines; gzip by its first bytes."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..words import UserError
from .cells import MISSING, Building, unique
from .moments import moments
from .table import MOST_BYTES, MOST_CELLS, Table

LOOKED_AT = 60
CHUNK = 20_000
DELIMITERS = (",", ";", "\t", "|")


def content(path: Path) -> tuple[str, bool]:
    """(the text, was it cut). Raises UserError for what is no text."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
            if raw[:2] == b"\x1f\x8b":
                file.seek(0)
                raw = gzip.GzipFile(fileobj=file).read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UserError(f"{path} begins like a gzip file, and cannot be unpacked: it is cut off or damaged.") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}.") from None
    cut = len(raw) > MOST_BYTES
    raw = raw[: MOST_BYTES if not cut else raw.rfind(b"\n", 0, MOST_BYTES) + 1]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace"), cut
    strange = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in raw[:8192])
    if b"\x00" in raw[:8192] or strange > 0.02 * len(raw[:8192]):
        raise UserError(f"{path} is no text and no table that we can read. We read .csv, .tsv, .txt, .json, .jsonl, .npy and .npz files.")
    try:
        return raw.decode("utf-8-sig"), cut
    except UnicodeDecodeError:
        return raw.decode("latin-1"), cut


def read_text(path: Path) -> Table:
    """Raises UserError where there is no table of at least two rows."""
    text, cut = content(path)
    lines = list(itertools.islice(_lines(text), LOOKED_AT))
    if not lines:
        raise UserError(f"{path} is empty.")
    delimiter = _delimiter(lines)
    comma = delimiter != "," and any(re.search(r"(?<![\d,])\d+,\d+(?![\d,])", line) for line in lines[1:])
    rows = _rows(text, delimiter)
    first = next(rows)
    second = next(rows, None)
    if second is None:
        raise UserError(f"{path} has a single row: that is no series.")
    named = _is_header(first, second)
    width = len(first)
    names = unique(first) if named else [f"column {k + 1}" for k in range(width)]
    building = [Building(name, comma) for name in names]
    most, read, ragged = max(2, MOST_CELLS // max(1, width)), 0, 0
    source = itertools.chain([] if named else [first], [second], rows)
    try:
        while chunk := list(itertools.islice(source, min(CHUNK, most - read))):
            ragged += sum(len(row) != width for row in chunk)
            even = [row if len(row) == width else (row + [""] * width)[:width] for row in chunk]
            for place, column in enumerate(building):
                column.add([row[place] for row in even])
            read += len(chunk)
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as a table: {error} (near row {read + 2}).") from None
    notes = []
    if cut or next(source, None) is not None:
        notes.append(f"the file is large: its first {read:,} rows were read.")
    if ragged:
        notes.append(f"{ragged:,} of {read:,} rows have another number of fields than the first ({width}).")
    return Table(tuple(column.column() for column in building), read, tuple(notes))


def _lines(text: str) -> Iterator[str]:
    return (line for line in io.StringIO(text) if line.strip() and not line.startswith("#"))


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in _lines(text))
    return csv.reader(_lines(text), delimiter=delimiter, skipinitialspace=True)


def _delimiter(lines: list[str]) -> str:
    """The one that cuts most lines into the same number of fields; blanks where no other does; a comma for one column."""
    best, found = 0.0, ","
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(counts), key=counts.count) if counts else 1
        share = counts.count(usual) / len(counts) if counts else 0.0
        if usual > 1 and share > 0.6 and share * (1 + 0.01 * usual) > best:
            best, found = share * (1 + 0.01 * usual), delimiter
    if best:
        return found
    counts = [len(line.split()) for line in lines]
    return " " if len(counts) > 2 and counts[1] > 1 and len(set(counts[1:])) == 1 and _numeric(lines[1].split()) else ","


def _numeric(cells: list[str]) -> int:
    return sum(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return cell.strip().lower() not in MISSING


def _is_header(first: list[str], second: list[str]) -> bool:
    """Names are no numbers and no times; where the second row is no numbers either, names are short, and all different."""
    filled = [cell.strip() for cell in first if cell.strip()]
    if not filled or _numeric(filled) or moments(tuple(filled[:1])) is not None:
        return False
    return bool(_numeric(second)) or moments(tuple(second[:1])) is not None or (
        len(set(filled)) == len(filled) and all(re.fullmatch(r"[\w .%()/-]{1,30}", cell) for cell in filled)
    )  # fmt: skip
