"""A run of twenty steps and one of a hundred thousand: what can be said of each, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lossdoctor.trace.reader import read_trace

SCRIPT = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
cell, head = nn.RNNCell(2, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([*cell.parameters(), *head.parameters()], 3e-3)
x = torch.randn(64, 3, 2)
y = x.sum((1, 2))[:, None]
state = torch.zeros(8, 4)
for step in range(int(sys.argv[1])):
    rows = torch.arange(8) + 8 * (step % 8)
    loss = nn.functional.mse_loss(head(cell(x[rows, 2], cell(x[rows, 1], cell(x[rows, 0], state)))), y[rows])
    opt.zero_grad()
    loss.backward()
    {step}
"""


def lossdoctor(folder: Path, step: str, *words: str) -> subprocess.CompletedProcess[str]:
    script = folder / "train.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("{step}", step))
    command = [sys.executable, "-m", "lossdoctor", words[0], "--format", "json", *words[1:-1], "--out", str(folder / "out"), str(script)]
    return subprocess.run([*command, words[-1]], capture_output=True, text=True, timeout=1500, check=False)


def test_twenty_steps_are_enough_for_what_is_structure(tmp_path: Path) -> None:
    ended = lossdoctor(tmp_path, "pass", "check", "20")
    assert ended.returncode == 1, ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    first = report["findings"][0]
    assert first["cause"] == "missing-optimizer-step" and first["since_step"] == 0


def test_twenty_steps_of_a_sound_run_are_no_reason_to_blame_it(tmp_path: Path) -> None:
    ended = lossdoctor(tmp_path, "opt.step()", "check", "--steps", "20", "2000")
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert not [f for f in report["findings"] if f["severity"] == "error"]
    assert report["steps"] == 20 and report["verdict"] in ("too-short", "learning")


@pytest.mark.slow
def test_a_hundred_thousand_steps(tmp_path: Path) -> None:
    """The trace stays small, the last steps are in it, and the verdict is about the whole."""
    ended = lossdoctor(tmp_path, "opt.step()", "run", "100000")
    assert ended.returncode == 0, ended.stderr
    trace = tmp_path / "out" / "trace"
    assert sum(f.stat().st_size for f in trace.rglob("*") if f.is_file()) < 64e6
    (main,) = [f for f in trace.iterdir() if f.is_dir()]
    steps = read_trace(main).table("loss").column("step")
    assert steps[0] == 0 and steps[-1] == 99_999
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["steps"] == 100_000
    assert not [f for f in report["findings"] if f["severity"] == "error"]
