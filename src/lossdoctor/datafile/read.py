"""Which reader a file takes: by its ending, and by its first bytes where these say otherwise."""

from __future__ import annotations

from pathlib import Path

from ..words import UserError
from .arrays import read_npy, read_npz
from .records import NEEDS, read_json, read_with_pandas
from .table import Arrays, Table
from .text import read_text

READ = ".csv, .tsv, .txt, .json, .jsonl (also with .gz), .npy, .npz, and with pandas .parquet and .xlsx"


def read_data(path: Path, target: str | None) -> Table | Arrays:
    """Raises UserError, in a sentence, for whatever cannot be read."""
    if path.is_dir():
        raise UserError(f"{path} is a folder. Name one file of data in it: {READ}.")
    if not path.exists():
        raise UserError(f"there is no file {path}.")
    if not path.is_file():
        raise UserError(f"{path} is no ordinary file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}.") from None
    if not size:
        raise UserError(f"{path} is empty.")
    suffixes = [s.lower() for s in path.suffixes]
    suffix = next((s for s in reversed(suffixes) if s not in (".gz", ".gzip")), "")
    if head[:6] == b"\x93NUMPY":
        return read_npy(path)
    if suffix == ".npz":
        return read_npz(path, target)
    if suffix == ".npy":
        raise UserError(f"{path} cannot be read as a file of NumPy: it is damaged, or another kind of file.")
    if suffix in NEEDS:
        return read_with_pandas(path, suffix)
    if suffix in (".json", ".jsonl", ".ndjson"):
        return read_json(path)
    return read_text(path)
