"""A view or reshape mixes batch, time and features.

## What happens
`view` and `reshape` cut the same row of numbers anew; they do not move axes. `x.view(batch, features, time)` in
the place of `transpose`, `h_n.view(batch, -1)` of (layers, batch, hidden), or (time, batch) outputs flattened
beside (batch, time) targets: the shapes come out right, and the numbers belong to others.

## How it looks
- No error; the loss stays at that of a constant guess or falls a little.
- An answer changes when other samples of its batch do.
- Evaluating one sample at a time gives other answers.

## Why it keeps the loss from falling
Each answer is computed from a mixture of samples, or each target is held against another sample's answer. What
belongs together is not on the path.

## How lossdoctor tells
By dependence, on a copy of the net in evaluation mode: an output must depend on no other sample. If some do and
some do not, in another pattern than that of swapped axes, that is a finding; if all depend on all, it may be
meant (statistics of the batch). Where shapes do not tell which axis is the batch, the outputs must besides depend on
less than half of their own steps, which no swap of axes brings about. And within a sample: if each number x[t, f] reaches exactly the step of the
recurrence that a view gives it, and those steps are no whole time steps, times and features were mixed. By data,
where the loss gets a row for each step of each sample: if a simple learner can tell the targets from the inputs in the order of the other
axis and not in the order in which the outputs are flattened, the pairs are wrong. It is a warning where the run
learns well. Healthy: samples stay apart, and steps whole. Not judged: the probe could not be made.

## Not to be confused with
- `batch-first-mismatch`: the layer runs over the batch, in a pattern of its own.
- `loss-shape-broadcast`: prediction and target of two shapes that stretch.
- `inputs-targets-misaligned`: the data themselves are paired wrongly.
- A view that keeps axes in their order, as (batch, time, hidden) to (batch * time, hidden): healthy.

## What to do
`permute-axes`: move axes with `transpose` or `permute`, then flatten.

    x = x.transpose(1, 2)                       # (batch, time, features) -> (batch, features, time)
    h = h_n.transpose(0, 1).flatten(1)          # (layers, batch, hidden) -> (batch, layers * hidden)
    logits = out.transpose(0, 1).flatten(0, 1)  # (time, batch, classes), beside targets (batch, time)

Keras: `Permute` moves axes, `Reshape` does not.

## References
- PyTorch documentation, Tensor.view and Tensor.permute.
- Karpathy 2019, A recipe for training neural networks ("use backprop to chart dependencies").
"""

from __future__ import annotations

import numpy as np

from ...baselines.learner import reference
from ...signs import Signs
from ...signs.standing import learned
from ...trace.events import Probed
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place

ALL = 0.9
CONTEXT = 3

TORN = 0.5
"""Share of its own time steps below which an output has lost its own sequence."""


def judge(signs: Signs) -> Judgement:
    probe = signs.time.dependence
    if not signs.wiring.calls:
        return CAUSE.not_judged("a recurrent layer")
    if probe is None or not probe.ok:
        reason = probe.facts.get("reason", "") if probe is not None else "the run was not probed"
        return CAUSE.not_judged(f"a probe of which inputs each output depends on ({reason})")
    fine = learned(signs)
    cut = int(probe.numbers.get("cut_features", 0))
    if cut:
        shape = probe.facts["input"]
        return finding(
            CAUSE.id,
            f"The recurrence gets its input cut anew: of {shape} (batch, time, features), steps of {cut} numbers each, which "
            "mix times and features.",
            [("numbers in a step of the recurrence", cut, "a multiple of the features"), ("input", shape, "")],
            confidence=0.5 if fine else 0.95, severity="warning" if fine or (signs.loss.skill or 0) >= 0.5 else "error",
            where=recurrent_place(signs), since_step=0, panels=("loss",),
        )  # fmt: skip
    cross = probe.numbers["cross"]
    if cross <= 0:
        return _pairs(signs, probe)
    # Whichever axis is the batch: where axes are only swapped, an output depends on every step of its own.
    torn = probe.numbers["own"] < TORN and probe.numbers["own_index_only"] <= 0.5
    if probe.facts.get("axis") == "guessed" and not torn:
        return CAUSE.not_judged("targets whose shape tells which axis of the input is the batch")
    if _swapped(signs, probe):
        return CAUSE.healthy("samples depend on each other in the pattern of swapped axes (batch-first-mismatch)")
    if cross >= ALL:
        return CAUSE.healthy("every output depends on every sample of its batch, as statistics of the batch make it")
    return finding(
        CAUSE.id,
        f"Outputs depend on other samples of their batch: {cross:.0%} of the pairs that should have nothing to do with each "
        "other. A view or reshape cuts across the batch.",
        [
            ("outputs that depend on another sample, share of pairs", cross, "0"),
            ("share of its own time steps that an output depends on", probe.numbers["own"], "near 1"),
            ("input", probe.facts["input"], ""),
        ],
        confidence=0.5 if fine else 0.93, severity="warning" if fine else "error", where=recurrent_place(signs), since_step=0,
        panels=("loss",),
    )  # fmt: skip


def _swapped(signs: Signs, probe: Probed) -> bool:
    shape = tuple(int(v) for v in probe.facts["input"].split("x"))
    batch_axis = int(probe.facts["batch_axis"])
    one_way = min(probe.numbers["to_earlier"], probe.numbers["to_later"]) == 0
    if probe.numbers["own_index_only"] > 0.5 and one_way:
        return True
    for call in signs.wiring.calls:
        if call.packed or len(call.input_shape) != 3 or call.cell.endswith("cell"):
            continue
        same = tuple(call.input_shape[:2]) == shape[:2]
        if same and (1 if call.batch_first else 0) == batch_axis and (one_way or call.bidirectional):
            return True
    return False


def _pairs(signs: Signs, probe: Probed) -> Judgement:
    """Outputs flattened in one order of axes beside targets flattened in the other."""
    calm = CAUSE.healthy("the output of a sample depends on no other sample")
    chain = signs.wiring.connected[0].chain if signs.wiring.connected else ()
    if learned(signs) or any("Transpose" in op or "Permute" in op for op in chain):
        return calm
    axis = int(probe.facts["batch_axis"])
    by_time = (
        bool(probe.numbers.get("by_time")) if probe.facts.get("flat") == "yes" else probe.facts.get("first_axis") == "time"
    )
    skills = _orders(signs, axis)
    if skills is None:
        return calm
    as_read, other = (skills[1], skills[0]) if by_time else skills
    if not (other > 0.3 and as_read < 0.2 * other and (signs.loss.skill or 0) < 0.5):
        return calm
    return finding(
        CAUSE.id,
        "Outputs and targets are flattened in different orders of batch and time: each answer is held against another sample's "
        "target.",
        [
            ("skill of a simple learner, pairs in the order of the outputs", as_read, ""),
            ("the same, in the order of the other axis", other, "the lower of the two"),
            ("skill of the run", signs.loss.skill, ""),
        ],
        confidence=0.9, severity="error", where=criterion_place(signs), since_step=0, panels=("loss",),
    )  # fmt: skip


def _orders(signs: Signs, axis: int) -> tuple[float, float] | None:
    """How well a simple learner tells flat targets from the last inputs, taken sample by sample and taken step by
    step; None where the targets are not flat rows for each step of each sample."""
    pairs: tuple[list[tuple[np.ndarray, np.ndarray]], list[tuple[np.ndarray, np.ndarray]]] = ([], [])
    for batch in signs.fed.batches[:16]:
        x, y = batch.x, batch.y
        if x is None or y is None or x.ndim < 2 or y.ndim != 1 or min(x.shape[:2]) < 3 or len(y) != x.shape[0] * x.shape[1]:
            continue
        samples = x if axis == 0 else np.swapaxes(x, 0, 1)
        n, steps = samples.shape[:2]
        windows = np.stack([samples[:, max(0, t - CONTEXT + 1) : t + 1] for t in range(CONTEXT - 1, steps)], axis=1)
        for kept, order in zip(pairs, (y.reshape(n, steps), y.reshape(steps, n).T), strict=True):
            kept.append((windows.reshape(-1, *windows.shape[2:]), order[:, CONTEXT - 1 :].reshape(-1)))
    if not pairs[0]:
        return None
    answers = [reference(list(p), signs.fed.is_classes) for p in pairs]
    if answers[0] is None or answers[1] is None:
        return None
    return answers[0].skill, answers[1].skill


CAUSE = Cause("axes-mixed", judge, __doc__, needs=("dependence", "data"), fixes=("permute-axes",))
