"""The report's pictures as numbers: each shows one group of signs, thinned to what an eye can use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..signs import Signs
from ..words import HeatPanel, LinePanel, Panel, Series, TablePanel

POINTS = 1000
STEPS_BACK = 60


def pictures(signs: Signs) -> tuple[Panel, ...]:
    """Every picture for which there are numbers, in the order in which one reads them."""
    drawn = [
        loss(signs),
        rate(signs),
        gradients(signs),
        updates(signs),
        through_time(signs),
        gates(signs),
        inputs(signs),
        targets(signs),
    ]
    return tuple(p for p in drawn if p is not None)


def series(name: str, x: Any, y: Any, role: str = "main") -> Series:
    """A curve of at most POINTS points; of every bin its smallest and largest are kept."""
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    keep = thin(ys)
    return Series(
        name, tuple(float(v) for v in xs[keep]), tuple(float(v) if math.isfinite(v) else None for v in ys[keep]), role
    )


def thin(values: np.ndarray[Any, np.dtype[Any]]) -> Sequence[int]:
    n = len(values)
    if n <= POINTS:
        return range(n)
    kept = {0, n - 1}
    for part in np.array_split(np.arange(n), POINTS // 2):
        chunk = values[part]
        good = np.isfinite(chunk)
        if not good.any():
            kept.add(int(part[0]))
            continue
        kept.add(int(part[np.nanargmin(np.where(good, chunk, np.nan))]))
        kept.add(int(part[np.nanargmax(np.where(good, chunk, np.nan))]))
    return sorted(kept)


def loss(signs: Signs) -> Panel | None:
    sign = signs.loss
    if not sign.count:
        return None
    curves = [series("training loss", sign.steps, sign.per_element)]
    if sign.smoothed.size > 20:
        curves.append(series("smoothed", sign.steps[: sign.smoothed.size], sign.smoothed, "other"))
    if sign.held_value.size:
        curves.append(series("held-back loss", sign.held_steps, sign.held_value, "other"))
    levels: tuple[tuple[float, str], ...] = ()
    if sign.constant is not None:
        levels = ((sign.constant.loss, "best constant"),)
        if sign.constant.floor > 1e-9:
            levels += ((sign.constant.floor, "perfect"),)
    positive = sign.finite[sign.finite > 0]
    wide = positive.size == sign.finite.size and positive.size > 0 and positive.max() / positive.min() > 50
    name = sign.term.fn.replace("_", " ") if sign.term is not None else "loss"
    return LinePanel(
        "loss", "Loss, and what a constant would get",
        f"A run that learns leaves the level of the best constant ({sign.constant.of}) and goes down."
        if sign.constant is not None else "The loss as the script computes it; no constant is known to compare it with.",
        "update", name, tuple(curves), log_y=bool(wide), levels=levels,
    )  # fmt: skip


def rate(signs: Signs) -> Panel | None:
    step = signs.step
    good = np.isfinite(step.lr)
    if not good.any():
        return None
    return LinePanel(
        "rate", "Learning rate", "What the optimizer used at each update, after every schedule.", "update", "learning rate",
        (series("learning rate", step.steps[good], step.lr[good]),), log_y=bool((step.lr[good] > 0).all()),
    )  # fmt: skip


def gradients(signs: Signs) -> Panel | None:
    step = signs.step
    if not step.count or not np.isfinite(step.raw_norm).any():
        return None
    curves = [series("gradient norm", step.steps, step.raw_norm)]
    levels: tuple[tuple[float, str], ...] = ()
    if np.isfinite(step.clip_total).any():
        curves.append(series("after clipping", step.steps, step.grad_norm, "other"))
        limit = float(np.nanmedian(step.clip_max))
        if math.isfinite(limit) and limit > 0:
            levels = ((limit, "clip limit"),)
    positive = bool((step.raw_norm[np.isfinite(step.raw_norm)] > 0).all())
    return LinePanel(
        "gradients", "Gradient norm", "Over all parameters, as it came out of the backward pass. Jumps of tenfold and more are "
        "explosions; zeros mean that nothing arrives.", "update", "norm", tuple(curves), log_y=positive, levels=levels,
    )  # fmt: skip


def updates(signs: Signs) -> Panel | None:
    update = signs.update
    if not update.count:
        return None
    curves = []
    params = [int(p) for p in np.unique(update.param)]
    sizes = sorted(params, key=lambda p: -(signs.wiring.facts[p].numel if p in signs.wiring.facts else 0))
    for index, param in enumerate(sizes[:6]):
        mine = update.of(param) & (update.weight_norm > 0) & (update.update_norm > 0) & np.isfinite(update.weight_norm)
        if mine.any():
            name = signs.wiring.facts[param].name if param in signs.wiring.facts else f"parameter {param}"
            curves.append(
                series(
                    name,
                    update.steps[mine],
                    update.update_norm[mine] / update.weight_norm[mine],
                    "main" if index == 0 else "other",
                )
            )
    if not curves:
        return None
    return LinePanel(
        "updates", "How far each step moves the weights",
        "Norm of the update over norm of the weights, at the steps that were looked into. Healthy runs lie between about 1e-4 "
        "and 3e-2, and wander.", "update", "update / weight", tuple(curves), log_y=True,
        levels=((3e-2, "large"), (1e-4, "small")),
    )  # fmt: skip


def through_time(signs: Signs) -> Panel | None:
    best = None
    for key, replays in signs.time.layers.items():
        if best is None or max(s.time for s in replays) > max(s.time for s in signs.time.layers[best]):
            best = key
    if best is None:
        return None
    samples = list(signs.time.layers[best])
    if len(samples) > 60:
        samples = [samples[round(i * (len(samples) - 1) / 59)] for i in range(60)]
    longest = max(len(s.log_dh) for s in samples)
    rows = min(STEPS_BACK, longest)
    backs = sorted({round(i * (longest - 1) / max(1, rows - 1)) for i in range(rows)})
    scale = max(s.time for s in samples) / longest
    values: list[tuple[float | None, ...]] = []
    for back in backs:
        row: list[float | None] = []
        for s in samples:
            top = max((v for v in s.log_dh if math.isfinite(v)), default=None)
            place = len(s.log_dh) - 1 - back
            value = s.log_dh[place] if place >= 0 else math.nan
            row.append(max(-12.0, value - top) if top is not None and math.isfinite(value) else None)
        values.append(tuple(row))
    module, layer, reverse = best
    where = f"{module or 'the recurrent layer'}, layer {layer}" + (", reverse" if reverse else "")
    return HeatPanel(
        "through-time", f"The gradient on its way back through time ({where})",
        "Each column is one step of training that was replayed. How far down the colour lasts is how far back the loss can "
        "tell the net anything.", "update", "time steps back", tuple(values), tuple(str(s.step) for s in samples),
        tuple(str(round(b * scale)) for b in backs), log=True, unit="|dL/dh| relative to its largest, log10",
    )  # fmt: skip


def gates(signs: Signs) -> Panel | None:
    curves: list[Series] = []
    names = {
        "i": "input gate",
        "f": "forget gate",
        "g": "candidate",
        "o": "output gate",
        "r": "reset gate",
        "z": "update gate",
        "n": "candidate",
        "h": "state",
    }
    for _, samples in list(signs.time.layers.items())[:1]:
        for gate in samples[0].gates:
            curves.append(
                series(
                    f"{names.get(gate, gate)} saturated",
                    [s.step for s in samples],
                    [s.gates[gate][2] for s in samples if gate in s.gates],
                    "main" if not curves else "other",
                )
            )
    curves = [c for c in curves if any(v is not None for v in c.y)]
    if not curves:
        return None
    return LinePanel(
        "gates", "Gates at their ends", "Share of a gate's pre-activations beyond ±4, where a sigmoid's slope is below 0.018. High from "
        "the start is a fault; high in a net that has learned is not.", "update", "share", tuple(curves),
    )  # fmt: skip


def inputs(signs: Signs) -> Panel | None:
    stats = signs.fed.feature_stats
    features = signs.fed.features
    if stats is None or features is None:
        if signs.fed.integer_inputs:
            tokens = np.concatenate([x.reshape(-1) for x in signs.fed.inputs])
            ids, counts = np.unique(tokens, return_counts=True)
            order = np.argsort(-counts)[:12]
            return TablePanel(
                "inputs", "What the net is fed", f"Tokens: {len(ids)} distinct ones in the captured batches; the commonest.",
                ("token", "share"), tuple((int(ids[i]), float(counts[i] / counts.sum())) for i in order),
            )  # fmt: skip
        return None
    mean, std = stats
    rows = []
    for index in range(min(len(mean), 24)):
        column = features[:, index]
        good = column[np.isfinite(column)]
        rows.append(
            (
                index,
                float(mean[index]),
                float(std[index]),
                float(good.min()) if good.size else None,
                float(good.max()) if good.size else None,
                int(column.size - good.size),
            )
        )
    return TablePanel(
        "inputs", "What the net is fed", "By feature over the captured batches. Initialisers assume a mean near 0 and a deviation near 1.",
        ("feature", "mean", "deviation", "smallest", "largest", "NaN or Inf"), tuple(rows),
    )  # fmt: skip


def targets(signs: Signs) -> Panel | None:
    answers = signs.fed.answers()
    if answers is not None:
        order = np.argsort(-answers.targets)[:16]
        rows = tuple(
            (int(c), int(answers.targets[c]), int(answers.answers[c]), float(answers.right[c] / answers.targets[c]) if answers.targets[c] else None)
            for c in order if answers.targets[c] or answers.answers[c]
        )  # fmt: skip
        return TablePanel(
            "targets", "What it should answer, and what it answers", "By class, over the last captured batches.",
            ("class", "targets", "answers", "recall"), rows,
        )  # fmt: skip
    values = signs.fed.targets
    if values is None:
        return None
    good = values[np.isfinite(values)].astype(float)
    last = [b for b in signs.fed.batches if b.p is not None][-4:]
    given = np.concatenate([b.p.reshape(-1) for b in last if b.p is not None]).astype(float) if last else np.zeros(0)
    given = given[np.isfinite(given)]

    def row(name: str, v: Any) -> tuple[str, float | None, float | None, float | None, float | None]:
        return (
            (name, float(v.mean()), float(v.std()), float(v.min()), float(v.max()))
            if v.size
            else (name, None, None, None, None)
        )

    return TablePanel(
        "targets", "What it should answer, and what it answers", "Targets over all captured batches, answers over the last four.",
        ("", "mean", "deviation", "smallest", "largest"), (row("targets", good), row("answers", given)),
    )  # fmt: skip
