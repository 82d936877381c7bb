"""A healthy script that faults are put into, and a working copy of it. Knows nothing of lossdoctor.

healthy/<name>/train.py, its data, its settings, sometimes its initial weights, and base.toml: what is what
"""

from __future__ import annotations

import configparser
import io
import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FAULTS = Path(__file__).resolve().parent
HEALTHY = FAULTS / "healthy"


class NotHere(Exception):
    """This fault cannot be put into this script."""


@dataclass(frozen=True)
class Base:
    """One healthy script. `roles` say under which key of the settings file the rate, the batch size ... stand,
    `arrays` under which name of the data file the inputs, targets ... stand."""

    folder: Path
    id: str
    task: str
    style: str
    metric: str
    direction: str
    threshold: float
    settings: str
    data: str
    loss: str
    scales_inputs: bool
    scales_targets: bool
    roles: Mapping[str, str]
    arrays: Mapping[str, Any]
    weights: str

    @property
    def text(self) -> str:
        return (self.folder / "train.py").read_text()

    @property
    def of_classes(self) -> bool:
        return self.loss in ("cross-entropy", "nll", "bce")


def read_bases(root: Path = HEALTHY) -> list[Base]:
    return [read_base(path.parent) for path in sorted(root.glob("*/base.toml"))]


def read_base(folder: Path) -> Base:
    table = tomllib.loads((folder / "base.toml").read_text())
    return Base(
        folder, table["id"], table["task"], table["style"], table["metric"], table["direction"], float(table["threshold"]),
        table["settings"], table["data"], table["loss"], bool(table.get("scales_inputs", False)),
        bool(table.get("scales_targets", False)), table.get("roles", {}), table.get("arrays", {}),
        table.get("weights", {}).get("file", ""),
    )  # fmt: skip


@dataclass
class Copy:
    """A copy of a base's folder, in which a fault may change anything."""

    base: Base
    folder: Path
    _arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def make(cls, base: Base, folder: Path) -> Copy:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("base.toml", "__pycache__", "lossdoctor-out"))
        return cls(base, folder)

    @property
    def text(self) -> str:
        return (self.folder / "train.py").read_text()

    @text.setter
    def text(self, text: str) -> None:
        (self.folder / "train.py").write_text(text)

    def get(self, role: str) -> Any:
        """The value of a setting. Raises NotHere where the script has no such setting."""
        if role not in self.base.roles:
            raise NotHere(f"no setting for {role}")
        value: Any = read_settings(self.folder / self.base.settings)
        for key in self.base.roles[role].split("."):
            value = value[key]
        return value

    def set(self, role: str, value: Any) -> None:
        if self.get(role) == value:
            raise NotHere(f"{role} is {value} already")
        write_setting(self.folder / self.base.settings, self.base.roles[role], value)

    def scale(self, role: str, factor: float) -> None:
        """Multiply a number of the settings, to two digits."""
        self.set(role, float(f"{float(self.get(role)) * factor:.2g}"))

    def has(self, *roles: str) -> bool:
        return all(self._name(role) in self.base.arrays for role in roles)

    def _name(self, role: str) -> str:
        """Held-back tokens may be called inputs."""
        return (
            "x_test"
            if role == "tokens_test" and "tokens_test" not in self.base.arrays and "tokens" in self.base.arrays
            else role
        )

    def array(self, role: str) -> np.ndarray:
        """One array of the data file (npz). Raises NotHere where there is none."""
        if not self.has(role) or not self.base.data.endswith(".npz"):
            raise NotHere(f"no array for {role}")
        return self._all()[self.base.arrays[self._name(role)]].copy()

    def put(self, role: str, array: np.ndarray) -> None:
        everything = self._all()
        everything[self.base.arrays[self._name(role)]] = array
        np.savez_compressed(self.folder / self.base.data, **everything)  # type: ignore[arg-type]

    def _all(self) -> dict[str, np.ndarray]:
        if not self._arrays:
            with np.load(self.folder / self.base.data, allow_pickle=False) as stored:
                self._arrays.update({name: stored[name] for name in stored.files})
        return self._arrays


def read_settings(path: Path) -> dict[str, Any]:
    text = path.read_text()
    if path.suffix == ".json":
        return dict(json.loads(text))
    if path.suffix == ".toml":
        return tomllib.loads(text)
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
        return {section: dict(parser[section]) for section in parser.sections()}
    except configparser.MissingSectionHeaderError:
        parser.read_string("[all]\n" + text)
        return dict(parser["all"])


def write_setting(path: Path, dotted: str, value: Any) -> None:
    text = path.read_text()
    *above, key = dotted.split(".")
    if path.suffix == ".json":
        table = json.loads(text)
        place = table
        for name in above:
            place = place[name]
        place[key] = value
        path.write_text(json.dumps(table, indent=2) + "\n")
        return
    section = ".".join(above)
    written = json.dumps(value) if path.suffix == ".toml" else str(value)
    if path.suffix == ".toml" and isinstance(value, float) and "." not in written and "e" not in written:
        written += ".0"
    lines, now, found = [], "", False
    for line in io.StringIO(text):
        if head := re.match(r"\s*\[([^]]+)\]", line):
            now = head.group(1).strip()
        if now == section and (hit := re.match(rf"(\s*{re.escape(key)}\s*[=:]\s*)", line)):
            line, found = hit.group(1) + written + "\n", True
        lines.append(line)
    if not found:
        raise NotHere(f"no line for {dotted} in {path.name}")
    path.write_text("".join(lines))
