"""Jobs side by side, ended when late, held back when memory is short."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from lossdoctor.trials.candidate import Job
from lossdoctor.trials.engines import local, memory
from lossdoctor.trials.engines.local import LocalEngine


class Started:
    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", code])
        self.pid = self.process.pid
        self.started = time.monotonic()

    def poll(self) -> int | None:
        return self.process.poll()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def job(name: str, code: str, seconds: float = 30.0) -> Job:
    return Job(code, name, 0, None, seconds, "", {}, ())


def all_of(engine: LocalEngine, count: int) -> dict[str, int]:
    found: dict[str, int] = {}
    while len(found) < count:
        for ended in engine.poll(5.0):
            found[ended.job.name] = ended.status
    return found


def test_each_job_comes_back_once_with_its_status() -> None:
    engine = LocalEngine(lambda j: Started(j.key), 2)
    for k in range(4):
        engine.submit(job(f"j{k}", f"raise SystemExit({k})"))
    assert all_of(engine, 4) == {"j0": 0, "j1": 1, "j2": 2, "j3": 3}


def test_a_job_that_outstays_its_time_is_ended() -> None:
    engine = LocalEngine(lambda j: Started(j.key), 1)
    engine.submit(job("slow", "import time; time.sleep(600)", seconds=0.2))
    ended = engine.poll(20.0)
    assert ended[0].timed_out and not ended[0].lost


def test_where_memory_is_short_jobs_run_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []
    most = 0

    class Counted(Started):
        def __init__(self, code: str) -> None:
            nonlocal most
            super().__init__(code)
            running.append(self.pid)
            most = max(most, len(running))

        def poll(self) -> int | None:
            status = super().poll()
            if status is not None and self.pid in running:
                running.remove(self.pid)
            return status

    monkeypatch.setattr(memory, "available", lambda: 100)
    monkeypatch.setattr(memory, "total", lambda: 1000)
    monkeypatch.setattr(memory, "peak", lambda pid: 90)
    monkeypatch.setattr(local, "LOOK_EVERY", 0.0)
    engine = LocalEngine(lambda j: Counted(j.key), 3)
    engine.submit(job("first", "import time; time.sleep(0.3)"))
    engine.poll(0.1)
    for k in range(3):
        engine.submit(job(f"j{k}", "pass"))
    assert len(all_of(engine, 4)) == 4
    assert most == 1


def test_where_memory_runs_out_the_youngest_is_run_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([10_000, 10_000, 1])
    monkeypatch.setattr(memory, "available", lambda: next(left, 10_000))
    monkeypatch.setattr(memory, "total", lambda: 1000)
    monkeypatch.setattr(memory, "peak", lambda pid: 1)
    monkeypatch.setattr(local, "LOOK_EVERY", 0.0)
    engine = LocalEngine(lambda j: Started(j.key), 2)
    engine.submit(job("old", "import time; time.sleep(0.2)"))
    engine.submit(job("young", "import time; time.sleep(0.2)"))
    assert set(all_of(engine, 2)) == {"old", "young"}
    assert engine.width == 1


def test_cancelled_jobs_are_gone() -> None:
    processes: list[Started] = []

    def start(j: Job) -> Started:
        processes.append(Started(j.key))
        return processes[-1]

    engine = LocalEngine(start, 2)
    engine.submit(job("a", "import time; time.sleep(600)"))
    engine.cancel()
    assert processes[0].process.poll() is not None
