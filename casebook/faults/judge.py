"""Which mutants truly fail? Runs each on three seeds as plain Python, and writes mutants.json.

    python casebook/faults/judge.py --jobs 2 [--only TEXT]
    python casebook/faults/judge.py --no-runs        # what was run before, by today's rules

A mutant that clearly misses its healthy script's threshold on all seeds is kept as sick; one that meets it on all is
kept as healthy but odd; any other is dropped, with its numbers, as soon as that is sure. torch is imported once: each
run is a forked child. What was run before is kept as long as the mutant's bytes are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import random
import runpy
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import deque
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from base import Base, NotHere, read_bases
from cases import SEEDS, meets, metric_of
from fault import Mutant
from make import LIST, all_mutants, half_of

LIMIT = 90.0
"""Seconds for one run: a fault may make a script slow, not endless."""
ROOM = 0.07
"""Share of the threshold by which a run has to miss it: a miss by a hair is none."""
OWN_FACES = ("element 0 of tensors", "second time", "inplace operation")
"""A script that crashes says itself what is wrong, but for errors that are a fault's own face."""
STORED_EVERY = 60

Row = dict[str, Any]


@dataclass
class Trial:
    """One mutant on its way over the seeds. `values` are None where no metric was printed."""

    mutant: Mutant
    half: str
    digest: str
    values: list[float | None] = field(default_factory=list)
    error: str = ""

    @property
    def row(self) -> Row:
        kind = judged(self.mutant, self.values, self.error)
        row: Row = {
            "id": self.mutant.id, "half": self.half, "readable": self.mutant.fault.readable,
            "causes": ["healthy"] if kind == "healthy" else list(self.mutant.fault.causes), "kept": kind != "dropped",
            "values": [None if v is None or not math.isfinite(v) else round(v, 4) for v in self.values],
            "digest": self.digest,
        }  # fmt: skip
        return {**row, "error": self.error} if self.error else row


def judged(mutant: Mutant, values: Sequence[float | None], error: str) -> str:
    """ "sick", "healthy" or "dropped", from the metric on the seeds run so far."""
    if all(value is not None and meets(value, mutant.base.threshold, mutant.base.direction) for value in values):
        return "healthy"
    crashed = bool(error) and not any(face in error for face in OWN_FACES)
    odd = mutant.fault.causes == ("healthy",)
    if odd or crashed or not all(clearly_misses(mutant.base, value) for value in values):
        return "dropped"
    return "sick"


def clearly_misses(base: Base, value: float | None) -> bool:
    if value is None or math.isnan(value):
        return True
    room = ROOM * abs(base.threshold)
    return value < base.threshold - room if base.direction == "higher" else value > base.threshold + room


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose id has this text")
    parser.add_argument("--no-runs", action="store_true", help="run nothing")
    args = parser.parse_args(argv)
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", MPLBACKEND="Agg", PYTHONDONTWRITEBYTECODE="1")
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        rows, trials = plan(Path(scratch), args.only)
        print(f"{len(trials)} mutants to run, {len(rows)} known", flush=True)
        if not args.no_runs:
            run_all(trials, Path(scratch), args.jobs, rows)
    write_list(rows)
    sick = [row for row in rows.values() if row["kept"] and row["causes"] != ["healthy"]]
    odd = [row for row in rows.values() if row["kept"] and row["causes"] == ["healthy"]]
    unreadable = sum(not row["readable"] for row in sick)
    print(
        f"{len(sick)} truly fail, {unreadable} of them unreadable; {len(odd)} learn nevertheless; "
        f"{len(rows) - len(sick) - len(odd)} dropped"
    )
    return 0


def plan(root: Path, only: str) -> tuple[dict[str, Row], list[Trial]]:
    """The rows that still hold, judged by today's rules, and the mutants to run, shuffled: when stopped early, what is
    listed is a fair sample."""
    bases = read_bases()
    known: dict[str, Row] = {row["id"]: row for row in json.loads(LIST.read_text())} if LIST.is_file() else {}
    rows: dict[str, Row] = {}
    trials: list[Trial] = []
    for mutant in all_mutants(bases):
        old = known.get(mutant.id)
        if only not in mutant.id:
            if old:
                rows[mutant.id] = old
            continue
        try:
            folder = mutant.make(root)
        except NotHere:
            continue
        trial = Trial(mutant, half_of(mutant.base, bases), digest(folder))
        shutil.rmtree(folder)
        if old and old["digest"] == trial.digest:
            trial.values, trial.error = old["values"], old.get("error", "")
            rows[mutant.id] = trial.row
        if mutant.id not in rows or (rows[mutant.id]["kept"] and len(trial.values) < len(SEEDS)):
            trials.append(trial)
    random.Random(0).shuffle(trials)
    return rows, trials


def run_all(trials: Sequence[Trial], root: Path, jobs: int, rows: dict[str, Row]) -> None:
    """Run every trial until it is decided; `rows` gets the outcome, and is stored now and then."""
    waiting = deque(trials)
    running: dict[int, tuple[Trial, Path, float]] = {}
    done = 0
    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.popleft()
            folder = root / trial.mutant.id
            if not folder.is_dir():
                trial.mutant.make(root)
            answer = root / f"{trial.mutant.id}.{len(trial.values)}.json"
            pid = run_forked(folder / "train.py", SEEDS[len(trial.values)], trial.mutant.base.metric, answer)
            running[pid] = (trial, answer, time.monotonic())
        time.sleep(0.02)
        for pid, (trial, answer, began) in list(running.items()):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                if time.monotonic() - began > LIMIT:
                    os.killpg(pid, signal.SIGKILL)
                continue
            del running[pid]
            value, error = json.loads(answer.read_text()) if answer.is_file() else (None, "killed")
            trial.values.append(value)
            trial.error = trial.error or error
            done += 1
            row = trial.row
            if len(trial.values) < len(SEEDS) and row["kept"]:
                # A fault that does no harm can wait: what is sick is wanted first.
                harmless = row["causes"] == ["healthy"] != list(trial.mutant.fault.causes)
                put_back = waiting.append if harmless else waiting.appendleft
                put_back(trial)
            else:
                rows[trial.mutant.id] = row
                shutil.rmtree(root / trial.mutant.id)
            if done % STORED_EVERY == 0:
                write_list(rows)
                print(f"{done} runs done, {len(waiting)} mutants to go", flush=True)


def run_forked(script: Path, seed: int, metric: str, answer: Path) -> int:
    """Start the script in a child of this process; its metric is written to `answer`. Returns the pid."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.chdir(script.parent)
    os.environ["SEED"] = str(seed)
    sys.argv = [str(script)]
    sys.path.insert(0, str(script.parent))
    printed = io.StringIO()
    error = ""
    try:
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            runpy.run_path(str(script), run_name="__main__")
    except BaseException as failure:
        error = f"{type(failure).__name__}: {failure}"[:200]
    answer.write_text(json.dumps([None if error else metric_of(printed.getvalue(), metric), error]))
    os._exit(0)


def digest(folder: Path) -> str:
    made = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        made.update(path.name.encode() + b"\0" + content(path))
    return made.hexdigest()[:16]


def content(path: Path) -> bytes:
    """What a file says: an archive without its time stamps and serial number."""
    if path.suffix not in (".npz", ".pt"):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in sorted(archive.namelist()) if not name.endswith(("serialization_id", "version"))]
        return b"".join(archive.read(name) for name in names)


def write_list(rows: dict[str, Row]) -> None:
    """One mutant a line, so that a change can be read."""
    half = LIST.with_suffix(".half")
    half.write_text("[\n" + ",\n".join(json.dumps(rows[name]) for name in sorted(rows)) + "\n]\n")
    half.replace(LIST)


if __name__ == "__main__":
    raise SystemExit(main())
