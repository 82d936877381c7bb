"""Law 1: a watched run is the same run. Loops of every style, each iteration looked into: the same bytes
printed, the same warnings at the same lines, and bit for bit the same weights, states and random numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossdoctor.trace.events import InternalError, RunEnded
from lossdoctor.trace.reader import Trace, read_trace

HERE = Path(__file__).resolve().parent
LOOPS = HERE / "loops"
SOURCE = HERE.parent.parent / "src"


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}{os.pathsep}{LOOPS}", "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder), "OMP_NUM_THREADS": "1", "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"), **more,
    }  # fmt: skip


def same(text: str) -> str:
    """Without what differs between any two runs: addresses, and the clock and process in torch's log lines."""
    text = re.sub(r"0x[0-9a-f]{6,}", "0x...", text)
    return re.sub(r"^([A-Z]\d{4}) [\d:.]+ +\d+ ", r"\1 ", text, flags=re.M)


def start(words: list[str], cwd: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words], cwd=cwd, env=env, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process: subprocess.Popen[str], limit: float = 240) -> Ran:
    out, err = process.communicate(timeout=limit)
    return Ran(process.returncode, same(out), same(err))


def both(script: Path, *args: str, how: str, tmp_path: Path, **env: str) -> tuple[Ran, Ran, Trace]:
    """The script by Python and watched, each in a folder of its own."""
    places = [tmp_path / "bare", tmp_path / "watched"]
    for place in places:
        place.mkdir()
    entry = str(HERE / "watched_entry.py")
    environ = environment(tmp_path, **env)
    bare = start([str(script), *args], places[0], environ)
    watched = start([entry, str(tmp_path / "trace"), how, str(script), *args], places[1], environ)
    result = end(bare), end(watched)
    return (*result, read_trace(tmp_path / "trace"))


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.mark.parametrize("how", ["dense", "seldom"])
@pytest.mark.parametrize("name", ["plain_loops", "rnn_loops", "compiled_loops"])
def test_loops(name: str, how: str, tmp_path: Path) -> None:
    bare, watched, trace = both(LOOPS / f"{name}.py", how=how, tmp_path=tmp_path)
    assert bare.status == 0
    assert " raised" not in bare.out
    assert lines(watched.out) == lines(bare.out)
    assert lines(watched.err) == lines(bare.err)
    assert watched == bare
    assert trace.of(InternalError) == ()
    ended = trace.last(RunEnded)
    assert ended is not None
    assert ended.how == "finished"
    assert ended.steps > 40


@pytest.mark.slow
def test_loops_compiled_by_inductor(tmp_path: Path) -> None:
    bare, watched, trace = both(LOOPS / "compiled_loops.py", how="dense", tmp_path=tmp_path, BACKEND="inductor")
    assert lines(watched.out) == lines(bare.out)
    assert watched == bare
    assert trace.of(InternalError) == ()
