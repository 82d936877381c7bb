"""Reading the user's files as a trial has changed them: the files on disk stay as they are."""

from __future__ import annotations

import importlib.machinery
import io
import os
from collections.abc import Mapping
from typing import Any

_texts: dict[str, bytes] = {}
_names: set[str] = set()
"""Their bare names: in a sandbox it is dear to ask where a path leads, and a framework imports thousands of files."""


def show_instead(texts: Mapping[str, bytes]) -> None:
    """From now on the files at these paths read so to Python's import and to our own running of a script or notebook.
    Bytecode made of what stands on disk is not used for them."""
    _texts.update({os.path.realpath(path): text for path, text in texts.items()})
    _names.update(path.rpartition(os.sep)[2] for path in (*texts, *_texts))
    loader: Any = importlib.machinery.SourceFileLoader
    get_data, path_stats = loader.get_data, loader.path_stats

    def data(self: Any, path: str) -> bytes:
        changed = _changed(path)
        return get_data(self, path) if changed is None else changed

    def stats(self: Any, path: str) -> Any:
        if _changed(path) is not None:
            raise OSError("bytecode of the file on disk is not to be used")
        return path_stats(self, path)

    loader.get_data, loader.path_stats = data, stats


def read_source(path: str) -> bytes:
    """What the file at `path` is to be read as. Raises OSError."""
    changed = _changed(path)
    if changed is not None:
        return changed
    with io.open_code(path) as file:
        return file.read()


def _changed(path: str) -> bytes | None:
    if path.rpartition(os.sep)[2] not in _names:
        return None
    return _texts.get(os.path.realpath(path))
