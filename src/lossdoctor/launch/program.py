"""What is to be run: a script, a module or a notebook, checked before anything of it runs."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import sys
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from lossdoctor.words import UserError

from .patched import read_source

Kind = Literal["script", "module", "notebook"]

ARCHIVES = (".zip", ".pyz", ".pyzw")
NOT_PYTHON = {
    ".txt": "a text file", ".md": "a text file", ".rst": "a text file", ".log": "a text file",
    ".csv": "a table of data", ".tsv": "a table of data", ".parquet": "a table of data",
    ".json": "a JSON file", ".yaml": "a YAML file", ".yml": "a YAML file", ".toml": "a TOML file",
    ".sh": "a shell script", ".pyc": "compiled Python", ".pt": "a checkpoint", ".pth": "a checkpoint",
    ".npy": "an array", ".npz": "an array", ".pkl": "a pickle", ".h5": "an HDF5 file",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the user's: `target` as typed (a path, or a dotted module name), `argv` what follows it.

    A folder or archive with a `__main__.py` is a "script", run as Python runs it.
    """

    kind: Kind
    target: str
    argv: tuple[str, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file on disk, absolute; None for a module."""
        return None if self.kind == "module" else Path(absolute(self.target))


def absolute(path: str) -> str:
    """The absolute path as Python makes it of a script's name: joined to the working directory, nothing
    normalised (`_Py_abspath` in CPython's fileutils.c)."""
    return os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118 - pathlib would normalise


def parse_program(target: str, args: Sequence[str] = (), as_module: bool = False) -> Program:
    """Checks `target` and says what it is.

    Raises UserError with one sentence where it cannot be run; a syntax error is left to the run, which
    prints it as Python does.
    """
    argv = tuple(args)
    if as_module:
        _check_module(target)
        return Program("module", target, argv)
    path = Path(target)
    try:
        is_folder, is_file = path.is_dir(), path.exists()
    except OSError as error:
        raise UserError(f"Cannot look at {target}: {error.strerror or error}.") from error
    if is_folder:
        if not (path / "__main__.py").is_file():
            raise UserError(f"{target} is a folder{_hint_in_folder(path)}; give the script in it that trains.")
        return Program("script", target, argv)
    if not is_file:
        raise UserError(_missing(path, target))
    if path.suffix.lower() == ".ipynb":
        check_notebook(path)
        return Program("notebook", target, argv)
    if path.suffix.lower() not in ARCHIVES:
        _check_script(path, target)
    return Program("script", target, argv)


def read_notebook(path: Path) -> dict[str, object]:
    """The notebook as JSON. Raises UserError if it cannot be read."""
    try:
        text = read_source(str(path))
    except OSError as error:
        raise UserError(_unreadable(str(path), error)) from error
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise UserError(f"{path} cannot be read as a notebook: it is not valid JSON ({error}).") from error
    if not isinstance(notebook, dict) or not ("cells" in notebook or "worksheets" in notebook):
        raise UserError(f"{path} is JSON but not a notebook: it has no cells.")
    return notebook


def check_notebook(path: Path) -> None:
    """Raises UserError unless `path` is a notebook whose language is Python."""
    metadata = read_notebook(path).get("metadata")
    if not isinstance(metadata, dict):
        return
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        block = metadata.get(key)
        language = block.get(field) if isinstance(block, dict) else None
        if isinstance(language, str) and language and "python" not in language.lower():
            raise UserError(f"{path} is a notebook in {language}, and only Python can be watched.")


def _check_script(path: Path, target: str) -> None:
    suffix = path.suffix.lower()
    if suffix in NOT_PYTHON:
        hint = "; give the script that reads it" if suffix in (".csv", ".tsv", ".parquet") else ""
        raise UserError(f"{target} is {NOT_PYTHON[suffix]}, not a Python script{hint}.")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(_unreadable(target, error)) from error
    if b"\0" in source:
        raise UserError(f"{target} is a binary file, not a Python script.")
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(source).readline)
        source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise UserError(f"{target} cannot be decoded as Python source ({error}); save it as UTF-8.") from error


def _check_module(name: str) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        as_file = Path(name)
        hint = f"; without -m, {name} is run as a file" if as_file.exists() else ""
        raise UserError(f"{name!r} is not a module's name{hint}.")
    parent, _, leaf = name.rpartition(".")
    with _working_directory_importable():
        try:
            # Only the outermost package is looked up: looking deeper imports it, and that is the run's.
            found = importlib.util.find_spec(name.partition(".")[0]) is not None
        except (ImportError, ValueError, AttributeError):
            found = False
        if found and parent:
            found = _is_below(name)
    if not found:
        close = difflib.get_close_matches(leaf, sorted(_modules_in(parent)), n=1, cutoff=0.6)
        meant = f"; did you mean {parent + '.' if parent else ''}{close[0]}?" if close else "."
        raise UserError(f"No module named {name} from {Path.cwd()}{meant}")


def _is_below(name: str) -> bool:
    """Whether a submodule's file can be found without importing its packages; True if that cannot be told."""
    first, *rest = name.split(".")
    spec = importlib.util.find_spec(first)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        return False
    for part in rest:
        inner = [folder for base in folders if (folder := Path(base) / part).is_dir()]
        modules = [file for base in folders for file in Path(base).glob(f"{part}.*") if file.suffix != ".txt"]
        if not inner and not modules:
            return not all(Path(base).is_dir() for base in folders)
        folders = [str(folder) for folder in inner]
    return True


def _modules_in(package: str) -> Iterator[str]:
    for folder in (Path.cwd().joinpath(*package.split(".") if package else ()),):
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.suffix == ".py" or (entry / "__init__.py").is_file():
                    yield entry.stem


@contextmanager
def _working_directory_importable() -> Iterator[None]:
    """As under `python -m`, unless Python was told not to (-P, -I)."""
    before = list(sys.path)
    if not sys.flags.safe_path:
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        yield
    finally:
        sys.path[:] = before


def _missing(path: Path, target: str) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"No such file: {target} (there is no folder {folder})."
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        names = []
    scripts = [name for name in names if name.endswith((".py", ".ipynb"))]
    for candidates in (scripts, names):
        close = difflib.get_close_matches(path.name, candidates, n=1, cutoff=0.5)
        if close:
            return f"No such file: {target}; did you mean {folder / close[0]}?"
    if len(scripts) == 1:
        return f"No such file: {target}; the only script there is {folder / scripts[0]}."
    return f"No such file: {target}."


def _hint_in_folder(folder: Path) -> str:
    try:
        scripts = sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".py")
    except OSError:
        return ""
    close = difflib.get_close_matches("train.py", scripts, n=1, cutoff=0.6)
    best = close or scripts[:1]
    return f" without a __main__.py (it holds {best[0]})" if best else " without a __main__.py"


def _unreadable(target: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"No permission to read {target}."
    return f"Cannot read {target}: {error.strerror or error}."
