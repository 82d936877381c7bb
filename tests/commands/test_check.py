"""`lossdoctor check` from outside: a sick script, its healthy twin, and what is left behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(256, 10, 1)
y = x.sum(1) / 3
lstm, head = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)
opt = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=1e-2)
for epoch in range(12):
    for i in range(0, 256, 32):
        {zero}
        loss = nn.functional.mse_loss(head(lstm(x[i : i + 32])[0][:, -1]), y[i : i + 32])
        loss.backward()
        {step}
open("log.csv", "a").write(f"{{loss.item()}}\\n")
torch.save(lstm.state_dict(), "model.pt")
print("done")
"""


def lossdoctor(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    environment.pop("GITHUB_ACTIONS", None)
    return subprocess.run(
        [sys.executable, "-m", "lossdoctor", *argv], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "lossdoctor-out" not in path.parts
    }


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str], dict[str, str]]:
    folder = tmp_path_factory.mktemp("sick")
    (folder / "train.py").write_text(SCRIPT.format(zero="opt.zero_grad()", step="pass"))
    (folder / "log.csv").write_text("kept\n")
    before = tree(folder)
    return folder, lossdoctor(folder, "check", "--format", "json", "train.py"), before


def test_a_finding_of_severity_error_is_status_1(
    sick: tuple[Path, subprocess.CompletedProcess[str], dict[str, str]],
) -> None:
    _, done, _ = sick
    report = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert report["findings"][0]["cause"] == "missing-optimizer-step"
    assert report["findings"][0]["severity"] == "error"
    assert report["verdict"] == "never-started"
    schema = json.loads((ROOT / "schema" / "report-1.json").read_text())
    jsonschema.validate(report, schema)


def test_check_writes_nowhere_that_the_user_writes(
    sick: tuple[Path, subprocess.CompletedProcess[str], dict[str, str]],
) -> None:
    folder, _, before = sick
    assert tree(folder) == before
    report = json.loads((folder / "lossdoctor-out" / "report.json").read_text())
    assert any("log.csv" in note for note in report["notes"])


def test_the_report_is_there_and_is_shown_again(
    sick: tuple[Path, subprocess.CompletedProcess[str], dict[str, str]],
) -> None:
    folder, _, _ = sick
    html = (folder / "lossdoctor-out" / "report.html").read_text()
    assert "missing-optimizer-step" in html and len(html) < 2_000_000
    again = lossdoctor(folder, "report", "lossdoctor-out")
    assert again.returncode == 0 and "missing-optimizer-step" in again.stdout
    github = lossdoctor(folder, "report", "lossdoctor-out", "--format", "github")
    assert github.stdout.startswith("::error file=train.py,line=")
    markdown = lossdoctor(folder, "report", "lossdoctor-out", "--format", "markdown")
    assert len(markdown.stdout) < 4000 and "missing-optimizer-step" in markdown.stdout
    why = lossdoctor(folder, "explain", "--why-not", "missing-zero-grad", "lossdoctor-out")
    assert why.returncode == 0 and "missing-zero-grad" in why.stdout


def test_the_healthy_twin_is_status_0(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT.format(zero="opt.zero_grad()", step="opt.step()"))
    done = lossdoctor(tmp_path, "check", "--format", "json", "train.py")
    report = json.loads(done.stdout)
    assert done.returncode == 0, report["findings"]
    assert report["verdict"] in ("learning", "converged")
    assert not [f for f in report["findings"] if f["severity"] == "error"]


def test_run_keeps_the_scripts_own_output_and_status(tmp_path: Path) -> None:
    text = SCRIPT.format(zero="opt.zero_grad()", step="opt.step()") + "import sys; sys.exit(7)\n"
    (tmp_path / "train.py").write_text(text)
    done = lossdoctor(tmp_path, "run", "-q", "train.py")
    assert done.returncode == 7
    assert done.stdout == "done\n"
    assert done.stderr == ""
    assert (tmp_path / "model.pt").exists() and (tmp_path / "log.csv").exists()
    assert (tmp_path / "lossdoctor-out" / "report.html").exists()


LATE = """
import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(512, 8, 1)
y = x.sum(1) / 3
lstm, head = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)
opt = torch.optim.SGD([*lstm.parameters(), *head.parameters()], lr=0.05, momentum=0.9)
grows = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: 1.0 + max(0, step - 300) ** 1.5)
for step in range(500):
    rows = torch.randint(0, 512, (32,))
    opt.zero_grad()
    loss = nn.functional.mse_loss(head(lstm(x[rows])[0][:, -1]), y[rows])
    loss.backward()
    opt.step()
    grows.step()
"""


def test_a_trouble_that_comes_late_is_asked_about_from_where_it_began(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(LATE)
    ended = lossdoctor(tmp_path, "check", "--out", "out", "--format", "json", "train.py")
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert report["findings"][0]["cause"] == "lr-too-high"
    late = [arm for arm in report["arms"] if arm["title"].endswith("from update 256 on")]
    assert {arm["fix"] for arm in late} >= {"lower-lr", "add-clip"}
    cure = next(arm for arm in late if arm["outcome"] == "cures")
    assert cure["fix"] == "lower-lr" and cure["skill"] > 0.8
    assert not any(arm["fix"] == "raise-lr" for arm in report["arms"]), "a run that went well needs no higher rate"
