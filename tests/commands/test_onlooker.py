"""`run --notify` and `--stop-on`: what is certain is said at once, and a doomed run ends early."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lossdoctor.commands import onlooker
from lossdoctor.words import UserError

SCRIPT = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
net, head = nn.LSTM(3, 16, batch_first=True), nn.Linear(16, 1)
opt = torch.optim.Adam([*net.parameters(), *head.parameters()], 1e-2)
x = torch.randn(64, 12, 3)
y = x.sum((1, 2))[:, None] / 6
for step in range(int(sys.argv[1])):
    loss = nn.functional.mse_loss(head(net(x)[0][:, -1]), y)
    opt.zero_grad()
    loss.backward()
    {step}
print("done")
"""


def run(folder: Path, step: str, count: int, *options: str) -> subprocess.CompletedProcess[str]:
    script = folder / "train.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("{step}", step))
    words = [sys.executable, "-m", "lossdoctor", "run", *options, "--out", str(folder / "out"), str(script), str(count)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def test_a_doomed_run_ends_early(tmp_path: Path) -> None:
    ended = run(tmp_path, "pass", 10**7, "--notify", "--stop-on", "error")
    assert ended.returncode == 3
    assert "done" not in ended.stdout
    said = ended.stderr.splitlines()[0]
    assert said.startswith("lossdoctor: step ") and "missing-optimizer-step" in said
    assert "train.py:14" in said
    assert (tmp_path / "out" / "report.json").is_file()


def test_a_healthy_run_goes_on(tmp_path: Path) -> None:
    ended = run(tmp_path, "opt.step()", 600, "-q", "--notify", "--stop-on", "warning")
    assert ended.returncode == 0
    assert ended.stdout == "done\n"
    assert ended.stderr == ""


def test_notice_alone_ends_nothing(tmp_path: Path) -> None:
    ended = run(tmp_path, "opt.step()", 20, "-q", "--notify")
    assert (ended.returncode, ended.stdout) == (0, "done\n")


@pytest.mark.parametrize("severity", ["note", "fatal"])
def test_a_severity_that_stops_nothing(tmp_path: Path, severity: str) -> None:
    ended = run(tmp_path, "pass", 5, "--stop-on", severity)
    assert ended.returncode == 2
    assert "give error or warning" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_no_process_can_be_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlooker, "can_fork", lambda: False)
    with pytest.raises(UserError, match="cannot: run without them"):
        onlooker.start(tmp_path, True, None)
