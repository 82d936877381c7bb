"""Experiments on a copy of the live model, once the script has ended."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...trace import events

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_SECONDS = 3.0
MAX_SAMPLES = 5
MAX_TIMES = 12


def clone_for_probing(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode, without hooks' influence on the original; weights that are no numbers any
    more are drawn anew, since the structure of a dependence does not hang on them."""
    twin = copy.deepcopy(model).eval()
    for module in twin.modules():
        params = list(module.parameters(recurse=False))
        spoiled = any(not bool(torch.isfinite(p).all()) for p in params)
        if spoiled and callable(getattr(module, "reset_parameters", None)):
            module.reset_parameters()  # type: ignore[operator]
    return twin


def probe_dependence(watcher: Watcher) -> None:
    """Which inputs (sample j, step t) does the output of sample i depend on? On a small batch of a copy.

    A changed input that changes an output bit proves dependence; the pattern over (j, t) tells swapped or
    mixed axes from sound ones (docs: batch-first-mismatch, axes-mixed).
    """
    args = watcher.batches.first_call
    target = watcher.batches.first_target
    model = next(iter(watcher.models()), None)

    def failed(reason: str) -> None:
        watcher.write(events.Probed("dependence", False, facts={"reason": reason}))

    if model is None or args is None or target is None or target.dim() == 0:
        return failed("no model call with a target was captured")
    position = next((i for i, a in enumerate(args) if isinstance(a, torch.Tensor)), None)
    if position is None:
        return failed("the model is not called with a tensor")
    x = args[position]
    if x.dim() < 2:
        return failed("the input has no time axis")
    batch_axis = _batch_axis(x, target)
    if batch_axis is None:
        return failed("no axis of the input has the length of the targets")
    try:
        numbers, facts, pattern = _dependence(model, args, position, batch_axis)
    except Exception as error:
        return failed(f"the copy could not be run: {type(error).__name__}: {error}"[:300])
    watcher.write(events.Probed("dependence", True, numbers, facts, pattern))
    return None


def _batch_axis(x: torch.Tensor, target: torch.Tensor) -> int | None:
    rows = int(target.shape[0])
    for axis in (0, 1):
        if x.shape[axis] == rows:
            return axis
    flat = target.numel()
    if x.dim() >= 2 and flat == x.shape[0] * x.shape[1]:
        return 0
    return None


def _dependence(
    model: nn.Module, args: tuple[Any, ...], position: int, axis: int
) -> tuple[dict[str, float], dict[str, str], tuple[tuple[float, ...], ...]]:
    twin = clone_for_probing(model)
    x = args[position]
    steps = int(x.shape[1 - axis])
    wanted = MAX_SAMPLES if steps != MAX_SAMPLES else MAX_SAMPLES + 1
    full = int(x.shape[axis])
    count = min(wanted, full)
    if count < 2:
        raise ValueError("a batch of one sample shows no dependence between samples")

    def cut(value: Any, size: int) -> Any:
        if isinstance(value, torch.Tensor):
            for dim in range(min(2, value.dim())):
                if value.shape[dim] == full and (value is not x or dim == axis):
                    return value.narrow(dim, 0, size).clone()
        return value

    def run(tensor: torch.Tensor, size: int) -> torch.Tensor:
        given = [tensor if i == position else cut(a, size) for i, a in enumerate(args)]
        with torch.no_grad():
            output = twin(*given)
        first = output[0] if isinstance(output, tuple | list) else output
        if not isinstance(first, torch.Tensor):
            raise TypeError("the model's output is no tensor")
        return first.detach().clone()

    small = cut(x, count)
    try:
        base = run(small, count)
    except Exception:
        count, small = full, x.clone()
        base = run(small, count)
    rows = _rows(base, count, axis)
    if rows is None:
        raise ValueError("the output has no axis of the batch's length")
    again = _rows(run(small, count), count, axis)
    assert again is not None
    noise = float((again - rows).abs().max())
    times = sorted({round(i * (steps - 1) / max(1, min(steps, MAX_TIMES) - 1)) for i in range(min(steps, MAX_TIMES))})
    chosen = range(min(count, MAX_SAMPLES))
    own, cross, pairs = [[0.0] * len(times) for _ in chosen], 0, 0
    earlier = later = 0
    began = time.monotonic()
    for j in chosen:
        for place, t in enumerate(times):
            if time.monotonic() - began > MAX_SECONDS:
                raise TimeoutError("the copy is too slow to be probed")
            changed = _changed_rows(run(_disturbed(small, j, t, axis), count), rows, count, axis, noise)
            own[j][place] = float(changed[j])
            others = [i for i in range(count) if i != j and changed[i]]
            pairs += count - 1
            cross += len(others)
            earlier += sum(i < j for i in others)
            later += sum(i > j for i in others)
    reach = [[t for place, t in enumerate(times) if row[place]] for row in own]
    single = [r for r in reach if len(r) == 1]
    numbers = {
        "cross": cross / max(1, pairs),
        "own": sum(map(sum, own)) / (len(own) * len(times)),
        "to_earlier": float(earlier),
        "to_later": float(later),
        "samples": float(count),
        "steps": float(steps),
        "reads_first": float(min((r[0] for r in reach if r), default=-1)),
        "reads_last": float(max((r[-1] for r in reach if r), default=-1)),
        "own_index_only": float(sum(r == [j] for j, r in enumerate(reach)) / len(reach)) if single else 0.0,
    }
    return numbers, {"batch_axis": str(axis), "input": "x".join(map(str, x.shape))}, tuple(tuple(r) for r in own)


def _rows(output: torch.Tensor, count: int, axis: int) -> torch.Tensor | None:
    """The output as (batch, everything else), or None where no axis tells the samples apart."""
    if output.dim() == 0:
        return None
    if output.dim() > 1 and axis == 1 and output.shape[0] != count and output.shape[1] == count:
        output = output.transpose(0, 1)
    if output.shape[0] == count:
        return output.reshape(count, -1).double()
    if output.shape[0] % count == 0:
        return output.reshape(count, -1).double()
    return None


def _changed_rows(output: torch.Tensor, base: torch.Tensor, count: int, axis: int, noise: float) -> list[bool]:
    rows = _rows(output, count, axis)
    assert rows is not None
    scale = float(base.abs().max()) or 1.0
    difference = (rows - base).abs().nan_to_num(nan=float("inf")).amax(1)
    return [bool(d > noise + 1e-12 * scale) for d in difference]


def _disturbed(x: torch.Tensor, j: int, t: int, axis: int) -> torch.Tensor:
    """The input with step t of sample j made quite different: another token, or numbers far from theirs."""
    changed = x.clone()
    place = (j, t) if axis == 0 else (t, j)
    if x.is_floating_point():
        spread = float(x.std()) or 1.0
        pattern = torch.linspace(1.0, 2.0, changed[place].numel(), dtype=x.dtype, device=x.device)
        changed[place] = changed[place] + spread * pattern.reshape(changed[place].shape)
    else:
        top = int(x.max())
        changed[place] = (changed[place] + 1) % (top + 1) if top else changed[place]
    return changed
