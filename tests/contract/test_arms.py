"""The snapshot that a check leaves in a run: the run does not notice, and the arms that go on from it write
nowhere of the script's, take hold, and end with whoever woke them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from lossdoctor.launch.zygote import Waker, can_fork
from lossdoctor.session.child import WatchedChild
from lossdoctor.session.order import WatchOrder
from lossdoctor.trace.events import ArmEnded, InternalError
from lossdoctor.trace.reader import read_trace

pytestmark = pytest.mark.skipif(not can_fork(), reason="no fork here")

LOOPS = Path(__file__).resolve().parent / "loops"
SCRIPT = """
    import os, sys, random, threading, numpy, torch
    sys.path.insert(0, {loops!r})
    from looplist import fingerprint
    import torch.nn.functional as F
    torch.set_num_threads(1)
    if "threads" in sys.argv:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        torch.set_num_threads(2)
        torch.randn(400, 400) @ torch.randn(400, 400)
    random.seed(0); numpy.random.seed(0)
    class Data(torch.utils.data.Dataset):
        def __len__(self): return 32
        def __getitem__(self, i): return torch.full((5, 3), i / 32.0), torch.tensor([i / 32.0])
    torch.manual_seed(0)
    rnn, head = torch.nn.LSTM(3, 4, batch_first=True), torch.nn.Linear(4, 1)
    opt = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
    loader = torch.utils.data.DataLoader(Data(), 8, shuffle=True, num_workers=2 if "workers" in sys.argv else 0)
    for epoch in range({epochs}):
        for x, y in loader:
            opt.zero_grad()
            loss = F.mse_loss(head(rnn(x)[0][:, -1]), y)
            loss.backward()
            opt.step()
        with open("log.txt", "a") as log: log.write(f"{{loss.item()}}\\n")
        torch.save(rnn.state_dict(), "rnn.pt")
    print(fingerprint([rnn, head, opt]))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize("style", ["plain", "workers", "threads"])
def test_arms_go_on_and_the_run_does_not_notice(style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "home" / "train.py"
    script.parent.mkdir()
    script.write_text(textwrap.dedent(SCRIPT.format(loops=str(LOOPS), epochs=10)))
    bare = tmp_path / "bare"
    bare.mkdir()
    python = subprocess.run(
        [sys.executable, str(script), style], cwd=bare, env=environment(), capture_output=True, text=True, timeout=120, check=True
    )
    monkeypatch.chdir(script.parent)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    out = tmp_path / "out"
    waker = Waker()
    order = WatchOrder(
        "script", str(script), (style,), str(out / "trace" / "main"), mode="check", scratch=str(out / "scratch"),
        budget=0.3, allowance=2.0, control=waker.fileno_for_child(),
    )  # fmt: skip
    child = WatchedChild(order, out / "scratch", [waker], tmp_path / "printed.txt")
    try:
        assert child.wait(120) == 0
        assert (tmp_path / "printed.txt").read_text() == python.stdout
        assert waker.planted
        for name, fix, args in (("same", None, {}), ("slow", "lower-lr", {"factor": 0.0}), ("odd", "loosen-clip", {})):
            waker.wake(name, folder=str(out / "arms" / name), steps=30, seconds=60.0, apply=[(fix, args)] if fix else [], find_nan_from=None)
        waker.wake("long", folder=str(out / "arms" / "long"), steps=10**9, seconds=600.0, apply=[], find_nan_from=None)
        deadline = time.monotonic() + 120
        # The long arm may end before a bounded one: it is over when the script is.
        while not {"same", "slow", "odd"} <= set(waker.ended) and time.monotonic() < deadline:
            waker.listen(0.1)
        assert {"same", "slow", "odd"} <= set(waker.ended)
    finally:
        waker.close()
    main = read_trace(out / "trace" / "main")
    assert list(main.of(InternalError)) == []
    ended = {}
    for name in ("same", "slow", "odd"):
        trace = read_trace(out / "arms" / name)
        assert list(trace.of(InternalError)) == []
        ended[name] = trace.last(ArmEnded)
        assert ended[name] is not None
    # Without an intervention an arm goes the run's own way, from where the snapshot was taken.
    same = read_trace(out / "arms" / "same").table("loss").column("value")
    assert len(same) >= 20
    assert list(same[:20]) == list(main.table("loss").column("value")[:20])
    assert ended["slow"].took_hold
    assert ended["slow"].steps == 30
    assert not ended["odd"].took_hold
    assert ended["odd"].note
    assert [path.name for path in script.parent.iterdir()] == ["train.py"]
    assert gone(waker.pid)


def test_a_late_snapshot_goes_on_from_where_it_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "home" / "train.py"
    script.parent.mkdir()
    script.write_text(textwrap.dedent(SCRIPT.format(loops=str(LOOPS), epochs=140)))
    bare = tmp_path / "bare"
    bare.mkdir()
    python = subprocess.run(
        [sys.executable, str(script)], cwd=bare, env=environment(), capture_output=True, text=True, timeout=120, check=True
    )
    monkeypatch.chdir(script.parent)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    out = tmp_path / "out"
    first, late = Waker(), Waker()
    order = WatchOrder(
        "script", str(script), (), str(out / "trace" / "main"), mode="check", scratch=str(out / "scratch"),
        budget=0.3, allowance=2.0, control=first.fileno_for_child(), late=late.fileno_for_child(),
    )  # fmt: skip
    child = WatchedChild(order, out / "scratch", (first, late), tmp_path / "printed.txt")
    earlier: set[int] = set()
    try:
        assert child.wait(120, lambda: earlier.add(late.pid)) == 0
        assert (tmp_path / "printed.txt").read_text() == python.stdout
        assert (first.planted, first.step, late.planted, late.step) == (True, 0, True, 512)
        for name, fix, args in (("same", None, {}), ("slow", "lower-lr", {"factor": 0.0}), ("told", "scale-inputs", {"mean": [0.0] * 3, "std": [2.0] * 3})):
            late.wake(name, folder=str(out / "arms" / name), steps=550, seconds=60.0, apply=[(fix, args)] if fix else [], find_nan_from=None)
        deadline = time.monotonic() + 120
        while not {"same", "slow", "told"} <= set(late.ended) and time.monotonic() < deadline:
            late.listen(0.1)
    finally:
        first.close()
        late.close()
    main = read_trace(out / "trace" / "main").table("loss")
    values = {}
    for name in ("same", "slow", "told"):
        trace = read_trace(out / "arms" / name)
        assert list(trace.of(InternalError)) == []
        ended = trace.last(ArmEnded)
        assert ended is not None
        assert (ended.took_hold, ended.steps) == (True, 550)
        steps, values[name] = trace.table("loss").column("step"), list(trace.table("loss").column("value"))
        assert (steps[0], len(steps)) == (512, 38)
    assert values["same"] == list(main.column("value")[512:550])
    assert values["same"][0] == values["slow"][0] != values["told"][0]
    assert values["same"][-1] != values["slow"][-1]
    assert [path.name for path in script.parent.iterdir()] == ["train.py"]
    assert all(gone(pid) for pid in earlier | {first.pid, late.pid} if pid)


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
