"""Faults at the head and in the forward pass that stand in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from base import Base, NotHere
from fault import Fault
from parts import edit, layers
from source import change_calls, named, with_argument, without_keyword

ENTROPY = ("cross_entropy", "CrossEntropyLoss")
SQUARED = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
BINARY = ("binary_cross_entropy_with_logits",)
CRITERIA = ("criterion", "loss_fn", "loss_function", "objective", "cost")
RECURRENT = ("LSTM", "GRU", "RNN")


def faults(base: Base) -> Iterator[Fault]:
    def fault(name: str, causes: tuple[str, ...], change: Callable[[str], str]) -> Fault:
        return Fault(name, causes, edit(change), readable=True)

    def first(wrap: str) -> Callable[[str], str]:
        names = {"cross-entropy": ENTROPY[:1], "bce": BINARY, "nll": ("nll_loss",)}.get(base.loss, SQUARED)
        return lambda t: change_calls(t, named(*names, *CRITERIA), lambda c: with_argument(c, 0, wrap))

    if base.loss == "cross-entropy":
        yield fault("softmax-before-cross-entropy", ("output-activation-mismatch",), first("torch.softmax({}, -1)"))
        yield fault("sigmoid-before-cross-entropy", ("output-activation-mismatch",), first("torch.sigmoid({})"))
    elif base.loss == "bce":
        yield fault("sigmoid-before-logits-loss", ("output-activation-mismatch",), first("torch.sigmoid({})"))
    elif base.loss in ("mse", "mae", "huber"):
        yield fault("relu-on-the-output", ("output-activation-mismatch",), first("torch.relu({})"))
        yield fault("sigmoid-on-the-output", ("output-activation-mismatch",), first("torch.sigmoid({})"))
        yield fault("prediction-with-one-axis-more", ("loss-shape-broadcast",), first("({}).unsqueeze(-1)"))
    yield fault(
        "time-first", ("batch-first-mismatch",),
        lambda t: change_calls(t, named(*RECURRENT), lambda c: without_keyword(c, "batch_first")),
    )  # fmt: skip
    yield fault(
        "axes-mixed-by-a-reshape", ("axes-mixed", "batch-first-mismatch"),
        lambda t: change_calls(
            t, lambda c: any(named(n)(c) for n in layers(t, *RECURRENT)),
            lambda c: with_argument(c, 0, "(lambda v: v.reshape(v.shape[1], v.shape[0], -1).transpose(0, 1))({})"),
        ),
    )  # fmt: skip
    yield fault("first-step-read", ("wrong-timestep",), first_step)


def first_step(text: str) -> str:
    if "[:, -1]" not in text:
        raise NotHere("no last step is read")
    return text.replace("[:, -1]", "[:, 0]")
