"""How many trainings a run holds, and how many updates, in loops of every style."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from standing import standing, trace_of

from lossdoctor.commands.diagnose import examined, trainings
from lossdoctor.trace.events import InternalError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "contract" / "loops"))
import plain_loops
import rnn_loops

# name: (trainings, updates)
EXPECTED: dict[str, tuple[int, int]] = {
    "plain": (1, 12), "trainer_class_forward_called_directly_loss_by_hand": (1, 9), "two_trainings": (2, 18),
    "adversaries_take_turns": (1, 12), "closures": (1, 4), "update_by_hand_data_add": (1, 7),
    "update_by_hand_no_grad_and_reassigned": (1, 7), "no_module_at_all": (1, 7), "gradients_asked_for": (1, 5),
    "two_losses_at_once": (1, 6), "checkpointed_both_ways": (2, 16),
    "sparse_gradients": (1, 12), "frozen_and_unfrozen": (1, 8), "not_a_number": (1, 8), "tied_weights_and_tokens": (1, 9),
    "lazy_modules": (1, 5), "changed_in_place_after_it_was_seen": (1, 6), "scaled_gradients": (1, 7),
    "functional_recurrence": (1, 5), "cells_in_a_loop": (3, 24), "state_carried_detached_and_attached": (1, 5),
    "teacher_and_student": (1, 5),
}  # fmt: skip


@pytest.mark.parametrize("name", list(EXPECTED))
def test_trainings(name: str, tmp_path: Path, capsys: Any) -> None:
    torch.manual_seed(7)
    loops: dict[str, Callable[[], Any]] = {**vars(plain_loops), **vars(rnn_loops)}
    with standing(tmp_path) as watching:
        loops[name]()
    trace = trace_of(tmp_path)
    assert list(trace.of(InternalError)) == []
    assert (len(trainings(trace)), watching.updates) == EXPECTED[name]
    assert len(trace.table("loss")) >= EXPECTED[name][1] // 2
    for diagnosis in examined(trace):
        assert list(diagnosis.errors) == []
        assert "wrong-mode" not in {f.cause for f in diagnosis.findings}
        if name in ("adversaries_take_turns", "checkpointed_both_ways"):
            continue  # losses that pull against each other, a few noisy steps: held to elsewhere
        # A dozen steps prove nothing: whatever is an error after so few must be a structural one.
        assert {f.cause for f in diagnosis.findings if f.severity == "error"} <= {"nan-loss", "detached-graph", "missing-zero-grad"}
