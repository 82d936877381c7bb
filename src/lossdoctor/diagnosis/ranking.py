"""Which finding is the root, and which is only its consequence."""

from __future__ import annotations

import dataclasses

from ..words import CERTAIN, SEVERITIES, Finding

STAGES: tuple[tuple[str, ...], ...] = (
    ("low-precision-overflow",),
    ("nan-in-data", "state-not-detached", "missing-optimizer-step", "gradients-cleared", "detached-graph",
     "params-not-in-optimizer", "missing-zero-grad", "wrong-sign"),
    ("loss-shape-broadcast", "output-activation-mismatch", "wrong-loss", "constant-inputs",
     "inputs-targets-misaligned"),
    ("batch-first-mismatch", "axes-mixed", "wrong-timestep", "symmetric-init"),
    ("low-precision-underflow", "state-not-reset"),
    ("outliers", "padding-dominates", "sequence-too-short", "sequence-too-long", "data-not-shuffled", "vocabulary-too-small",
     "scaler-mismatch"),
    ("unscaled-inputs", "unscaled-targets", "nan-loss", "bad-init", "exploding-gradients"),
    ("dead-relu", "saturated-activations"),
    ("lr-too-high", "lr-too-low", "clip-too-tight", "weight-decay-too-high", "scheduler-kills-lr", "frozen-params",
     "vanishing-gradients", "optimizer-unsuited", "loss-term-dominates", "dropout-too-high", "too-deep", "capacity-too-small",
     "batch-too-large", "batch-too-small"),
    ("class-imbalance", "wrong-mode", "too-few-epochs", "leakage", "overfitting"),
)  # fmt: skip
"""The order of diagnosis: a failure of an earlier stage explains what comes later."""

EXPLAINS: dict[str, frozenset[str]] = {
    "nan-in-data": frozenset({"nan-loss", "exploding-gradients", "lr-too-high", "missing-optimizer-step"}),
    "lr-too-high": frozenset({"nan-loss", "exploding-gradients", "saturated-activations", "dead-relu"}),
    "exploding-gradients": frozenset({"nan-loss", "lr-too-high", "saturated-activations"}),
    "unscaled-inputs": frozenset({"saturated-activations", "nan-loss", "lr-too-high", "exploding-gradients", "dead-relu", "bad-init"}),
    "unscaled-targets": frozenset({"lr-too-low", "too-few-epochs", "exploding-gradients", "nan-loss", "lr-too-high"}),
    "bad-init": frozenset({"saturated-activations", "nan-loss", "exploding-gradients", "vanishing-gradients", "lr-too-high", "dead-relu"}),
    "symmetric-init": frozenset({"bad-init", "vanishing-gradients", "dead-relu"}),
    "dead-relu": frozenset({"bad-init"}),
    "missing-zero-grad": frozenset({"exploding-gradients", "lr-too-high", "nan-loss"}),
    "state-not-detached": frozenset({"missing-optimizer-step", "lr-too-low", "too-few-epochs"}),
    "missing-optimizer-step": frozenset({"lr-too-low", "too-few-epochs"}),
    "gradients-cleared": frozenset({"lr-too-low", "missing-optimizer-step"}),
    "wrong-sign": frozenset({"lr-too-high", "nan-loss", "exploding-gradients", "output-activation-mismatch"}),
    "clip-too-tight": frozenset({"lr-too-low", "too-few-epochs", "optimizer-unsuited"}),
    "scheduler-kills-lr": frozenset({"lr-too-low", "too-few-epochs"}),
    "nan-loss": frozenset({"exploding-gradients", "lr-too-high"}),
    "constant-inputs": frozenset({"symmetric-init", "class-imbalance"}),
    "loss-shape-broadcast": frozenset({"wrong-loss", "class-imbalance"}),
    "output-activation-mismatch": frozenset({"class-imbalance", "lr-too-low", "saturated-activations", "wrong-loss", "unscaled-targets", "dead-relu"}),
    "params-not-in-optimizer": frozenset({"detached-graph", "lr-too-low"}),
    "detached-graph": frozenset({"params-not-in-optimizer", "missing-optimizer-step"}),
    "low-precision-overflow": frozenset({"nan-in-data", "missing-optimizer-step", "constant-inputs", "nan-loss", "exploding-gradients", "lr-too-high"}),
    "low-precision-underflow": frozenset({"nan-loss", "lr-too-low", "too-few-epochs", "exploding-gradients"}),
    "axes-mixed": frozenset({"wrong-timestep", "vanishing-gradients", "capacity-too-small"}),
    "wrong-timestep": frozenset({"vanishing-gradients", "capacity-too-small", "lr-too-low"}),
    "batch-too-large": frozenset({"too-few-epochs", "lr-too-low"}),
    "inputs-targets-misaligned": frozenset({"no-signal", "overfitting", "too-few-epochs", "weight-decay-too-high"}),
    "no-signal": frozenset({"overfitting", "too-few-epochs", "weight-decay-too-high"}),
    "sequence-too-short": frozenset({"overfitting", "too-few-epochs", "weight-decay-too-high", "no-signal"}),
    "outliers": frozenset({"unscaled-targets", "unscaled-inputs", "exploding-gradients", "no-signal", "too-few-epochs", "lr-too-low"}),
    "padding-dominates": frozenset({"vanishing-gradients", "class-imbalance", "sequence-too-long", "wrong-timestep"}),
    "sequence-too-long": frozenset({"vanishing-gradients"}),
    "data-not-shuffled": frozenset({"lr-too-high", "class-imbalance", "overfitting", "batch-too-small"}),
    "vocabulary-too-small": frozenset({"no-signal", "overfitting", "too-few-epochs"}),
}  # fmt: skip


def stage(cause: str) -> int:
    return next((i for i, names in enumerate(STAGES) if cause in names), len(STAGES))


SYMPTOMS = frozenset({"too-few-epochs"})
"""What any proven error explains: a run that is held up by something has not had its time yet either."""

LAST = frozenset({"no-signal"})
"""Said of a run in which nothing else was found: beside any other proof these are notes."""


def _yielding(findings: list[Finding]) -> list[Finding]:
    proven = [
        f
        for f in findings
        if f.cause not in LAST and (f.severity == "error" or (f.severity == "warning" and f.proof != "statistics"))
    ]
    trainings = {f.training for f in proven}
    return [
        dataclasses.replace(f, severity="note") if f.cause in LAST and f.proof == "statistics" and f.training in trainings else f
        for f in findings
    ]


def rank(findings: list[Finding]) -> tuple[Finding, ...]:
    """Most sure and most severe first, roots before their consequences; shuffling the input changes nothing."""
    ordered = sorted(_yielding(findings), key=_key)
    named = [dataclasses.replace(f, id=f"{f.cause}-{f.training}" if f.training else f.cause) for f in ordered]
    result: list[Finding] = []
    for finding in named:
        root = next(
            (
                other
                for other in named
                if other is not finding
                and (finding.cause in EXPLAINS.get(other.cause, frozenset()) or finding.cause in SYMPTOMS)
                and other.training == finding.training
                and _key(other) < _key(finding)
                and other.severity == "error"
            ),
            None,
        )
        result.append(dataclasses.replace(finding, explained_by=root.id) if root is not None else finding)
    result.sort(key=lambda f: (f.explained_by is not None, _key(f)))
    return tuple(result)


def _key(finding: Finding) -> tuple[int, int, float, int, str]:
    sure = 0 if finding.confidence >= CERTAIN else 1 if finding.confidence >= 0.65 else 2
    return (
        SEVERITIES.index(finding.severity),
        sure,
        stage(finding.cause) - finding.confidence / 10,
        finding.training,
        finding.cause,
    )
