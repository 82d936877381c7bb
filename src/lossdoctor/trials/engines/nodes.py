"""Is every node fit to run the trials: the same Python, the same packages, the same files at the same paths?"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .on_node import look

MOST_FILES = 1000
MOST_TOLD = 3
PASSED_OVER = ("__pycache__", "node_modules", "lossdoctor-out", "site-packages")
CODE = (".py", ".ipynb", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every node has to have. `words` are the script and its arguments; those that name files count as such."""

    cwd: str
    package: str
    files: tuple[str, ...]

    @staticmethod
    def of(script: Path | None, argv: Sequence[str], out: Path) -> Wanted:
        """For a script (None: a module below the working folder); nothing in `out`, where we write ourselves, is looked at."""
        cwd = Path.cwd()
        named = [word.partition("=")[2] or word for word in argv] if argv else []
        files = [str(cwd / word) for word in named if word and (cwd / word).exists()]
        roots = [cwd]
        if script is not None:
            files.insert(0, str(script))
            if not script.parent.resolve().is_relative_to(cwd.resolve()):
                roots.insert(0, script.parent)
        roots.extend(Path(path) for path in list(files) if Path(path).is_dir())
        for root in roots:
            files.extend(files_below(root, out.resolve(), MOST_FILES))
        package = str(Path(__file__).resolve().parents[3])
        return Wanted(str(cwd), package, tuple(dict.fromkeys(files)))

    def as_plain(self) -> dict[str, Any]:
        return {"cwd": self.cwd, "package": self.package, "files": list(self.files)}


def files_below(root: Path, out: Path, most: int) -> list[str]:
    """Of the files below a folder, code and settings first, so many; hidden and installed ones are passed over."""
    found: list[str] = []
    for folder, names, files in os.walk(root):
        place = Path(folder)
        names[:] = sorted(
            n for n in names
            if not n.startswith(".") and n not in PASSED_OVER and not (place / n / "pyvenv.cfg").exists() and (place / n).resolve() != out
        )  # fmt: skip
        found.extend(str(place / name) for name in sorted(files) if not name.startswith("."))
        if len(found) > 20 * most:
            break
    return sorted(found, key=lambda path: not path.endswith(CODE))[:most]


def differences(wanted: Wanted, here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """What keeps a node from running the same trials as here, in words; empty where nothing does."""
    told: list[str] = []
    if there["python"] != here["python"]:
        told.append(f"Python is {there['python']} and here {here['python']}")
    if there["torch"] != here["torch"]:
        told.append(f"torch is {there['torch'] or 'not installed'} and here {here['torch'] or 'not installed'}")
    if there["package"] is None:
        told.append("lossdoctor is not installed")
    elif there["lossdoctor"] != here["lossdoctor"]:
        told.append(f"lossdoctor in {there['package']} is not the same as here")
    if not there["cwd"]:
        return [*told, f"there is no folder {wanted.cwd}"]
    other = [path for path in wanted.files if there["files"].get(path, "") != here["files"][path]]
    if other:
        # A log that grew between the two looks is no difference.
        now = json.loads(look({**wanted.as_plain(), "files": other}))["files"]
        other = [path for path in other if now[path] == here["files"][path]]
    told.extend(f"{path} {'differs' if there['files'].get(path) else 'is missing'}" for path in other[:MOST_TOLD])
    if len(other) > MOST_TOLD:
        told.append(f"{len(other) - MOST_TOLD} more files differ")
    return told
