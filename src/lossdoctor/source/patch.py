"""Edits of several scripts and notebook cells as one patch: what each file holds before and after."""

from __future__ import annotations

import difflib
import json
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from .diff import Edit, together
from .script import CELL, path_in_diff


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's bytes before and after; `shown` is its path in the diff."""

    path: str
    shown: str
    before: bytes
    after: bytes

    @property
    def diff(self) -> str:
        """As `git apply` and `patch -p1` take it: line ends are the file's own."""
        old, new = (_lines(text.decode("utf-8", errors="surrogateescape")) for text in (self.before, self.after))
        shown = self.shown + ("\t" if " " in self.shown else "")
        out = []
        for line in difflib.unified_diff(old, new, f"a/{shown}", f"b/{shown}", lineterm="\n"):
            out.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Patch:
    """All files that change, by path."""

    files: tuple[FileChange, ...]

    @property
    def diff(self) -> bytes:
        return "".join(file.diff for file in self.files).encode("utf-8", errors="surrogateescape")


def patch_of(edits: Sequence[Edit]) -> Patch | None:
    """The edits as one patch; None where two touch one another, or one cannot be written into its file."""
    by_script: dict[str, list[Edit]] = {}
    for edit in edits:
        by_script.setdefault(edit.script.file, []).append(edit)
    cells: dict[str, list[Edit]] = {}
    changed: list[FileChange] = []
    for name, several in by_script.items():
        whole = together(*dict.fromkeys(several))
        if whole is None:
            return None
        cell = CELL.match(name)
        if cell is not None:
            cells.setdefault(cell["notebook"], []).append(whole)
            continue
        file = _of_script(whole)
        if file is None:
            return None
        changed.append(file)
    for notebook, several in cells.items():
        file = _of_notebook(notebook, several)
        if file is None:
            return None
        changed.append(file)
    return Patch(tuple(sorted(changed, key=lambda file: file.shown))) if changed else None


def patch_to(after: Mapping[str, bytes]) -> Patch | None:
    """From the files as they are on disk to these texts; None where one cannot be read, or nothing changes."""
    changed = []
    for name, text in after.items():
        path = Path(name)
        try:
            before = path.read_bytes()
        except OSError:
            return None
        if before != text:
            changed.append(FileChange(name, path_in_diff(path), before, text))
    return Patch(tuple(sorted(changed, key=lambda file: file.shown))) if changed else None


def _of_script(edit: Edit) -> FileChange | None:
    path = Path(edit.script.file)
    try:
        before = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(BytesIO(before).readline)
        after = (edit.script.bom + edit.after).encode("utf-8" if encoding == "utf-8-sig" else encoding)
    except (OSError, SyntaxError, UnicodeError, LookupError):
        return None
    return FileChange(str(path), edit.script.shown, before, after)


def _of_notebook(notebook: str, edits: Sequence[Edit]) -> FileChange | None:
    """A notebook with some cells' texts replaced. Only one that our writing leaves as it was, byte for byte, but for
    those cells, can be written with certainty."""
    path = Path(notebook)
    try:
        before = path.read_bytes()
        content = json.loads(before)
    except (OSError, ValueError):
        return None
    style = next((s for s in STYLES if _written(content, before, *s) == before), None)
    if style is None or not isinstance(content, dict) or "cells" not in content:
        return None
    code = [cell for cell in content["cells"] if cell.get("cell_type") == "code"]
    for edit in edits:
        found = CELL.match(edit.script.file)
        number = int(found["number"]) if found is not None else 0
        if not 1 <= number <= len(code):
            return None
        cell = code[number - 1]
        source = cell.get("source", "")
        if ("".join(source) if isinstance(source, list) else source) != edit.script.text:
            return None
        cell["source"] = _lines(edit.after) if isinstance(source, list) else edit.after
    return FileChange(str(path), path_in_diff(path), before, _written(content, before, *style))


STYLES = tuple((indent, ascii_only) for indent in (1, 2, 4, None) for ascii_only in (False, True))
"""(indent, only ASCII) as notebooks are written."""


def _written(content: object, before: bytes, indent: int | None, ascii_only: bool) -> bytes:
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    return (text + ("\n" if before.endswith(b"\n") else "")).encode("utf-8", errors="surrogateescape")


def _lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)", text) if part]
