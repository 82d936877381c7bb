"""Trials on a cluster: the same folders as here, nothing outlives its trial, and a lost node costs what ran on it."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import seen, step

from lossdoctor.commands import run_cli
from lossdoctor.commands.engines import made_engine
from lossdoctor.launch.program import Program
from lossdoctor.trials.candidate import Candidate, Job
from lossdoctor.trials.engine import Ended, Engine
from lossdoctor.trials.engines import keeper, on_node
from lossdoctor.trials.engines.nodes import Wanted, differences
from lossdoctor.trials.engines.ray import RayEngine
from lossdoctor.trials.journal import Journal
from lossdoctor.trials.outcome import Seen, read_trial
from lossdoctor.trials.runner import Ran, Runner
from lossdoctor.words import UserError

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
SLEEPERS = (
    "import os, signal, subprocess, sys, time\n"
    "stubborn = 'import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'\n"
    "p = subprocess.Popen([sys.executable, '-c', stubborn], start_new_session=True)\n"
    "open({path!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}')\n"
    "time.sleep(600)\n"
)
"""A child that has a child of its own, in another session and deaf to SIGTERM."""


SCRIPT = """
import torch
torch.manual_seed(0)
x = torch.randn(64, 8, 3)
y = x.sum((1, 2))[:, None]
lstm, head = torch.nn.LSTM(3, 8, batch_first=True), torch.nn.Linear(8, 1)
optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], 1e-2)
for step in range(60):
    optimizer.zero_grad()
    loss = ((head(lstm(x)[0][:, -1]) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
"""


def job(name: str, code: str, folder: Path, seconds: float = 60.0) -> Job:
    return Job(code, name, 0, None, seconds, str(folder / name), {"/a/b.py": b"\xff\n"}, (("lower-lr", {"factor": 0.1}),))


def request(given: Job, **program: Any) -> bytes:
    return json.dumps(
        {
            "start": "ray_starts:start", "program": program, "job": keeper.packed_job(given), "package": str(SOURCE), "cwd": str(Path.cwd()),
            "environment": dict(os.environ),
        }
    ).encode()  # fmt: skip


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(alive(pid) for pid in pids):
        time.sleep(0.1)
    return not any(alive(pid) for pid in pids)


def pids_in(path: Path, seconds: float = 60.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.is_file() and len(found := path.read_text().split()) == 2:
            return [int(word) for word in found]
        time.sleep(0.1)
    raise AssertionError(f"{path} was not written")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE}{os.pathsep}{HERE}")


# Without Ray


def refused(capsys: pytest.CaptureFixture[str], script: Path, *argv: str) -> str:
    script.write_text("print(1)\n")
    began = time.monotonic()
    assert run_cli(["fix", "--engine", "ray", *argv, str(script)]) == 2
    assert time.monotonic() - began < 10
    out, err = capsys.readouterr()
    assert not out and err.startswith("lossdoctor: ") and len(err.splitlines()) == 1, err
    return err


def test_without_the_extra_one_sentence_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ray" else found(name, *more))
    assert "pip install 'lossdoctor[ray]'" in refused(capsys, tmp_path / "train.py")


def test_a_cluster_that_does_not_answer_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: found("json") if name == "ray" else found(name, *more))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        assert f"no Ray cluster answers at {address}" in refused(capsys, tmp_path / "train.py", "--address", address)
    assert "host:6379" in refused(capsys, tmp_path / "train.py", "--address", "somewhere")
    assert "Ray Client" in refused(capsys, tmp_path / "train.py", "--address", "ray://head:10001")


def test_an_errand_brings_back_the_trace_and_the_output_alone(tmp_path: Path) -> None:
    given = job("a", "import os; print('kept', os.getcwd()); raise SystemExit(3)", tmp_path)
    head, _, tar = on_node.errand(request(given), 60.0).partition(b"\n")
    told = json.loads(head)
    assert told["status"] == 3 and not told["timed_out"] and told["seconds"] > 0
    keeper.unpack(tar, tmp_path / "a")
    assert sorted(str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*") if p.is_file()) == ["output.txt", "trace/arrays/a.npy"]
    assert (tmp_path / "a" / "output.txt").read_text() == f"kept {Path.cwd()}\n"


def test_a_job_comes_over_as_it_was(tmp_path: Path) -> None:
    given = job("a", "pass", tmp_path)
    assert keeper.unpacked_job(json.loads(json.dumps(keeper.packed_job(given))), given.folder) == given


def test_a_trial_that_outstays_its_time_is_ended_with_its_children(tmp_path: Path) -> None:
    told = on_node.errand(request(job("late", SLEEPERS.format(path=str(tmp_path / "pids")), tmp_path, seconds=3.0)), 60.0)
    assert json.loads(told.partition(b"\n")[0])["timed_out"]
    assert gone(pids_in(tmp_path / "pids"), 1.0)


def test_nothing_outlives_the_process_that_asked_for_it(tmp_path: Path) -> None:
    """As when a Ray worker is killed."""
    (tmp_path / "request").write_bytes(request(job("left", SLEEPERS.format(path=str(tmp_path / "pids")), tmp_path)))
    code = f"from pathlib import Path; from lossdoctor.trials.engines.on_node import errand; errand(Path({str(tmp_path / 'request')!r}).read_bytes(), 60)"
    asked = subprocess.Popen([sys.executable, "-c", code])
    pids = pids_in(tmp_path / "pids")
    asked.kill()
    asked.wait()
    assert gone(pids)


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    wrong = request(job("a", "pass", tmp_path)).replace(b"ray_starts:start", b"ray_starts:stopp")
    assert "stopp" in json.loads(on_node.errand(wrong, 60.0))["failed"]


def test_unpacking_writes_nothing_outside(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name in ("../outside", "/outside", "inside"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    keeper.unpack(sink.getvalue(), tmp_path / "t")
    assert [p.name for p in tmp_path.rglob("*")] == ["t", "inside"]


def test_the_environment_of_a_trial_is_the_users_and_the_machine_is_its_own() -> None:
    assert not keeper.belongs_to_machine("SEED") and not keeper.belongs_to_machine("PYTHONPATH")
    assert keeper.belongs_to_machine("TMPDIR") and keeper.belongs_to_machine("RAY_JOB_ID")


def test_every_difference_of_a_node_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "model.py", "data.csv"):
        (tmp_path / name).write_text(name)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ours.py").write_text("")
    wanted = Wanted.of(tmp_path / "train.py", ["--data", "data.csv"], tmp_path / "out")
    assert sorted(Path(path).name for path in wanted.files) == ["data.csv", "model.py", "train.py"]
    here = json.loads(on_node.look(wanted.as_plain()))
    assert differences(wanted, here, here) == []
    files = {**here["files"], str(tmp_path / "model.py"): "other", str(tmp_path / "data.csv"): ""}
    told = ", ".join(differences(wanted, here, {**here, "python": "3.9", "torch": "1.0", "lossdoctor": "x", "files": files}))
    for words in ("Python is 3.9", "torch is 1.0", "lossdoctor in", "model.py differs", "data.csv is missing"):
        assert words in told
    assert "there is no folder" in differences(wanted, here, {**here, "cwd": False})[0]
    assert "lossdoctor is not installed" in differences(wanted, here, {**here, "package": None})


def test_a_file_that_grew_meanwhile_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.txt").write_text("a")
    wanted = Wanted.of(None, [], tmp_path / "out")
    here = json.loads(on_node.look(wanted.as_plain()))
    (tmp_path / "log.txt").write_text("ab")
    assert differences(wanted, here, json.loads(on_node.look(wanted.as_plain()))) == []


# On real clusters


@pytest.fixture
def cluster(importable: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One node of one CPU; tests add others. All of them are this machine."""
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 80 << 20})
    try:
        yield made
    finally:
        import ray

        ray.shutdown()
        made.shutdown()


def engine_for(cluster: Any, folder: Path, **program: Any) -> RayEngine:
    wanted = Wanted(str(Path.cwd()), str(SOURCE), (str(HERE / "ray_starts.py"),))
    return RayEngine("ray_starts:start", program, wanted, cluster.address)


@pytest.mark.slow
def test_a_killed_node_costs_only_what_ran_on_it(cluster: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    second = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    log = tmp_path / "log"
    capfd.readouterr()
    engine = engine_for(cluster, tmp_path, log=str(log))
    assert engine.width == 2
    (tmp_path / "trials").mkdir()

    def read(ended: Ended, training: int) -> tuple[Seen, None]:
        assert not ended.lost and (Path(ended.job.folder) / "trace" / "arrays" / "a.npy").is_file()
        return seen(0.5, printed=(Path(ended.job.folder) / "output.txt").read_text()), None

    finished: list[str] = []

    def kill_when_one_has_finished(ran: Ran) -> None:
        finished.append(ran.candidate.key)
        if len(finished) == 2:
            threading.Timer(1.0, lambda: cluster.remove_node(second, allow_graceful=False)).start()

    journal = Journal(tmp_path / "trials", {}, False)
    runner = Runner(engine, journal, tmp_path / "trials", 0, time.monotonic() + 300, 100.0, read=read, finished=kill_when_one_has_finished)
    code = "import time; time.sleep(3); print('done')"
    make = runner._job
    runner._job = lambda c, s, t: Job(code, (m := make(c, s, t)).name, s, None, t, m.folder, {}, ())  # type: ignore[method-assign]
    ran = runner.ask([(Candidate((step(f"fix-{k}"),)), 0) for k in range(6)])
    assert len(ran) == 6 and all(r.seen.printed == "done\n" for r in ran)
    starts = [line.split()[1].split("-seed")[0] for line in log.read_text().splitlines()]
    again = {name for name in starts if starts.count(name) > 1}
    assert 6 < len(starts) <= 8 and len(again) == len(starts) - 6, starts
    assert not again & {"-".join(key.split()[0].split("-")[:2]) for key in finished[:2]}
    assert Journal(tmp_path / "trials", {}, True).count == 6
    deadline = time.monotonic() + 60  # Ray takes its time to call a node dead
    while engine.width > 1 and time.monotonic() < deadline:
        engine.submit(job("more", "pass", tmp_path / "more"))
        _first(engine)
        time.sleep(3.0)
    assert engine.width == 1
    assert capfd.readouterr() == ("", "")
    engine.close()


def test_cancel_leaves_no_process_behind(cluster: Any, tmp_path: Path) -> None:
    engine = engine_for(cluster, tmp_path)
    for name in ("a", "waiting"):
        engine.submit(job(name, SLEEPERS.format(path=str(tmp_path / name)), tmp_path / "trials"))
    pids = pids_in(tmp_path / "a")
    engine.cancel()
    assert gone(pids, 2.0)
    engine.submit(job("after", "print('still fit')", tmp_path / "trials"))
    ended = _first(engine)
    assert ended.status == 0 and (tmp_path / "trials" / "after" / "output.txt").read_text() == "still fit\n"
    assert not (tmp_path / "waiting").exists()
    engine.close()


def _first(engine: Engine) -> Ended:
    for _ in range(60):
        if found := engine.poll(1.0):
            return found[0]
    raise AssertionError("nothing came back")


@pytest.mark.slow
def test_a_cluster_that_is_gone_is_told(cluster: Any, tmp_path: Path) -> None:
    engine = engine_for(cluster, tmp_path)
    engine.submit(job("a", "import time; time.sleep(600)", tmp_path / "trials"))
    engine.poll(1.0)
    cluster.head_node.kill_gcs_server(check_alive=False)
    began = time.monotonic()
    with pytest.raises(UserError, match=r"is gone.*--resume"):
        while time.monotonic() < began + 60:
            engine.poll(0.5)
    engine.cancel()
    assert time.monotonic() < began + 20
    engine.close()
    assert time.monotonic() < began + 60


@pytest.mark.slow
def test_a_trial_there_shows_what_it_shows_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """With a Ray of our own, which is gone afterwards."""
    pytest.importorskip("ray")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SCRIPT)
    program = Program("script", "train.py", ())
    found: list[Seen] = []
    before = dict(os.environ)
    for name in ("local", "ray"):
        engine = made_engine(name, program, 2, None, tmp_path / "out")
        engine.submit(Job("", "plain", 1, 40, 120.0, str(tmp_path / "out" / name), {}, ()))
        found.append(read_trial(_first(engine), 0)[0])
        if isinstance(engine, RayEngine):
            assert os.environ == before
            engine.close()
    here, there = (dict(seen.stored(), seconds=0) for seen in found)
    assert here == there and here["skill"] is not None and here["steps"] == 40
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_node_that_is_not_the_same_is_told(cluster: Any, tmp_path: Path) -> None:
    other = tmp_path / "other" / "torch-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 0.0.1\n")
    cluster.add_node(num_cpus=1, object_store_memory=80 << 20, env_vars={"PYTHONPATH": str(tmp_path / "other")})
    with pytest.raises(UserError, match=r"torch is 0\.0\.1 and here"):
        engine_for(cluster, tmp_path)
