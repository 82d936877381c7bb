"""No step waits for a device: numbers stay where they are until the flush fetches them all together."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
import torch
from standing import standing, train

from lossdoctor.frameworks.torch.fetch import Fetch

WAITS = ("item", "cpu", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__")
# A model's or a parameter's first sight, and the class weights of a loss at its first call: before the first step.
ONCE = {"model_seen", "param_facts", "describe"}
# On a CPU what is fetched is there at once; on a GPU see the test below.
FETCHES = {"_bring", "deliver", "push", "_hand_out"}
# The script's own arrays are looked for among the first batches, and only where these lie on a CPU.
TABLES = {"tables_of", "in_sight"}
# Sampled iterations alone: a replay reads what it has computed; states are compared where that is free (a CPU).
REPLAYS = {"replay", "_carried"}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> tuple[list[set[str]], dict[str, Any]]:
    seen: list[set[str]] = []
    state: dict[str, Any] = {"own": None}

    def note(name: str, original: Any) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            own = state["own"]
            if own is not None and own.working():
                frames = {frame.name for frame in traceback.extract_stack()}
                seen.append({name, *(f for f in frames if not f.startswith("test_"))})
            return original(self, *args, **kwargs)

        return method

    for name in WAITS:
        if hasattr(torch.Tensor, name):
            monkeypatch.setattr(torch.Tensor, name, note(name, getattr(torch.Tensor, name)))
    return seen, state


@pytest.mark.parametrize("dense", [False, True])
def test_no_step_waits(dense: bool, waits: tuple[list[set[str]], dict[str, Any]], tmp_path: Path) -> None:
    seen, state = waits
    with standing(tmp_path, dense=dense) as watching:
        if not dense:
            watching.sampler.wants = lambda iteration: False  # type: ignore[method-assign]
        train(4)
        state["own"] = watching.own
        seen.clear()
        train(12)
        state["own"] = None
    allowed = ONCE | FETCHES | TABLES | (REPLAYS if dense else set())
    waiting = [sorted(frames - {"<module>", "train"}) for frames in seen if not frames & allowed]
    assert waiting == []


class Event:
    """Stands for torch.cuda.Event: done when told."""

    done = False

    def record(self) -> None: ...

    def query(self) -> bool:
        return Event.done

    def synchronize(self) -> None:
        Event.done = True


class Elsewhere:
    type = "cuda"


def test_a_copy_from_a_gpu_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same way that a CUDA tensor goes, with the events of a device that takes its time."""
    monkeypatch.setattr(torch.cuda, "Event", Event)
    real = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *a, pin_memory=False, **k: real(*a, **k))
    fetch = Fetch()
    got: list[Any] = []
    Event.done = False
    fetch._bring(torch.arange(3.0), Elsewhere(), got.append)  # type: ignore[arg-type]
    fetch.push()
    assert got == []
    Event.done = True
    fetch.push()
    assert [list(values) for values in got] == [[0.0, 1.0, 2.0]]
    Event.done = False
    fetch._bring(torch.arange(2.0), Elsewhere(), got.append)  # type: ignore[arg-type]
    fetch.drain()
    assert [list(values) for values in got] == [[0.0, 1.0, 2.0], [0.0, 1.0]]
