"""The trace of a watched run outlives a kill, can be read while it grows, and says what watching has cost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from lossdoctor.trace.events import RunEnded
from lossdoctor.trace.reader import read_trace
from lossdoctor.words import UserError

SOURCE = Path(__file__).resolve().parent.parent.parent / "src"
SCRIPT = """
    import sys, time, torch
    import torch.nn.functional as F
    torch.manual_seed(0)
    rnn, head = torch.nn.LSTM(8, 64, batch_first=True), torch.nn.Linear(64, 1)
    opt = torch.optim.Adam([*rnn.parameters(), *head.parameters()])
    until = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        x = torch.randn(32, 50, 8)
        opt.zero_grad()
        loss = F.mse_loss(head(rnn(x)[0][:, -1]), x.sum((1, 2)).unsqueeze(1))
        loss.backward()
        opt.step()
"""


def lossdoctor(*words: str, cwd: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "lossdoctor", *words], cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(textwrap.dedent(SCRIPT))
    return path


def test_a_killed_run_can_be_reported_on(script: Path, tmp_path: Path) -> None:
    run = lossdoctor("run", "-q", "--out", "out", str(script), "600", cwd=tmp_path)
    rows = 0
    deadline = time.monotonic() + 120
    while rows < 80 and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.1)
        try:
            trace = read_trace(tmp_path / "out" / "trace" / "main")
        except UserError:
            continue
        grown = len(trace.table("loss"))
        assert grown >= rows
        rows = grown
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert rows >= 80
    assert read_trace(tmp_path / "out" / "trace" / "main").last(RunEnded) is None
    report = lossdoctor("report", "out", "--format", "json", cwd=tmp_path)
    out, err = report.communicate(timeout=120)
    assert report.returncode in (0, 1), err
    assert "Traceback" not in err
    assert '"verdict"' in out


@pytest.mark.slow
def test_a_run_of_twenty_seconds_keeps_to_its_budget(script: Path, tmp_path: Path) -> None:
    run = lossdoctor("run", "-q", "--out", "out", str(script), "20", cwd=tmp_path)
    run.communicate(timeout=240)
    assert run.returncode == 0
    ended = read_trace(tmp_path / "out" / "trace" / "main").last(RunEnded)
    assert ended is not None
    # As it measures itself: 2 % and the quarter of a second for starting up, twice that for a crowded machine.
    assert ended.own_seconds <= 2 * (0.02 * ended.seconds + 0.25)
