"""Published rules of other tools on the same traces, beside ours.

    python casebook/score.py --root BOOK --keep RUNS --no-plain
    python bench/peers.py --root BOOK --runs RUNS

Written anew from what is published, thresholds as published:

- AUTOTRAINER: Zhang et al. 2021, AUTOTRAINER: An automatic DNN training problem detection and repair system (ICSE 2021;
  the defaults of its published code: beta1 1e-3, beta2 1e-4, beta3 70, gamma 0.7, zeta 0.03, eta 0.2, delta 0.01, Theta
  0.7). Its epochs are ten equal parts of the run; where nothing is classified, skill takes the place of accuracy.
  Its share of zero gradients is not in a trace: the share of dead units stands for it.
- Amazon SageMaker Debugger, built-in rules with their default parameters (developer guide): VanishingGradient 1e-7,
  ExplodingTensor, LossNotDecreasing 0.1 % in 10 steps, WeightUpdateRatio 1e-8 to 10, UnchangedTensor, Overfit 0.1,
  DeadRelu 50 %, ClassImbalance 10. A mean of absolute values is taken from the norm.

A rule is given every cause that it could be meant for; it names the cause if one of these is accepted for the run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "casebook"))

from cases import Case, find_cases

from lossdoctor.commands.diagnose import trace_of
from lossdoctor.signs import Signs
from lossdoctor.trace.events import ModuleSample

EXPLODING = (
    "exploding-gradients", "nan-loss", "lr-too-high", "unscaled-inputs", "unscaled-targets", "bad-init", "missing-zero-grad",
    "nan-in-data", "low-precision-overflow", "wrong-sign",
)  # fmt: skip
VANISHING = ("vanishing-gradients", "saturated-activations", "bad-init", "symmetric-init", "too-deep")
SLOW = ("lr-too-low", "too-few-epochs", "symmetric-init", "bad-init", "capacity-too-small", "optimizer-unsuited")
STILL = (
    "missing-optimizer-step", "gradients-cleared", "detached-graph", "params-not-in-optimizer", "frozen-params",
    "low-precision-underflow", "lr-too-low", "scheduler-kills-lr",
)  # fmt: skip
OSCILLATING = ("lr-too-high", "batch-too-small", "data-not-shuffled")
EPOCHS = 10

Rules = Callable[[Signs], Iterator[tuple[str, tuple[str, ...]]]]


def autotrainer(signs: Signs) -> Iterator[tuple[str, tuple[str, ...]]]:
    if signs.loss.first_bad is not None or not np.isfinite(signs.update.grad_norm).all():
        yield "explode", EXPLODING
    levels = accuracy_by_epoch(signs)
    if not levels:
        return
    slow = float(np.max(np.diff(levels), initial=0.0)) < 0.01
    if max(levels) < 0.7 or slow:
        first, last = ends(signs)
        dead = [m.zero_units for m in signs.trace.of(ModuleSample) if "relu" in m.cls.lower()]
        if dead and max(dead) >= 0.7:
            yield "dying relu", ("dead-relu",)
        elif first / max(last, 1e-30) > 70:
            yield "explode", EXPLODING
        elif first / max(last, 1e-30) < 1e-3 and first < 1e-4:
            yield "vanish", VANISHING
        elif slow:
            yield "slow convergence", SLOW
    elif oscillates(levels):
        yield "oscillating loss", OSCILLATING


def accuracy_by_epoch(signs: Signs) -> list[float]:
    curve = signs.loss.skill_curve
    found: list[tuple[float, float]] = []
    for batch in signs.fed.batches:
        p, y = batch.p, batch.y
        if signs.fed.is_classes and p is not None and y is not None and p.ndim > 1 and not np.issubdtype(y.dtype, np.floating):
            answers = p.argmax(axis=1)
            if answers.shape == y.shape:
                found.append((batch.step, float((answers == y).mean())))
    if not found:
        found = [(float(s), float(v)) for s, v in zip(signs.loss.steps, curve, strict=False)]
    if not found:
        return []
    steps = np.array([s for s, _ in found])
    parts = np.minimum(EPOCHS - 1, (EPOCHS * steps / max(1.0, steps.max() + 1)).astype(int))
    return [float(np.mean([v for (_, v), k in zip(found, parts, strict=True) if k == part])) for part in np.unique(parts)]


def oscillates(levels: list[float]) -> bool:
    inner = range(1, len(levels) - 1)
    high = [levels[i] for i in inner if levels[i] >= levels[i - 1] and levels[i] >= levels[i + 1]]
    low = [levels[i] for i in inner if levels[i] <= levels[i - 1] and levels[i] <= levels[i + 1]]
    return sum(h - v >= 0.03 for h, v in zip(high, low, strict=False)) >= 0.2 * len(levels)


def ends(signs: Signs) -> tuple[float, float]:
    """Norms of the gradient of the first and of the last weight matrix, at the last sample."""
    weights = [i for i, f in sorted(signs.wiring.facts.items()) if len(f.shape) > 1]
    last = {int(i): float(g) for i, g in zip(signs.update.param, signs.update.grad_norm, strict=True)}
    seen = [last[i] for i in weights if i in last]
    return (seen[0], seen[-1]) if seen else (1.0, 1.0)


def sagemaker(signs: Signs) -> Iterator[tuple[str, tuple[str, ...]]]:
    update, loss = signs.update, signs.loss
    size = np.array([max(1, signs.wiring.facts[int(i)].numel) if int(i) in signs.wiring.facts else 1 for i in update.param])
    if (update.grad_norm / np.sqrt(size) < 1e-7).any():
        yield "VanishingGradient", VANISHING
    if loss.first_bad is not None or not np.isfinite(update.grad_norm).all():
        yield "ExplodingTensor", EXPLODING
    value = loss.value[np.isfinite(loss.value)]
    if any(value[k + 10] > value[k] * (1 - 0.001) for k in range(0, len(value) - 10, 10)):
        yield "LossNotDecreasing", (*SLOW, *STILL, *OSCILLATING)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = update.update_norm / update.weight_norm
    if (ratio > 10).any() or (ratio < 1e-8).any():
        yield "WeightUpdateRatio", (*STILL, "lr-too-high", "lr-too-low")
    for index in np.unique(update.param):
        mine = update.changed[update.param == index]
        if len(mine) >= 3 and any((mine[k : k + 3] == 0).all() for k in range(len(mine) - 2)):
            yield "UnchangedTensor", STILL
            break
    held = loss.held_value[np.isfinite(loss.held_value)]
    if len(held) and len(value) and np.isfinite(loss.end) and loss.end > 0 and (held[-1] - loss.end) / loss.end > 0.1:
        yield "Overfit", ("overfitting", "scaler-mismatch", "leakage")
    if any(m.zero_units > 0.5 for m in signs.trace.of(ModuleSample) if "relu" in m.cls.lower()):
        yield "DeadRelu", ("dead-relu",)
    targets = signs.fed.targets
    if signs.fed.is_classes and targets is not None:
        counts = np.unique(targets[targets >= 0], return_counts=True)[1]
        if len(counts) > 1 and counts.max() > 10 * counts.min():
            yield "ClassImbalance", ("class-imbalance",)


def said_by(rules: Rules, out: Path) -> tuple[set[str], set[str]]:
    """(causes that the rules could mean, names of the rules that fire)."""
    signs = Signs(trace_of(out))
    fired = list(rules(signs))
    return {cause for _, causes in fired for cause in causes}, {name for name, _ in fired}


def ours(out: Path) -> tuple[set[str], set[str]]:
    report = json.loads((out / "report.json").read_text())
    names = [f["cause"] for f in report["findings"]][:1]
    return set(names), {f["cause"] for f in report["findings"] if f["severity"] == "error"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="the book of cases")
    parser.add_argument("--runs", type=Path, required=True, help="what score.py --keep has kept of its runs")
    args = parser.parse_args()
    tools: dict[str, Callable[[Path], tuple[set[str], set[str]]]] = {
        "AUTOTRAINER": lambda out: said_by(autotrainer, out),
        "SageMaker Debugger": lambda out: said_by(sagemaker, out),
        "lossdoctor": ours,
    }
    counts = {name: dict.fromkeys(("sick", "named", "alarm", "sound", "false"), 0) for name in tools}
    for case in find_cases(args.root.resolve()):
        for script in case.scripts:
            out = args.runs / case.id / Path(script).stem
            if (out / "report.json").is_file():
                for name, tool in tools.items():
                    count(counts[name], case, script, *tool(out))
    print("| tool | sick runs | cause named | says anything | sound runs | false alarms |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, n in counts.items():
        sick, sound = max(1, n["sick"]), max(1, n["sound"])
        print(
            f"| {name} | {n['sick']} | {n['named'] / sick:.1%} | {n['alarm'] / sick:.1%} | {n['sound']} | "
            f"{n['false'] / sound:.1%} |"
        )
    return 0


def count(total: dict[str, int], case: Case, script: str, causes: set[str], fired: set[str]) -> None:
    if script == "fixed.py" or case.healthy:
        total["sound"] += 1
        total["false"] += bool(fired)
    else:
        total["sick"] += 1
        total["named"] += bool(causes & set(case.causes))
        total["alarm"] += bool(fired or causes)


if __name__ == "__main__":
    raise SystemExit(main())
