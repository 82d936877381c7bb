"""Law 1: a watched run is the same run. Loops of every style, each iteration looked into: the same bytes
printed, the same warnings at the same lines, and bit for bit the same weights, states and random numbers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
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


SCRIPTS = {
    "ends_in_an_error": """
        import torch, torch.nn as nn, torch.nn.functional as F
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn, self.head = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 1)
            def forward(self, x):
                if x.sum() != x.sum():
                    raise ValueError("not a number")
                return self.head(self.rnn(x)[0][:, -1])
        def train(model, opt, steps):
            for i in range(steps):
                x = torch.full((2, 5, 3), float("nan") if i == 4 else 1.0)
                opt.zero_grad()
                F.mse_loss(model(x), torch.zeros(2)).backward()
                opt.step()
        model = Net()
        train(model, torch.optim.Adam(model.parameters()), 9)
    """,
    "ends_in_an_error_of_the_backward_pass": """
        import torch
        model = torch.nn.GRU(3, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        class Fails(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x): return x.clone()
            @staticmethod
            def backward(ctx, g): raise ArithmeticError("on purpose")
        for i in range(5):
            out = model(torch.ones(3, 2, 3))[0].sum()
            (Fails.apply(out) if i == 3 else out).backward()
            opt.step()
            print(i)
    """,
    "interrupts_itself": """
        import os, signal, torch
        model = torch.nn.LSTM(3, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        try:
            for i in range(9):
                opt.zero_grad(); model(torch.ones(3, 2, 3))[0].sum().backward(); opt.step()
                if i == 5: os.kill(os.getpid(), signal.SIGINT)
        finally:
            print("cleaned up after", i)
    """,
    "exits_from_the_loop": """
        import sys, torch, atexit
        model = torch.nn.LSTM(3, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        atexit.register(lambda: print("at exit", float(opt.param_groups[0]["lr"])))
        for i in range(9):
            opt.zero_grad(); model(torch.ones(3, 2, 3))[0].sum().backward(); opt.step()
            if i == 5: sys.exit(7)
    """,
    "never_trains": """
        import torch, warnings
        warnings.warn("mine")
        with torch.no_grad(): print(torch.nn.LSTM(3, 4)(torch.ones(2, 3))[0].shape)
    """,
    "never_imports_torch": """
        import sys
        print([n for n in ("torch", "keras", "tensorflow", "numpy", "pandas", "sklearn") if n in sys.modules])
    """,
    "sets_threads_first": """
        import os
        os.environ["OMP_NUM_THREADS"] = "1"
        import torch
        print(torch.get_num_threads())
        os.environ.setdefault("PYTORCH_JIT", "1")
    """,
    "saves_and_loads_its_model": """
        import torch, pickle, hashlib, pathlib, copy
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.rnn, self.head, self.loss = torch.nn.LSTM(3, 4), torch.nn.Linear(4, 1), torch.nn.functional.mse_loss
            def forward(self, x): return self.head(self.rnn(x)[0][-1])
        torch.manual_seed(0)
        model = Net()
        opt = torch.optim.Adam(model.parameters())
        for i in range(6):
            opt.zero_grad()
            model.loss(model(torch.randn(5, 2, 3)), torch.zeros(2, 1)).backward()
            opt.step()
            torch.save(model, f"model-{i}.pt")
        kept = pickle.dumps((model, opt, copy.deepcopy(model)))
        print(len(kept), len(pickle.loads(kept)))
        torch.save(opt.state_dict(), "opt.pt")
        again = torch.load("model-5.pt", weights_only=False)
        print(all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters())))
        for path in sorted(pathlib.Path(".").iterdir()):
            print(path, hashlib.sha256(path.read_bytes()).hexdigest())
    """,
    "loads_with_workers": """
        import sys, os, torch
        from torch.utils.data import DataLoader, Dataset
        class Data(Dataset):
            def __len__(self): return 24
            def __getitem__(self, i):
                layer = torch.nn.Linear(3, 3)
                torch.nn.functional.mse_loss(layer(torch.ones(2, 3)), torch.zeros(2, 3)).backward()
                return torch.full((5, 3), float(i)) + torch.randn(5, 3), torch.tensor([float(i)])
        if __name__ == "__main__":
            for context in sys.argv[1:]:
                torch.manual_seed(1)
                model, head = torch.nn.LSTM(3, 4, batch_first=True), torch.nn.Linear(4, 1)
                opt = torch.optim.Adam([*model.parameters(), *head.parameters()])
                for epoch in range(2):
                    for x, y in DataLoader(Data(), 4, shuffle=True, num_workers=2, multiprocessing_context=context):
                        opt.zero_grad()
                        loss = torch.nn.functional.mse_loss(head(model(x)[0][:, -1]), y)
                        loss.backward()
                        opt.step()
                        print(epoch, loss.item())
    """,
}


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


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plain_loops", "dense"), ("rnn_loops", "dense"), ("compiled_loops", "dense"), ("plain_loops", "seldom"),
        pytest.param("rnn_loops", "seldom", marks=pytest.mark.slow),
        pytest.param("compiled_loops", "seldom", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_loops(name: str, how: str, tmp_path: Path) -> None:
    bare, watched, trace = both(LOOPS / f"{name}.py", how=how, tmp_path=tmp_path)
    assert bare.status == 0
    assert " raised" not in bare.out
    assert lines(watched.out) == lines(bare.out)
    assert lines(watched.err) == lines(bare.err)
    assert watched == bare
    assert list(trace.of(InternalError)) == []
    ended = trace.last(RunEnded)
    assert ended is not None
    assert ended.how == "finished"
    assert ended.steps > 40


@pytest.mark.slow
def test_loops_compiled_by_inductor(tmp_path: Path) -> None:
    bare, watched, trace = both(LOOPS / "compiled_loops.py", how="dense", tmp_path=tmp_path, BACKEND="inductor")
    assert lines(watched.out) == lines(bare.out)
    assert watched == bare
    assert list(trace.of(InternalError)) == []


@pytest.mark.parametrize("name", list(SCRIPTS))
def test_whole_programs(name: str, tmp_path: Path) -> None:
    script = tmp_path / f"{name}.py"
    script.write_text(textwrap.dedent(SCRIPTS[name]))
    args = ("fork", "spawn") if name == "loads_with_workers" else ()
    more = {"OMP_NUM_THREADS": ""} if name == "sets_threads_first" else {}
    bare, watched, trace = both(script, *args, how="dense", tmp_path=tmp_path, **more)
    assert lines(watched.err) == lines(bare.err)
    assert watched == bare
    assert files(tmp_path / "watched") == files(tmp_path / "bare")
    assert list(trace.of(InternalError)) == []
    ended = trace.last(RunEnded)
    assert ended is not None
    expected = {
        "ends_in_an_error": ("error", 1, 4), "ends_in_an_error_of_the_backward_pass": ("error", 1, 3),
        "interrupts_itself": ("interrupted", 130, 6), "exits_from_the_loop": ("exit", 7, 6), "never_trains": ("finished", 0, 0),
        "loads_with_workers": ("finished", 0, 24), "saves_and_loads_its_model": ("finished", 0, 6),
    }  # fmt: skip
    if name in expected:
        assert (ended.how, ended.status, ended.steps) == expected[name]
    if name == "sets_threads_first":
        assert watched.out == "1\n"
    if name == "never_imports_torch":
        assert watched.out == "[]\n"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
