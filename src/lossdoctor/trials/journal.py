"""What has been tried, one line a trial, written as it ends: after a kill nothing is tried again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE = "trials.jsonl"


class Journal:
    """Finished trials by (key of the changes, seed, limit of steps). `header` tells what they belong to: where it is not
    the same as before (another script, other data paths or arguments), the old ones are not used."""

    def __init__(self, folder: Path, header: dict[str, Any], resume: bool) -> None:
        self.path = folder / FILE
        self._known: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        lines = self._read() if resume else []
        if lines and lines[0].get("header") == header:
            self._known = {_name(row["key"], row["seed"], row["steps_limit"]): row for row in lines[1:]}
            self._cut_torn_tail(lines)
        else:
            self.path.write_text(json.dumps({"header": header}) + "\n", encoding="utf-8")

    def _read(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError:
            return []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                break
        return found

    def _cut_torn_tail(self, lines: list[dict[str, Any]]) -> None:
        self.path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def known(self, key: str, seed: int, steps: int | None) -> dict[str, Any] | None:
        return self._known.get(_name(key, seed, steps))

    @property
    def count(self) -> int:
        return len(self._known)

    def note(self, key: str, seed: int, steps: int | None, folder: str, seen: dict[str, Any]) -> None:
        """Add a finished trial; on disk when this returns."""
        row = {"key": key, "seed": seed, "steps_limit": steps, "folder": folder, "seen": seen}
        self._known[_name(key, seed, steps)] = row
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _name(key: str, seed: int, steps: int | None) -> str:
    return f"{key}|{seed}|{steps}"
