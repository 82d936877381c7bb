"""`lossdoctor fix` from outside: a cure with its patch, nothing of the user's touched, and going on after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPT = """\
import csv
import json
import os
import pathlib
import pickle
import random
import sqlite3
import subprocess

import numpy as np
import torch
from torch import nn

import model_of_mine

torch.manual_seed(0)
random.seed(0)
rng = np.random.default_rng(0)
settings = json.load(open("settings.json"))
x = rng.normal(size=(256, 12, 1)).astype("float32")
y = x[:, -3:, 0].sum(1, keepdims=True)
X, Y = torch.tensor(x), torch.tensor(y)
net = model_of_mine.Net(16)  # my own model
opt = torch.optim.SGD(net.parameters(), lr=RATE)
log = csv.writer(open("log.csv", "a", newline=""))
base = sqlite3.connect("runs.db")
base.execute("create table if not exists runs (loss real)")
for step in range(200):
    rows = torch.randint(0, 200, (32,))
    loss = ((net(X[rows]) - Y[rows]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    log.writerow([step, float(loss.detach())])
torch.save(net.state_dict(), "best.pt.tmp")
os.replace("best.pt.tmp", "best.pt")
pickle.dump({"done": True}, open("state.pkl", "wb"))
pathlib.Path("old.txt").unlink()
base.execute("insert into runs values (?)", (float(loss.detach()),))
base.commit()
with torch.no_grad():
    error = float(((net(X[200:]) - Y[200:]) ** 2).mean())
print("metric mse", error)
"""

MODEL = """\
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])
"""


def project(folder: Path, rate: str) -> Path:
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT.replace("RATE", rate))
    (folder / "model_of_mine.py").write_text(MODEL)
    (folder / "settings.json").write_text('{"batch": 32,  "rate": 30.0}\n')
    (folder / "log.csv").write_text("0,1.0\n")
    (folder / "best.pt").write_bytes(b"precious")
    (folder / "old.txt").write_text("keep me")
    subprocess.run([sys.executable, "-c", "import sqlite3; sqlite3.connect('runs.db').execute('create table t (a)')"], cwd=folder, check=True)
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def call(folder: Path, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lossdoctor", "fix", "--out", str(out), *words, "train.py"],
        cwd=folder, capture_output=True, text=True, timeout=400, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


class Fixed(NamedTuple):
    folder: Path
    out: Path
    before: dict[str, str]
    ran: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    base = tmp_path_factory.mktemp("fix")
    folder, out = project(base / "mine", 'settings["rate"]'), base / "out"
    before = tree(folder)
    return Fixed(folder, out, before, call(folder, out))


def test_a_verified_fix_ends_with_status_0(fixed: Fixed) -> None:
    assert fixed.ran.returncode == 0, fixed.ran.stderr + fixed.ran.stdout
    best = json.loads((fixed.out / "fix.json").read_text())["best"]
    assert best["verified"] and best["skill"] > 0.5 and best["seeds"] == [0, 1, 2]
    assert best["interval"][0] <= best["skill"] <= best["interval"][1]
    assert "Verified on 3 of 3 seeds" in fixed.ran.stdout and "git apply" in fixed.ran.stdout


def test_the_run_that_was_diagnosed_is_the_first_baseline(fixed: Fixed) -> None:
    rows = [json.loads(line) for line in (fixed.out / "trials" / "trials.jsonl").read_text().splitlines()[1:]]
    assert {row["seed"] for row in rows if row["folder"].startswith("baseline")} == {1, 2}
    said = json.loads((fixed.out / "fix.json").read_text())
    assert sorted(t["seed"] for t in said["trials"] if not t["fixes"]) == [0, 1, 2]


def test_a_number_from_a_settings_file_is_changed_there(fixed: Fixed) -> None:
    patch = (fixed.out / "fix.patch").read_text()
    assert '-{"batch": 32,  "rate": 30.0}' in patch and "train.py" not in patch


def test_no_trial_touches_what_is_the_users(fixed: Fixed) -> None:
    assert tree(fixed.folder) == fixed.before


def test_the_patched_script_does_what_the_trial_did(fixed: Fixed, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(fixed.folder, mine)
    subprocess.run(["git", "apply", str(fixed.out / "fix.patch")], cwd=mine, check=True)
    assert tree(mine) != fixed.before
    plain = subprocess.run([sys.executable, "train.py"], cwd=mine, capture_output=True, text=True, check=True)
    said = json.loads((fixed.out / "fix.json").read_text())
    trial = next(t for t in said["trials"] if t["seed"] == 0 and t["fixes"] == said["best"]["fixes"])
    assert float(plain.stdout.split()[-1]) == pytest.approx(trial["metric"], rel=1e-4)
    subprocess.run(["git", "apply", "-R", str(fixed.out / "fix.patch")], cwd=mine, check=True)
    assert (mine / "train.py").read_bytes() == (fixed.folder / "train.py").read_bytes()


def test_seeds_differ_from_trial_to_trial_though_the_script_seeds_itself(fixed: Fixed) -> None:
    said = json.loads((fixed.out / "fix.json").read_text())
    metrics = [t["metric"] for t in said["trials"] if t["fixes"] == said["best"]["fixes"]]
    assert len(set(metrics)) == len(metrics) == 3


def test_the_report_says_what_was_confirmed(fixed: Fixed) -> None:
    report = json.loads((fixed.out / "report.json").read_text())
    assert report["confirmed"] == [report["findings"][0]["cause"]]
    page = (fixed.out / "report.html").read_text()
    assert "The fix, proven" in page and "The patch" in page


def test_killed_in_the_middle_it_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    folder, out = project(tmp_path / "mine", "30.0"), tmp_path / "out"
    words = [sys.executable, "-m", "lossdoctor", "fix", "--out", str(out), "--jobs", "1", "train.py"]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    journal = out / "trials" / "trials.jsonl"
    until = time.monotonic() + 200
    while not (journal.is_file() and len(journal.read_text().splitlines()) >= 3):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = journal.read_text().splitlines()
    ran = call(folder, out, "--resume")
    assert ran.returncode == 0, ran.stderr
    assert "are not repeated" in ran.stderr
    rows = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    assert [json.dumps(json.loads(line)) for line in before] == [json.dumps(json.loads(line)) for line in journal.read_text().splitlines()[: len(before)]]
    assert len({(r["key"], r["seed"], r["steps_limit"]) for r in rows}) == len(rows)


def test_a_run_that_learns_is_left_alone(tmp_path: Path) -> None:
    folder, out = project(tmp_path / "mine", "0.3"), tmp_path / "out"
    ran = call(folder, out)
    assert ran.returncode == 0, ran.stderr
    assert not (out / "fix.patch").exists()
    assert json.loads((out / "fix.json").read_text())["best"] is None


@pytest.mark.parametrize(("words", "said"), [
    (["--metric", "acc=([0-9"], "no regular expression"),
    (["--metric", "acc=[0-9]+"], "one group"),
    (["--only", "no-such-fix"], "there is no fix"),
    (["--engine", "cloud"], 'no engine "cloud"'),
])  # fmt: skip
def test_bad_input_is_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "train.py").write_text("print('never run')\n")
    ran = call(tmp_path, tmp_path / "out", *words)
    assert ran.returncode == 2 and said in ran.stderr and "Traceback" not in ran.stderr


def test_a_script_that_needs_input_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\nrate = float(input('rate? '))\n")
    ran = call(tmp_path, tmp_path / "out")
    assert ran.returncode == 2 and "asked for input" in ran.stderr


def test_a_script_that_fails_before_its_first_step_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\nraise RuntimeError('no data here')\n")
    ran = call(tmp_path, tmp_path / "out")
    assert ran.returncode == 2 and "no data here" in ran.stderr
