"""Which mutants truly fail? Runs each on three seeds as plain Python, and writes mutants.json.

    python casebook/faults/judge.py --jobs 2 [--only TEXT]

A mutant that misses its healthy script's threshold on all seeds is kept as sick; one that meets it on all is kept
as healthy but odd; any other is dropped, with its numbers. torch is imported once: each run is a forked child, so
hundreds of short scripts take minutes. What was run before is kept as long as the mutant's bytes are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import runpy
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from base import Base, NotHere, read_bases
from fault import Mutant
from make import LIST, all_mutants, half_of

SEEDS = (0, 1, 2)
LIMIT = 90.0
"""Seconds for one run: a fault may make a script slow, not endless."""


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
    value: float | None = None
    error = ""
    try:
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            runpy.run_path(str(script), run_name="__main__")
    except BaseException as failure:
        error = f"{type(failure).__name__}: {failure}"[:200]
    words = (printed.getvalue().strip().splitlines() or [""])[-1].split()
    if not error and len(words) == 3 and words[:2] == ["metric", metric]:
        value = float(words[2])
    answer.write_text(json.dumps([value, error]))
    os._exit(0)


def meets(base: Base, value: float | None) -> bool:
    if value is None or math.isnan(value):
        return False
    return value >= base.threshold if base.direction == "higher" else value <= base.threshold


def clearly_misses(base: Base, value: float | None) -> bool:
    """A miss by a hair is none: a tenth of the threshold lies between."""
    if value is None or math.isnan(value):
        return True
    room = 0.07 * abs(base.threshold)
    return value < base.threshold - room if base.direction == "higher" else value > base.threshold + room


def digest(folder: Path) -> str:
    made = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        made.update(path.name.encode() + b"\0" + (path.read_bytes() if path.suffix not in (".npz", ".pt") else unpacked(path)))
    return made.hexdigest()[:16]


def unpacked(path: Path) -> bytes:
    """The content of an archive without its time stamps."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in sorted(archive.namelist()) if not name.endswith(("serialization_id", "version")))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutants whose id has this text")
    args = parser.parse_args(argv)
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", MPLBACKEND="Agg", PYTHONDONTWRITEBYTECODE="1")
    import torch

    torch.set_num_threads(1)
    bases = read_bases()
    known: dict[str, dict[str, Any]] = {row["id"]: row for row in json.loads(LIST.read_text())} if LIST.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        waiting: list[tuple[Mutant, int]] = []
        values: dict[str, dict[int, tuple[float | None, str]]] = {}
        order: list[tuple[Mutant, str]] = []
        for mutant in all_mutants(bases):
            if args.only not in mutant.id:
                continue
            try:
                folder = mutant.make(root)
            except NotHere:
                known.pop(mutant.id, None)
                continue
            mark = digest(folder)
            order.append((mutant, mark))
            if known.get(mutant.id, {}).get("digest") != mark:
                waiting += [(mutant, seed) for seed in SEEDS]
        print(f"{len(order)} mutants, {len(waiting)} runs", flush=True)
        marks = {mutant.id: mark for mutant, mark in order}
        running: dict[int, tuple[Mutant, int, Path, float]] = {}
        done = 0
        while waiting or running:
            while waiting and len(running) < args.jobs:
                mutant, seed = waiting.pop(0)
                answer = root / f"{mutant.id}.{seed}.json"
                pid = run_forked(root / mutant.id / "train.py", seed, mutant.base.metric, answer)
                running[pid] = (mutant, seed, answer, time.monotonic())
            time.sleep(0.02)
            for pid, (mutant, seed, answer, began) in list(running.items()):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    if time.monotonic() - began > LIMIT:
                        os.killpg(pid, signal.SIGKILL)
                    continue
                del running[pid]
                value, error = json.loads(answer.read_text()) if answer.is_file() else (None, "killed")
                values.setdefault(mutant.id, {})[seed] = (value, error)
                done += 1
                if len(values[mutant.id]) == len(SEEDS):
                    known[mutant.id] = row_of(mutant, marks[mutant.id], values[mutant.id], half_of(mutant.base, bases))
                if done % 60 == 0:
                    store(known)
                    print(f"{done} runs done, {len(waiting)} to go", flush=True)
        for mutant, _ in order:
            if mutant.id not in values and mutant.id in known:
                known[mutant.id] = {**known[mutant.id], **judged(mutant, known[mutant.id]["values"]), "half": half_of(mutant.base, bases)}
    store(known)
    rows = list(known.values())
    sick = [r for r in rows if r["kept"] and r["causes"] != ["healthy"]]
    print(
        f"{len(sick)} truly fail, {sum(not r['readable'] for r in sick)} of them unreadable; "
        f"{sum(r['kept'] and r['causes'] == ['healthy'] for r in rows)} learn nevertheless; {sum(not r['kept'] for r in rows)} dropped"
    )
    return 0


def store(known: dict[str, dict[str, object]]) -> None:
    half = LIST.with_suffix(".half")
    half.write_text("[\n" + ",\n".join(json.dumps(known[name]) for name in sorted(known)) + "\n]\n")
    half.replace(LIST)


def judged(mutant: Mutant, numbers: Sequence[float | None]) -> dict[str, object]:
    """Sick, healthy but odd, or dropped: by the metric on all seeds."""
    if all(meets(mutant.base, value) for value in numbers):
        return {"causes": ["healthy"], "kept": True}
    sick = mutant.fault.causes != ("healthy",) and all(clearly_misses(mutant.base, value) for value in numbers)
    return {"causes": list(mutant.fault.causes), "kept": sick}


def row_of(mutant: Mutant, mark: str, values: dict[int, tuple[float | None, str]], half: str) -> dict[str, object]:
    numbers = [values[seed][0] for seed in SEEDS]
    finite = [None if v is None or not math.isfinite(v) else round(v, 4) for v in numbers]
    row = {"id": mutant.id, "half": half, "readable": mutant.fault.readable, **judged(mutant, numbers), "values": finite, "digest": mark}
    if error := next((e for _, e in values.values() if e), ""):
        row["error"] = error
        # A script that crashes says what is wrong itself, but for errors that are a fault's own face.
        row["kept"] = row["kept"] and any(face in error for face in ("element 0 of tensors", "second time", "inplace operation"))
    return row


if __name__ == "__main__":
    raise SystemExit(main())
