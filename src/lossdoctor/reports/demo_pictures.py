"""The what-ifs and the pictures of the demo report, the same on every machine."""

from __future__ import annotations

import math
import random

from lossdoctor.words import Arm, HeatPanel, LinePanel, Series, TablePanel

__all__ = ["STEPS", "demo_arms", "demo_panels"]

STEPS = 480


def demo_arms() -> tuple[Arm, ...]:
    """A control, a cure, a help, three that do nothing, one that harms, one that did not take hold."""
    xs = tuple(float(step) for step in range(0, 301, 6))

    def arm(
        fix: str,
        args: dict[str, float],
        title: str,
        outcome: str,
        end: float,
        tau: float,
        noise: float = 0.012,
    ) -> Arm:
        dice = random.Random(title)
        ys = tuple(round(end * (1 - math.exp(-x / tau)) + dice.gauss(0, noise), 4) for x in xs)
        return Arm(fix, args, title, outcome, 300, end, round(1.98 * (1 - end), 3), (xs, ys), seconds=0.7)

    return (
        arm("none", {}, "as it is", "no difference", 0.02, 30.0, 0.03),
        arm("lower-lr", {"lr": 0.002}, "a tenth of the rate", "cures", 0.912, 60.0),
        arm("lower-lr", {"lr": 0.0002}, "a hundredth of the rate", "helps", 0.41, 160.0),
        arm("clip", {"norm": 1.0}, "clip the gradient at 1", "no difference", 0.03, 40.0, 0.03),
        arm("scale-targets", {}, "targets standardised", "no difference", 0.05, 40.0, 0.03),
        arm("forget-bias", {"value": 1.0}, "forget bias 1", "no difference", 0.01, 40.0, 0.03),
        arm("use-sgd", {"lr": 0.1, "momentum": 0.9}, "SGD with momentum", "worse", -0.22, 50.0, 0.04),
        Arm(
            "no-dropout",
            {},
            "no dropout",
            "did not take hold",
            0,
            None,
            None,
            ((), ()),
            note="dropout is called as a function; no module to switch off",
        ),
    )


def demo_panels() -> tuple[LinePanel | HeatPanel | TablePanel, ...]:
    """One picture of each kind, and one on a log scale."""
    dice = random.Random(7)
    steps = tuple(float(k) for k in range(STEPS))
    drift, loss = 0.0, []
    for k in range(STEPS):
        drift = 0.9 * drift + dice.gauss(0, 0.07)
        start, level = (2.6, 0.52) if k < 160 else (3.1, 1.96)
        fall = math.exp(-(k % 160 if k < 160 else k - 160) / 14)
        value = level + (start - level) * fall + drift * (0.3 if k < 160 else 1)
        loss.append(None if k in (301, 302, 303) else round(value + dice.gauss(0, 0.05), 4))
    ratio = tuple(round(10 ** (-0.85 + 0.25 * math.sin(k / 23) + dice.gauss(0, 0.1)), 6) for k in range(STEPS))
    head = tuple(round(10 ** (-2.1 + 0.2 * math.sin(k / 31 + 1) + dice.gauss(0, 0.1)), 6) for k in range(STEPS))
    back = tuple(range(0, 50, 2))
    heat = tuple(
        tuple(
            round(-back_steps * (0.02 + 0.19 * (1 - math.exp(-column / 5))) + dice.gauss(0, 0.12), 3)
            if not (column == 3 and back_steps > 20)
            else None
            for column in range(24)
        )
        for back_steps in back
    )
    return (
        LinePanel(
            "loss",
            "Loss, and what a constant would get",
            "A run that learns leaves the dashed level of the best constant and goes down.",
            "step",
            "mean squared error",
            (Series("training loss", steps, tuple(loss)),),
            levels=((2.02, "best constant"),),
            marks=((160.0, "second training"),),
        ),
        LinePanel(
            "updates",
            "How far each step moves the weights",
            "Norm of the update over norm of the weights. Healthy between the two levels.",
            "step",
            "update / weight",
            (Series("lstm.weight_hh_l1", steps, ratio), Series("head.weight", steps, head, "other")),
            log_y=True,
            levels=((3e-2, "upper healthy"), (1e-4, "lower healthy")),
        ),
        HeatPanel(
            "through-time",
            "The gradient on its way back through time",
            "Each column is one sampled step of training. Dark below means that the loss no longer "
            "tells the net anything about inputs that far back.",
            "training step",
            "time steps back",
            heat,
            tuple(str(k * 20) for k in range(24)),
            tuple(str(k) for k in back),
            log=True,
            unit="dL/dh relative to the last step",
        ),
        TablePanel(
            "batches",
            "The first batches",
            "Means that drift from batch to batch betray an order.",
            ("batch", "rows", "mean of target", "loss"),
            ((0, 64, -1.21, 3.4), (1, 64, -1.02, 2.9), (2, 64, -0.55, 2.31), (3, 64, 0.12, 2.02)),
        ),
    )
