"""What stands between the last layer and the loss is wrong for this loss.

## What happens
What stands between the last layer and the loss does not suit the loss: softmax before cross entropy, sigmoid
before BCE-with-logits (both do their own), raw scores or probabilities into `NLLLoss`, softmax over a single
unit, or a ReLU, sigmoid, tanh or bare LSTM output on targets beyond its range.

## How it looks
- The loss falls a little and stops at a number that has nothing to do with the data. Softmax twice: 0.3133 for
  2 classes, 0.5514 for 3, 1.4612 for 10, 3.6222 for 100.
- NLL below 0, or falling without end. Binary loss that never gets below 0.69 for negatives.
- Predictions pressed against 0, 1 or -1; or all 0 behind a dead ReLU.

## Why it keeps the loss from falling
The right answer cannot be expressed. A probability between 0 and 1, taken for a score, can favour a class by a
factor of e at most; a bare LSTM output cannot leave (-1, 1). And at the ends of the range the gradient is
almost 0.

## How lossdoctor tells
By structure and exact bounds: it follows the operations from the loss down to the last layer, past mere changes
of shape, looks at the captured predictions (do rows sum to 1? are they log-probabilities?) and works out the
lowest loss that can be reached. For regression, at least 5% of the targets out of range is a finding, and so is
a ReLU output that is 0 on all of the last batches. A run that learns well all the same gets a warning. Healthy:
nothing that squeezes, or targets within its range. Not judged: neither the graph of a loss nor its inputs can
be read.

## Not to be confused with
- `wrong-loss`: the loss does not fit the targets, whatever stands before it.
- `unscaled-targets`: the output is not bounded; it is just far away.
- Healthy: softmax inside attention, sigmoid with `BCELoss`, log-softmax twice, sigmoid on targets in 0 to 1.

## What to do
`drop-head-activation`: hand raw scores to the loss, squash only to report. `add-log-softmax` for `NLLLoss`,
`replace-loss` for a single unit (`BCEWithLogitsLoss`), `scale-targets` or a linear head for regression.
Where a settings file asks for it: `change-setting`.

    scores = self.head(out[:, -1])                         # no activation here
    loss = torch.nn.functional.cross_entropy(scores, y)    # log-softmax inside
    probs = scores.softmax(dim=1)                          # to look at

Keras: `from_logits=True` without an activation, or `from_logits=False` with one; `Dense(1,
activation="sigmoid")`, never `softmax`.

## References
- Goodfellow, Bengio, Courville 2016, Deep learning, section 6.2 (output units).
- Humbatova et al. 2020, Taxonomy of real faults in deep learning systems (arXiv 1910.11015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

SQUASHING = {
    "ReluBackward": ("ReLU", 0.0, math.inf),
    "SigmoidBackward": ("sigmoid", 0.0, 1.0),
    "TanhBackward": ("tanh", -1.0, 1.0),
    "SoftmaxBackward": ("softmax", 0.0, 1.0),
    "SoftplusBackward": ("softplus", 0.0, math.inf),
    "HardtanhBackward": ("hardtanh", -1.0, 1.0),
}
SHAPES = {
    "ViewBackward", "UnsafeViewBackward", "ReshapeAliasBackward", "SqueezeBackward", "UnsqueezeBackward",
    "TransposeBackward", "PermuteBackward", "SelectBackward", "SliceBackward", "CloneBackward", "ToCopyBackward",
    "AliasBackward", "ExpandBackward", "IndexBackward", "CatBackward", "StackBackward", "GatherBackward",
}  # fmt: skip
BARE = ("MkldnnRnnLayerBackward", "CudnnRnnBackward", "MiopenRnnBackward", "LstmMpsBackward")
UNREACHABLE = 0.05


def judge(signs: Signs) -> Judgement:
    graphs = [g for g in signs.wiring.connected if g.chain]
    term = signs.loss.term
    if not graphs and (term is None or not signs.fed.batches):
        return CAUSE.not_judged("a backward pass from a loss whose graph or inputs can be read")
    chain = graphs[0].chain if graphs else ()
    where = criterion_place(signs)
    common = {"where": where, "panels": ("loss", "targets"), "since_step": 0}
    start = next((i for i, op in enumerate(chain) if op == (graphs[0].criterion_op if graphs else "")), 0)
    below = list(chain[start + 1 :])
    logged = bool(below) and any(op in ("LogSoftmaxBackward", "LogBackward") for op in below[:4])
    heads = _head_ops(below)
    fn = term.fn if term is not None else ""
    if fn in ("cross_entropy",) or (chain and chain[start].startswith("NllLoss") and logged):
        rest = _head_ops(below[_index(below, "LogSoftmaxBackward") + 1 :]) if "LogSoftmaxBackward" in below else heads
        squash = next((op for op in rest if op in SQUASHING), None)
        if squash == "SoftmaxBackward" or (squash is None and _rows_are_shares(signs) and fn == "cross_entropy"):
            classes = _classes(signs)
            floor = math.log(1 + (classes - 1) / math.e) if classes else None
            return _found(
                signs, f"Softmax stands before cross entropy, which does its own: the loss cannot go below {floor:.3f} for "
                f"{classes} classes, and its gradients are weak." if floor is not None else
                "Softmax stands before cross entropy, which does its own.",
                [("lowest loss that can be reached", floor, "0"), ("loss at the end", signs.loss.end, "")], 0.95, common,
            )  # fmt: skip
        if squash in ("SigmoidBackward", "ReluBackward", "TanhBackward", "HardtanhBackward"):
            name, low, high = SQUASHING[squash]
            classes = _classes(signs)
            sure = squash != "ReluBackward"
            floor = math.log(1 + (classes - 1) * math.exp(-(high - low))) if sure and classes else None
            return _found(
                signs, f"{name} stands before cross entropy: the scores of the classes are squeezed before the softmax.",
                [("what stands before the loss", name, "nothing: raw scores"), ("lowest loss that can be reached", floor, "0"),
                 ("loss at the end", signs.loss.end, "")], 0.9 if sure else 0.7, common,
            )  # fmt: skip
        if _classes(signs) == 1:
            return _found(
                signs, "Cross entropy over a single class is always 0: nothing can be learned.",
                [("classes in the prediction", 1, "at least 2")], 0.97, common,
            )  # fmt: skip
    if fn == "nll_loss" and not logged:
        values = [b.p for b in signs.fed.batches if b.p is not None]
        if values and max(float(np.nanmax(v)) for v in values) > 1e-4:
            probabilities = _rows_are_shares(signs)
            what = "probabilities" if probabilities else "raw scores"
            return _found(
                signs, f"NLLLoss is fed {what}: it expects log-probabilities, so the loss just pushes one number up "
                "without bound." if not probabilities else "NLLLoss is fed probabilities: it expects their logarithm.",
                [("what NLLLoss is fed", what, "log-probabilities (all <= 0)"), ("loss at the end", signs.loss.end, ">= 0")],
                0.96, common,
            )  # fmt: skip
    if fn == "binary_cross_entropy_with_logits" and "SigmoidBackward" in heads[:2]:
        return _found(
            signs, "Sigmoid stands before BCE-with-logits, which does its own: a probability can only lie between 0.5 and "
            "0.73, and the loss of a negative not below 0.693.",
            [("lowest loss of a negative / of a positive sample", "0.693 / 0.313", "0 / 0"), ("loss at the end", signs.loss.end, "")],
            0.95, common,
        )  # fmt: skip
    if heads[:1] == ["SoftmaxBackward"] and _last_axis(signs) == 1:
        return _found(
            signs, "Softmax over a single unit is constantly 1: the output says nothing.",
            [("units that the softmax runs over", 1, "at least 2")], 0.98, common,
        )  # fmt: skip
    return _bounded(signs, heads, chain, common)


def _bounded(signs: Signs, heads: list[str], chain: tuple[str, ...], common: Mapping[str, object]) -> Judgement:
    """Targets outside of what the last operation can give: an exact bound."""
    if not signs.fed.is_regression or signs.fed.targets is None:
        return CAUSE.healthy("nothing that squeezes stands between the last layer and the loss")
    squash = next((op for op in heads[:2] if op in SQUASHING), None)
    bare = next((op for op in heads[:1] if op in BARE), None) or _bare_recurrence(signs, heads)
    if squash is None and bare is None:
        return CAUSE.healthy("nothing that squeezes stands between the last layer and the loss")
    if (
        bare is not None
        and "RNN" in signs.wiring.recurrent_classes
        and any(c.cell == "rnn_relu" for c in signs.wiring.calls)
    ):
        return CAUSE.healthy("a ReLU recurrence is not bounded above")
    name, low, high = SQUASHING[squash] if squash is not None else ("the bare recurrent output", -1.0, 1.0)
    targets = signs.fed.targets.astype(float)
    targets = targets[np.isfinite(targets)]
    edge = 1e-6 * max(1.0, float(np.abs(targets).max(initial=0.0)))
    outside = float(np.mean((targets < low - edge) | (targets > high + edge))) if targets.size else 0.0
    if outside < UNREACHABLE:
        dead = [b.p for b in signs.fed.batches[-4:] if b.p is not None]
        if (
            squash == "ReluBackward"
            and dead
            and max(float(np.abs(p).max()) for p in dead) == 0.0
            and float(np.abs(targets).max()) > 0
        ):
            return _found(
                signs, "The ReLU on the output is dead: it answers 0 to everything and passes no gradient.",
                [("largest answer on the last batches", 0.0, "as the targets"), ("mean of the targets", float(targets.mean()), "")],
                0.9, common,
            )  # fmt: skip
        return CAUSE.healthy(f"{name} stands before the loss, and {1 - outside:.0%} of the targets lie in its range")
    miss = np.maximum(np.maximum(low - targets, targets - high), 0)
    squared = signs.loss.term is not None and signs.loss.term.fn in ("mse_loss", "squared_error")
    floor = float(np.mean(miss**2 if squared else miss))
    return _found(
        signs, f"{outside:.0%} of the targets lie outside of what {name} can give ({_range(low, high)}): the loss cannot go "
        f"below {floor:.3g}.",
        [("targets out of reach, share", outside, "0"), ("lowest loss that can be reached", floor, "0"),
         ("loss at the end", signs.loss.end, "")],
        0.95 if outside > 0.2 else 0.8, common,
    )  # fmt: skip


def _bare_recurrence(signs: Signs, heads: list[str]) -> str | None:
    """A recurrent layer made of primitive operations (a GRU or RNN on a CPU) whose output is the prediction itself."""
    if not heads or heads[0] in ("AddmmBackward", "MmBackward", "LinearBackward", "BmmBackward", "ConvolutionBackward"):
        return None
    first = [m for m in signs.time.modules if m.step == 0 and m.module]
    if not first or first[-1].cls not in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"):
        return None
    return first[-1].cls if first[-1].shape[-1] == _last_axis(signs) else None


def _found(
    signs: Signs, summary: str, evidence: list[tuple[str, float | int | str | bool | None, str]], sure: float,
    common: Mapping[str, object],
) -> Judgement:  # fmt: skip
    # Below 0 no likelihood of classes can go: what looks like skill there is none.
    impossible = signs.loss.term is not None and signs.loss.term.fn == "nll_loss" and signs.loss.end < 0
    fine = learned(signs) and not impossible
    return finding(
        CAUSE.id, summary, evidence, confidence=0.5 if fine else sure, severity="warning" if fine else "error",
        proof="bound" if any("lowest loss" in e[0] for e in evidence) else "structure", **common,  # type: ignore[arg-type]
    )  # fmt: skip


def _index(ops: list[str], wanted: str) -> int:
    return ops.index(wanted) if wanted in ops else -1


def _head_ops(ops: list[str]) -> list[str]:
    """The operations that are not mere changes of shape, down to the first layer."""
    found = []
    for op in ops:
        if op in SHAPES:
            continue
        found.append(op)
        if op not in SQUASHING and op not in ("LogSoftmaxBackward", "LogBackward", "ClampBackward", "SubBackward"):
            break
    return [op for op in found if op != "SubBackward"]


def _classes(signs: Signs) -> int:
    for b in signs.fed.batches:
        if b.p is not None and b.p.ndim > 1:
            return int(b.p.shape[1])
    return 0


def _last_axis(signs: Signs) -> int:
    for b in signs.fed.batches:
        if b.p is not None and b.p.ndim > 1:
            return int(b.p.shape[-1])
    return 0


def _rows_are_shares(signs: Signs) -> bool:
    """Do the predictions sum to 1 over the classes, all between 0 and 1?"""
    seen = [b.p for b in signs.fed.batches if b.p is not None and b.p.ndim > 1 and b.p.shape[1] > 1]
    if len(seen) < 2:
        return False
    return all(
        float(p.min()) >= 0 and float(p.max()) <= 1 and bool(np.allclose(p.sum(axis=1), 1, atol=1e-4)) for p in seen[:6]
    )


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if math.isfinite(high) else f"from {low:g} up"


CAUSE = Cause(
    "output-activation-mismatch", judge, __doc__, needs=("graph", "targets"),
    fixes=("drop-head-activation", "add-log-softmax", "replace-loss", "scale-targets", "change-setting"),
)  # fmt: skip
