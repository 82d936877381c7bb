"""Which files are looked at: those named, and the Python below a folder, without what others made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..words import UserError

SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "env", "node_modules", "__pycache__", "build", "dist", "site-packages",
    ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs", "lossdoctor-out",
})  # fmt: skip
ENDINGS = (".py", ".ipynb")


def files(paths: Sequence[str]) -> Iterator[tuple[Path, bool]]:
    """Every file once, with whether it was named itself. Raises UserError for a path that is not there."""
    seen: set[Path] = set()
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise UserError(f"there is no file or folder {name}. Name Python files, notebooks or folders.")
        for file, named in [(path, True)] if path.is_file() else ((f, False) for f in _below(path)):
            key = file.absolute()
            if key not in seen:
                seen.add(key)
                yield file, named


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not (Path(root) / f / "pyvenv.cfg").exists())
        for name in sorted(names):
            if name.endswith(ENDINGS):
                yield Path(root) / name
