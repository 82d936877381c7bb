"""A failure inside the watcher is noted and the run goes on, whichever part it is that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from standing import alike, standing, trace_of, train

from lossdoctor.frameworks.torch import (
    batches,
    fetch,
    gradients,
    knob,
    moves,
    optimizers,
    places,
    recurrent,
    step_rows,
    terms,
    watcher,
)
from lossdoctor.trace.events import InternalError

PARTS: dict[str, tuple[type, str]] = {
    name: (owner, name.rpartition(".")[2])
    for owner, names in (
        (watcher.Watcher, "on_module_begin on_module_end on_criterion on_backward_begin on_backward_end on_step_begin "
         "on_step_end on_no_grad flush site _look_at_graph _model_came"),
        (optimizers.Optimizers, "number_of"),
        (step_rows.StepRows, "add on_clip on_scheduler"),
        (moves.Moves, "copy measure"),
        (gradients.GradientUses, "look_back after_backward at_update remember"),
        (places.Places, "here"),
        (recurrent.Recurrences, "on_layer on_cell replay"),
        (terms.Terms, "called backward from_graph"),
        (batches.Batches, "saw_input saw_pair saw_activation saw_held_back"),
        (fetch.Fetch, "push put"),
    )
    for name in (f"{owner.__name__}.{n}" for n in names.split())
}  # fmt: skip


def fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("a fault of ours")


@pytest.fixture(scope="module")
def bare() -> list[torch.Tensor]:
    return train()


@pytest.mark.parametrize("name", list(PARTS))
def test_one_part_fails(name: str, bare: list[torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    owner, attribute = PARTS[name]
    monkeypatch.setattr(watcher, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(owner, attribute, fails)
    with standing(tmp_path):
        after = train()
        monkeypatch.undo()
    assert alike(after, bare)
    errors = trace_of(tmp_path).of(InternalError)
    assert errors
    assert all("a fault of ours" in error.text for error in errors)
    assert capsys.readouterr() == ("", "")


def test_all_parts_fail(bare: list[torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, attribute in PARTS.values():
        monkeypatch.setattr(owner, attribute, fails)
    with standing(tmp_path):
        after = train()
        monkeypatch.undo()
    assert alike(after, bare)
    assert trace_of(tmp_path).of(InternalError)


def test_the_trace_fails(bare: list[torch.Tensor], tmp_path: Path) -> None:
    def unwritable(*_: Any) -> None:
        raise MemoryError

    with standing(tmp_path) as watching:
        watching.writer.event = unwritable  # type: ignore[method-assign]
        after = train()
        assert watching.guard.off
        del watching.writer.event
    assert alike(after, bare)


def test_a_part_that_fails_is_switched_off_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrent.Recurrences, "on_cell", fails)
    with standing(tmp_path) as watching:
        train()
        assert watching.guard.broken == {"cell"}
        assert not watching.guard.off
    trace = trace_of(tmp_path)
    assert len(trace.of(InternalError)) == 3
    assert len(trace.table("step")) == 8


@pytest.mark.parametrize("method", ["first_forward", "inputs", "criterion", "before_step", "after_step", "after_backward", "clip"])
def test_a_knob_fails(method: str, bare: list[torch.Tensor], tmp_path: Path) -> None:
    class Broken(knob.Knob):
        inputs_wanted = True

    setattr(Broken, method, fails)
    with standing(tmp_path, Broken()):
        after = train()
    assert alike(after, bare)
    assert trace_of(tmp_path).of(InternalError)[0].where == "knob"


def test_a_gradient_hook_fails(bare: list[torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(self: Any, tensor: torch.Tensor, *_: Any) -> None:
        call: Callable[..., Any] = self.watcher.guard.surely
        assert tensor.grad_fn is not None
        tensor.grad_fn.register_prehook(lambda grads: call("gradient", fails, grads))

    monkeypatch.setattr(recurrent.Recurrences, "_keep_gradient", keep)
    with standing(tmp_path):
        after = train()
    assert alike(after, bare)
    assert any(error.where == "gradient" for error in trace_of(tmp_path).of(InternalError))
