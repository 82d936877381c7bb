"""A realistic report, to look at every renderer without a run: `python -m lossdoctor.reports.demo`.

python -m lossdoctor.reports.demo                    the terminal's report
python -m lossdoctor.reports.demo html > page.html   any other format
python -m lossdoctor.reports.demo all FOLDER         one file a format
"""

from __future__ import annotations

import sys
from pathlib import Path

from lossdoctor.words import (
    CausePage,
    Evidence,
    Finding,
    FixProposal,
    Healthy,
    NotJudged,
    Place,
    Report,
    Training,
)

from .demo_pictures import STEPS, demo_arms, demo_panels

__all__ = ["demo_report", "main"]

_SOURCE = {
    "train.py": {
        20: "train_set = TensorDataset(x[:split], y[:split])",
        21: "held_back = TensorDataset(x[split:], y[split:])",
        22: "loader = DataLoader(train_set, batch_size=64)",
        23: "",
        24: "class Forecaster(nn.Module):",
        38: "model = Forecaster(features=7, hidden=64, layers=2)",
        39: "criterion = nn.MSELoss()",
        40: "# Adam is said to be robust",
        41: "optimizer = torch.optim.Adam(model.parameters(), lr=0.02)",
        42: "",
        43: "for epoch in range(8):",
        56: "    with torch.no_grad():",
        57: "        # held-back loss",
        58: "        val = sum(criterion(model(a), b).item() for a, b in val_loader) / len(val_loader)",
        59: "    print(epoch, val)",
    }
}

_PAGE = CausePage(
    id="lr-too-high",
    family="steps",
    title="The learning rate is too high",
    sections=(
        (
            "What happens",
            "Each update overshoots the valley it is walking down. The loss rises along its own "
            "gradient, or the weights are thrown somewhere **flat**, where the gates are saturated "
            "and no gradient is left to come back.",
        ),
        (
            "How it looks",
            "- the loss falls for a few steps, then sticks near the level of the best constant\n"
            "- updates of more than `3e-2` of the weights' norm, step after step\n"
            "- with gated cells there is often **no** NaN: gates are bounded, so the run stalls",
        ),
        (
            "How lossdoctor tells",
            "From a snapshot before the first update the same script goes on with a tenth of the "
            "rate. If that learns and this does not, the rate is the cause.",
        ),
        (
            "Not to be confused with",
            "`exploding-gradients`: there the gradient itself grows with time steps.",
        ),
        ("What to do", "Divide the rate by ten. Warm it up over the first few hundred steps."),
        (
            "References",
            "Cohen et al. 2021, [Gradient descent at the edge of stability]"
            "(https://arxiv.org/abs/2103.00065); Smith 2017 (1506.01186).",
        ),
    ),
    fixes=("lower-lr", "warm-up"),
    needs=("trace", "what-if"),
)


def demo_report() -> Report:
    """An LSTM forecaster whose rate is too high, with one of everything that a report can hold."""
    return Report(
        script="train.py",
        framework="torch",
        version="0.1.0",
        versions={"python": "3.12.4", "torch": "2.13.0", "numpy": "2.3.1"},
        verdict="stalled",
        answer="It does not learn: after 480 steps the loss is 98 % of what the best constant gets, "
        "and a tenth of the learning rate cures it.",
        steps=STEPS,
        seconds=31.2,
        seed=0,
        skill=0.02,
        skill_held_back=-0.01,
        overhead=0.011,
        findings=_findings(),
        healthy=_healthy(),
        not_judged=(
            NotJudged("state-not-reset", "at least 2 epochs; saw 1: try --steps 2000"),
            NotJudged("overfitting", "a held-back loss; the script computes none before step 480"),
            NotJudged("low-precision-overflow", "half precision; this run is float32"),
        ),
        notes=(
            "checkpoints were written to lossdoctor-out/scratch, not to runs/",
            "2 of 482 losses were not tied to a backward and are left out",
        ),
        trainings=(
            Training(0, "Encoder, reconstruction", "learning", 0.74, 0.71, 160),
            Training(1, "Forecaster", "stalled", 0.02, -0.01, 320, first_step=160),
        ),
        arms=demo_arms(),
        baselines={"last value": 0.61, "seasonal": 0.78, "ridge on lags": 0.83},
        panels=demo_panels(),
        pages={"lr-too-high": _PAGE},
        sources=_SOURCE,
        out="lossdoctor-out",
        next_command="lossdoctor explain lr-too-high",
        panel_seconds=6.4,
    )


def _findings() -> tuple[Finding, ...]:
    rate = Finding(
        id="f1",
        cause="lr-too-high",
        severity="error",
        confidence=0.94,
        summary="The learning rate 0.02 is about 10 times too high: with 2e-3 the same steps reach "
        "skill 0.91 instead of 0.02.",
        evidence=(
            Evidence("skill at a tenth of the rate", 0.912, "no better than now (0.02)"),
            Evidence("update / weight, median of steps", 0.131, "1e-4 to 3e-2"),
            Evidence("steps in which the loss rose along its gradient", 31, "under 10 of 40"),
            Evidence("sharpness times rate", 71.4, "under 38 (Adam)"),
        ),
        where=Place("train.py", 41, 49, _SOURCE["train.py"][41]),
        since_step=4,
        fixes=(
            FixProposal(
                "lower-lr",
                {"lr": 0.002},
                "Lower the learning rate to 2e-3",
                "-optimizer = torch.optim.Adam(model.parameters(), lr=0.02)\n"
                "+optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)",
                "safe",
            ),
            FixProposal(
                "warm-up",
                {"steps": 200},
                "Warm the rate up over 200 steps",
                "Make a LinearLR scheduler with total_iters=200 and call scheduler.step() after each optimizer.step().",
                "shown",
            ),
        ),
        panels=("loss", "updates"),
        proof="intervention",
        training=1,
    )
    saturated = Finding(
        id="f2",
        cause="saturated-activations",
        severity="warning",
        confidence=0.81,
        summary="61 % of the gates of lstm layer 1 sit at their ends since step 30.",
        evidence=(
            Evidence("saturated gates, layer 1", 0.614, "under 0.3"),
            Evidence("gradient 50 steps back, share of the last", 3.1e-9, "above 1e-3"),
        ),
        where=Place("train.py", 38, 8, _SOURCE["train.py"][38]),
        since_step=30,
        explained_by="f1",
        panels=("through-time",),
        training=1,
    )
    order = Finding(
        id="f3",
        cause="data-not-shuffled",
        severity="warning",
        confidence=0.55,
        summary="The batches come in the order of time: the loss swings by 38 % with the period of an epoch.",
        evidence=(
            Evidence("runs test on batch means, z", -6.2, "above -3"),
            Evidence("loss autocorrelation at one epoch", 0.71, "under 0.2"),
        ),
        where=Place("train.py", 22, 9, _SOURCE["train.py"][22]),
        fixes=(
            FixProposal(
                "shuffle",
                {},
                "Shuffle the training batches",
                "@@ -22 +22 @@\n-loader = DataLoader(train_set, batch_size=64)\n"
                "+loader = DataLoader(train_set, batch_size=64, shuffle=True)",
                "unsafe",
            ),
        ),
        panels=("batches",),
        training=1,
    )
    mode = Finding(
        id="f4",
        cause="wrong-mode",
        severity="note",
        confidence=0.99,
        summary="The held-back loss is computed in training mode, with dropout 0.2 at work.",
        evidence=(Evidence("model.training at the held-back forward", True, "no"),),
        where=Place("train.py", 58, None, _SOURCE["train.py"][58]),
        proof="structure",
        training=1,
    )
    return (rate, saturated, order, mode)


def _healthy() -> tuple[Healthy, ...]:
    return (
        Healthy("missing-zero-grad", "480 of 480 steps saw each gradient once"),
        Healthy("params-not-in-optimizer", "the optimizer holds all 10 tensors that the loss reaches"),
        Healthy("detached-graph", "the loss reaches all 10 parameters"),
        Healthy("exploding-gradients", "the largest gradient norm is 2.1 times the median"),
        Healthy("unscaled-inputs", "7 features, standard deviation 0.97 to 1.02"),
        Healthy("loss-shape-broadcast", "prediction and target are (64, 1)"),
        Healthy("no-signal", "ridge on the captured lags reaches skill 0.83"),
        Healthy("clip-too-tight", "no clipping was seen"),
    )


def main(argv: list[str] | None = None) -> int:
    """Prints the demo in one format, or writes all of them into a folder."""
    from lossdoctor.reports.base import REPORTERS, render, reporter
    from lossdoctor.reports.terminal import print_report

    args = sys.argv[1:] if argv is None else argv
    report = demo_report()
    if not args:
        print_report(report, sys.stdout)
    elif args[0] == "all":
        folder = Path(args[1] if len(args) > 1 else "lossdoctor-demo")
        folder.mkdir(parents=True, exist_ok=True)
        for name in REPORTERS:
            path = folder / f"report-{name}{reporter(name).suffix}"
            path.write_text(render(report, name), encoding="utf-8")
            print(path)
    else:
        sys.stdout.write(render(report, args[0]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
