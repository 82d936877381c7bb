"""What a case is: its folder, its case.toml, and what its scripts print. Knows nothing of lossdoctor."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CASEBOOK = Path(__file__).resolve().parent
RESULTS = CASEBOOK / ".results"
SEEDS = (0, 1, 2)
VERDICTS = ("learning", "converged", "stalled", "diverged", "never-started", "too-short")
GOOD_VERDICTS = ("learning", "converged")
KEYS = {
    "id": str, "framework": str, "source": str, "causes": list, "symptom": str, "fix": str, "metric": str,
    "direction": str, "threshold": float, "readable": bool, "verdict": list,
}  # fmt: skip


class CaseError(Exception):
    """A case folder that does not keep the form; the message says what is missing."""


def meets(value: float, threshold: float, direction: str) -> bool:
    if math.isnan(value):
        return False
    return value >= threshold if direction == "higher" else value <= threshold


@dataclass(frozen=True)
class Case:
    """One folder of the casebook. `verdict` holds the verdicts accepted for train.py, `verdict_fixed`
    those for fixed.py. `threshold` is met when the metric is at least (direction "higher") or at most
    ("lower") as large."""

    folder: Path
    id: str
    framework: str
    source: str
    causes: tuple[str, ...]
    symptom: str
    fix: str
    metric: str
    direction: str
    threshold: float
    readable: bool
    verdict: tuple[str, ...]
    verdict_fixed: tuple[str, ...]
    alone: bool = False
    curable: bool = True
    """Whether a change of the script can bring it to its threshold: not where the files have lost what it takes."""

    @property
    def healthy(self) -> bool:
        return self.causes == ("healthy",)

    @property
    def scripts(self) -> tuple[str, ...]:
        """The scripts of the case: a healthy case has no fixed.py, nor has one that stands alone (a mutant, whose
        healthy script is judged by itself)."""
        return ("train.py",) if self.healthy or self.alone else ("train.py", "fixed.py")

    def meets(self, value: float) -> bool:
        return meets(value, self.threshold, self.direction)

    def content_hash(self, script: str) -> str:
        """Changes when the script does, a file beside it, or a file of the shared data that it names."""
        other = {"train.py", "fixed.py"} - {script}
        text = (self.folder / script).read_text()
        shared = self.folder.parent / "data"
        read = [path for path in _files(self.folder) if path.name not in {*other, "case.toml"}]
        read += [path for path in (_files(shared) if shared.is_dir() else []) if path.name in text]
        digest = hashlib.sha256()
        for path in read:
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class PlainRun:
    """What a script did as plain Python. `value` is None when it failed or printed no metric line."""

    value: float | None
    seconds: float
    status: int
    tail: str


def read_case(folder: Path) -> Case:
    """The case in a folder. Raises CaseError when a file or key is missing or of the wrong type."""
    try:
        table = tomllib.loads((folder / "case.toml").read_text())
    except FileNotFoundError as error:
        raise CaseError(f"{folder.name}: no case.toml") from error
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{folder.name}: case.toml: {error}") from error
    for key, kind in KEYS.items():
        if key not in table:
            raise CaseError(f"{folder.name}: case.toml lacks {key!r}")
        value = table[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = table[key] = float(value)
        if not isinstance(value, kind):
            raise CaseError(f"{folder.name}: {key!r} should be a {kind.__name__}")
    if table["id"] != folder.name:
        raise CaseError(f"{folder.name}: id is {table['id']!r}, the folder's name is another")
    if table["direction"] not in ("higher", "lower"):
        raise CaseError(f"{folder.name}: direction is 'higher' or 'lower'")
    unknown = [v for v in [*table["verdict"], *table.get("verdict_fixed", [])] if v not in VERDICTS]
    if unknown or not table["verdict"]:
        raise CaseError(f"{folder.name}: unknown or no verdict {unknown}; known: {', '.join(VERDICTS)}")
    if not table["causes"] or ("healthy" in table["causes"] and table["causes"] != ["healthy"]):
        raise CaseError(f"{folder.name}: causes is ['healthy'] or a list of cause ids")
    case = Case(
        folder=folder,
        causes=tuple(table["causes"]),
        verdict=tuple(table["verdict"]),
        verdict_fixed=tuple(table.get("verdict_fixed", GOOD_VERDICTS)),
        alone=bool(table.get("alone", False)),
        curable=bool(table.get("curable", True)),
        **{key: table[key] for key in KEYS if key not in ("causes", "verdict")},
    )
    for script in case.scripts:
        if not (folder / script).is_file():
            raise CaseError(f"{folder.name}: no {script}")
    return case


def find_cases(root: Path, names: Sequence[str] = ()) -> list[Case]:
    """All cases under `root` by name, or those named. Raises CaseError for an unknown name."""
    folders = {path.parent.name: path.parent for path in sorted(root.glob("*/case.toml"))}
    for name in names:
        if name not in folders and not (root / name).is_dir():
            raise CaseError(f"no case {name!r} under {root}")
    chosen = [root / Path(name).name for name in names] if names else list(folders.values())
    return [read_case(folder) for folder in chosen]


def run_plain(case: Case, script: str, seed: int, timeout: float, fresh: bool = False) -> PlainRun:
    """Run one script of a case as plain Python on one thread; remembered until the case changes."""
    key = f"plain-{case.folder.name}-{Path(script).stem}-{seed}-{case.content_hash(script)}"
    stored = RESULTS / f"{key}.json"
    if stored.is_file() and not fresh:
        return PlainRun(**json.loads(stored.read_text()))
    with tempfile.TemporaryDirectory() as scratch:
        status, out, err, seconds = run_command(
            [sys.executable, str(case.folder / script)], plain_environment(seed), Path(scratch), timeout
        )
    value = metric_of(out, case.metric) if status == 0 else None
    result = PlainRun(value, round(seconds, 2), status, (err.strip() or out.strip())[-600:])
    if status >= 0:
        store(stored, asdict(result))
    return result


def plain_environment(seed: int) -> dict[str, str]:
    return {**os.environ, "SEED": str(seed), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}  # fmt: skip


def run_command(
    command: Sequence[str], env: dict[str, str], cwd: Path, timeout: float
) -> tuple[int, str, str, float]:
    """Status, stdout, stderr, seconds. A run over time is killed with all its children: status -9."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, cwd=cwd, text=True, stdin=subprocess.DEVNULL, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += f"\nstopped after {timeout:.0f} s"
        status = -9
    return status, out, err, time.perf_counter() - start


def metric_of(stdout: str, name: str) -> float | None:
    """The value of a last line `metric <name> <value>`, or None when the last line is another."""
    lines = stdout.strip().splitlines()
    words = lines[-1].split() if lines else []
    if len(words) != 3 or words[0] != "metric" or words[1] != name:
        return None
    try:
        return float(words[2])
    except ValueError:
        return None


def store(path: Path, table: dict[str, object]) -> None:
    """Write JSON so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}.half")
    half.write_text(json.dumps(table))
    half.replace(path)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
