"""Prediction and target are stretched against each other.

## What happens
Prediction and target differ in shape, (N, 1) against (N,), and the loss stretches them against each other to
(N, N): every prediction is compared with every target.

## How it looks
- The loss settles near the variance of the targets, and all predictions move to their mean.
- `UserWarning: Using a target size (torch.Size([32])) that is different to the input size (torch.Size([32,
  1]))`, which is easily overlooked, and never comes for `((p - y) ** 2).mean()`.
- More data, more epochs, another rate: no difference.

## Why it keeps the loss from falling
The best answer to all targets at once is their mean. Even a perfect prediction would be punished: measured, it
costs 8.016, the constant mean 4.008. Skill 0 is the best that can happen.

## How lossdoctor tells
By an exact bound, from shapes alone: for elementwise loss functions it works out the stretched shape of
prediction and target, for losses written by hand it looks for a broadcast in the graph between them. More pairs
than predictions is a finding; with a hand-written loss only where (N, 1) or (N,) becomes (N, N). A run that
learns well all the same gets a warning. Healthy: every element of the prediction meets one of the target, or it
is stretched along an axis of its own. Not judged: no loss whose shapes can be read.

## Not to be confused with
- `wrong-loss`: the shapes fit, and the function does not.
- `inputs-targets-misaligned`: each prediction has one target, but another sample's.
- A weight of shape (N, 1) that is broadcast on purpose.

## What to do
`squeeze-target`: give both the same shape, and say so in the code.

    pred = model(x).squeeze(-1)                    # (N, 1) -> (N,); not squeeze(), which also eats N = 1
    assert pred.shape == y.shape, (pred.shape, y.shape)
    loss = torch.nn.functional.mse_loss(pred, y)

Keras' own losses put an axis of size 1 right; a loss of your own does not.

## References
- PyTorch documentation, Broadcasting semantics.
- Schoop, Huang, Hartmann 2021, UMLAUT: debugging deep learning programs using program structure and model
  behavior.
"""

from __future__ import annotations

from math import prod

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place

ELEMENTWISE = frozenset({
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "squared_error", "absolute_error", "poisson_nll_loss",
    "binary_cross_entropy_with_logits", "binary_cross_entropy", "soft_margin_loss", "gaussian_nll_loss",
})  # fmt: skip


def judge(signs: Signs) -> Judgement:
    term = signs.loss.term
    graphs = [g for g in signs.wiring.connected if g.broadcast]
    if term is None and not graphs:
        return CAUSE.not_judged("a loss whose prediction and target shapes can be read")
    given: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    out: tuple[int, ...] | None = None
    if term is not None and term.fn in ELEMENTWISE and not term.by_hand:
        given, target = term.input_shape, term.target_shape
        out = broadcast(given, target)
    elif graphs:
        out, given = graphs[0].broadcast[0], graphs[0].broadcast[1]
        target = term.target_shape if term is not None else ()
    if out is None or not given or prod(out) <= prod(given) or prod(given) < 2:
        return CAUSE.healthy("every element of the prediction meets one element of the target")
    if term is None and not _crosswise(out, given):
        return CAUSE.healthy("the prediction is stretched along an axis of its own, not against another sample")
    fine = learned(signs)
    against = f"target {_show(target)}" if target else "the target"
    return finding(
        CAUSE.id,
        f"Prediction {_show(given)} and {against} are stretched to {_show(out)}: every prediction is compared with every "
        "target, and the best that can happen is the mean for all.",
        [
            ("pairs that the loss compares", prod(out), f"{prod(given)}, one for each prediction"),
            ("shape of the prediction", _show(given), ""),
            ("shape of the target", _show(target) if target else "unknown", _show(given)),
            ("lowest loss that can be reached / loss of the constant", 1.0, "0"),
        ],
        confidence=0.55 if fine else 0.97,
        severity="warning" if fine else "error",
        proof="bound",
        where=criterion_place(signs),
        since_step=0,
        panels=("loss", "targets"),
    )


def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of an elementwise operation, by the rules of broadcasting; None where it is impossible."""
    size = max(len(a), len(b))
    left, right = (1,) * (size - len(a)) + a, (1,) * (size - len(b)) + b
    out = []
    for x, y in zip(left, right, strict=True):
        if x != y and 1 not in (x, y):
            return None
        out.append(max(x, y))
    return tuple(out)


def _crosswise(out: tuple[int, ...], given: tuple[int, ...]) -> bool:
    """(N, 1) or (N,) stretched to (N, N): the sign of two axes that were meant to be one."""
    return len(out) >= 2 and out[-1] == out[-2] and max(given) == out[-1]


def _show(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else "(" + ", ".join(map(str, shape)) + ")"


CAUSE = Cause("loss-shape-broadcast", judge, __doc__, needs=("loss",), fixes=("squeeze-target",))
