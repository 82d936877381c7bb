"""Experiments on a copy of the live model, once the script has ended."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...trace import events

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_SECONDS = 3.0
MAX_SAMPLES = 5
MAX_TIMES = 12
DROWNS = 10.0
"""Mean size of weights from which every gate they feed is shut for good: a thousand times a trained net's usual one."""


def random_state_kept(probe: Callable[[Watcher], None], watcher: Watcher) -> None:
    """The script's exit handlers may still draw: a probe leaves the generators where it found them."""
    with torch.random.fork_rng():
        probe(watcher)


def clone_for_probing(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode, without hooks' influence on the original; weights that are no numbers any more, that are
    so large that they drown what they are given, or all zero, are drawn anew: the structure of a dependence does not
    hang on them."""
    twin = copy.deepcopy(model).eval()
    for module in twin.modules():
        params = list(module.parameters(recurse=False))
        spoiled = any(_spoiled(p) for p in params if p.numel() > 1 and p.dim() > 1) or any(
            not bool(torch.isfinite(p).all()) for p in params
        )
        if spoiled and callable(getattr(module, "reset_parameters", None)):
            module.reset_parameters()  # type: ignore[operator]
    return twin


def _spoiled(weight: torch.Tensor) -> bool:
    size = float(weight.detach().abs().max())
    return size == 0 or float(weight.detach().abs().mean()) > DROWNS


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
        rows = int(target.shape[0])
        guessed = rows not in x.shape[:2] or x.shape[0] == x.shape[1]
        numbers, facts, pattern = _dependence(model, args, position, batch_axis, guessed)
    except Exception as error:
        return failed(f"the copy could not be run: {type(error).__name__}: {error}"[:300])
    watcher.write(events.Probed("dependence", True, numbers, facts, pattern))
    return None


def _batch_axis(x: torch.Tensor, target: torch.Tensor) -> int | None:
    rows = int(target.shape[0])
    if x.shape[0] == 1 and target.numel() == x.shape[1] != 1:
        return 0  # one sample, whose steps have a target each
    for axis in (0, 1):
        if x.shape[axis] == rows:
            return axis
    flat = target.numel()
    if x.dim() >= 2 and flat == x.shape[0] * x.shape[1]:
        return 0
    return None


def _dependence(
    model: nn.Module, args: tuple[Any, ...], position: int, axis: int, ambiguous: bool = False
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

    fresh = False

    def run(tensor: torch.Tensor, size: int) -> torch.Tensor:
        given = [tensor if i == position else cut(a, size) for i, a in enumerate(args)]
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            output = (copy.deepcopy(twin) if fresh else twin)(*given)
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
    if not torch.equal(run(small, count), base):
        fresh = True  # It keeps a state of its own: every run begins with the same one.
        base = run(small, count)
        rows = _rows(base, count, axis)
        assert rows is not None
    noise = float((_as_rows(run(small, count), rows, count, axis) - rows).abs().max())
    ordered = by_time = None
    if base.dim() >= 1 and base.shape[0] == count * steps and count > 1:
        ordered, by_time = _ordered(lambda t: run(t, count), small, base, count, steps, axis)
    times = sorted({round(i * (steps - 1) / max(1, min(steps, MAX_TIMES) - 1)) for i in range(min(steps, MAX_TIMES))})
    chosen = range(min(count, MAX_SAMPLES))
    own, cross, pairs = [[0.0] * len(times) for _ in chosen], 0, 0
    earlier = later = 0
    began = time.monotonic()
    for j in chosen:
        for place, t in enumerate(times):
            if time.monotonic() - began > MAX_SECONDS:
                raise TimeoutError("the copy is too slow to be probed")
            answer = run(_disturbed(small, j, t, axis), count)
            if by_time:
                changed = _changed_rows(_sample_major(answer, count, steps), ordered, count, 0, noise)
            else:
                changed = _changed_rows(answer, rows, count, axis, noise)
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
        "by_time": float(bool(by_time)),
        **_against_lengths(small, own, times, axis),
        **_cut_anew(twin, lambda t: run(t, count), small, axis),
        "own_index_only": float(sum(r == [j] for j, r in enumerate(reach)) / len(reach)) if single else 0.0,
    }
    flat = base.shape[0] == count * steps
    first = "batch" if base.shape[0] == count else "time"
    facts = {
        "batch_axis": str(axis), "input": "x".join(map(str, x.shape)), "flat": "yes" if flat else "no", "first_axis": first,
        "axis": "guessed" if ambiguous else "known",
    }  # fmt: skip
    return numbers, facts, tuple(tuple(r) for r in own)


def _as_rows(output: torch.Tensor, like: torch.Tensor, count: int, axis: int) -> torch.Tensor:
    rows = _rows(output, count, axis)
    return like if rows is None else rows


def _sample_major(output: torch.Tensor, count: int, steps: int) -> torch.Tensor:
    """Rows (time * batch) in the order of (batch * time)."""
    return output.reshape(steps, count, -1).transpose(0, 1).reshape(count * steps, -1)


def _ordered(
    run: Callable[[torch.Tensor], torch.Tensor], small: torch.Tensor, base: torch.Tensor, count: int, steps: int, axis: int
) -> tuple[torch.Tensor, bool]:
    """An output with a row for each step of each sample: are the rows in the order of time? Decided by which order
    leaves the samples apart. Returns (the output's rows sample by sample, True if they had to be put in order)."""
    moved = _sample_major(base, count, steps)
    spread = []
    plain = base.reshape(count * steps, -1)
    disturbed = run(_disturbed(small, 1, steps // 2, axis)).reshape(count * steps, -1)
    for one, two in ((plain, disturbed), (moved, _sample_major(disturbed, count, steps))):
        spread.append(int((one != two).reshape(count, -1).any(1).sum()))
    by_time = spread[1] < spread[0] or (spread[1] == spread[0] and axis == 1)
    rows = (moved if by_time else base).reshape(count, -1).double()
    return rows, by_time


def _against_lengths(x: torch.Tensor, own: list[list[float]], times: list[int], axis: int) -> dict[str, float]:
    """Each sample's last step that its output depends on, against its length (steps before a constant tail):
    `read_share` the largest share over the samples, `pads_read` share of the padded samples whose padding is read."""
    by_sample = (x if axis == 0 else x.transpose(0, 1)).reshape(x.shape[axis], x.shape[1 - axis], -1)
    shares, read, padded = [], 0, 0
    for j, row in enumerate(own):
        same = (by_sample[j] == by_sample[j, -1:]).all(-1).flip(0).long().cumprod(0).sum()
        length = int(by_sample.shape[1]) - (int(same) if int(same) > 1 else 0)
        seen = [t for place, t in enumerate(times) if row[place]]
        if length >= 3 and seen:
            shares.append(max(seen) / (length - 1))
        if length < by_sample.shape[1] and any(t > length for t in times):
            padded += 1
            read += any(t > length for t in seen)
    return {
        "read_share": max(shares, default=-1.0), "padded": float(padded), "pads_read": read / padded if padded else 0.0,
    }  # fmt: skip


def _cut_anew(twin: nn.Module, run: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, axis: int) -> dict[str, float]:
    """Does the recurrence get its input cut anew, so that its steps mix times and features (view in the place of
    transpose)? Then each number x[t, f] reaches exactly step (t * F + f) // F' of F' features, and F' is no multiple
    of F. `cut_features` is F' where that is so, else 0."""
    nothing = {"cut_features": 0.0}
    layer = next((m for m in twin.modules() if isinstance(m, nn.RNNBase)), None)
    if layer is None or axis != 0 or x.dim() != 3 or not x.is_floating_point() or x.shape[2] < 2:
        return nothing
    steps, features = int(x.shape[1]), int(x.shape[2])
    given: list[torch.Tensor] = []

    def keep(module: nn.Module, args: Any) -> None:
        if args and isinstance(args[0], torch.Tensor):
            given.append(args[0].detach().clone())

    handle = layer.register_forward_pre_hook(keep)
    try:

        def into(tensor: torch.Tensor) -> torch.Tensor | None:
            given.clear()
            run(tensor)
            if len(given) != 1 or given[0].dim() != 3:
                return None
            return given[0] if layer.batch_first else given[0].transpose(0, 1)

        base = into(x)
        if base is None or base.shape[0] != x.shape[0] or base.shape[1] * base.shape[2] != steps * features:
            return nothing
        wide = int(base.shape[2])
        if wide % features == 0:
            return nothing
        for t in sorted({0, steps // 3, steps // 2, steps - 1}):
            for f in sorted({0, features // 2, features - 1}):
                changed = x.clone()
                changed[0, t, f] += 1.0 + float(x.abs().max())
                now = into(changed)
                hit = (now != base).any(-1).nonzero().tolist() if now is not None else []
                if hit != [[0, (t * features + f) // wide]]:
                    return nothing
        return {"cut_features": float(wide)}
    finally:
        handle.remove()


def _rows(output: torch.Tensor, count: int, axis: int) -> torch.Tensor | None:
    """The output as (batch, everything else), or None where no axis tells the samples apart."""
    if output.dim() == 0:
        return None
    if output.dim() > 1 and output.shape[0] != count and output.shape[1] == count:
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
