"""What the autograd graph of a loss says: what it reaches, what stands on the way, what was stretched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

MAX_NODES = 20_000
CRITERION_OPS = {
    "NllLossBackward", "NllLoss2DBackward", "MseLossBackward", "BinaryCrossEntropyBackward",
    "BinaryCrossEntropyWithLogitsBackward", "HuberLossBackward", "SmoothL1LossBackward", "CtcLossBackward",
    "KlDivBackward", "SoftMarginLossBackward", "MultiMarginLossBackward", "L1LossBackward",
}  # fmt: skip
LOG_OPS = {"LogSoftmaxBackward", "LogBackward", "LogSigmoidBackward", "Log2Backward", "Log1PBackward"}
SQUASHERS = {"SigmoidBackward": "sigmoid", "TanhBackward": "tanh"}
ERROR_OPS = {"PowBackward", "AbsBackward"}
SHAPE_OPS = {
    "ViewBackward", "UnsafeViewBackward", "ReshapeAliasBackward", "SqueezeBackward", "UnsqueezeBackward",
    "TransposeBackward", "PermuteBackward", "TBackward", "SelectBackward", "SliceBackward", "CloneBackward",
    "ContiguousBackward", "ToCopyBackward", "ExpandBackward", "CatBackward", "StackBackward", "IndexBackward",
    "IndexSelectBackward", "AliasBackward", "AsStridedBackward", "DivBackward", "SumBackward", "MeanBackward",
}  # fmt: skip
STRETCHING = {"SubBackward", "AddBackward", "MulBackward", "DivBackward", "RsubBackward"}


@dataclass
class Walk:
    """Result of one walk. `leaves` are the tensors with an AccumulateGrad node."""

    leaves: list[torch.Tensor] = field(default_factory=list)
    chain: tuple[str, ...] = ()
    sign: int = 0
    criterion_op: str = ""
    broadcast: tuple[tuple[int, ...], ...] = ()
    nodes: int = 0
    truncated: bool = False
    difference: torch.Tensor | None = None
    difference_op: str = ""
    picked: tuple[torch.Tensor, ...] = ()
    checkpointed: bool = False
    signs: dict[str, int] = field(default_factory=dict)
    relus: list[torch.Tensor] = field(default_factory=list)
    squashed: list[tuple[str, torch.Tensor]] = field(default_factory=list)


def saved(node: Any, name: str) -> Any:
    """What a node has saved for its backward pass, or None: changed in place since, or kept by hooks of the
    script (to save it elsewhere, or to compute it anew), which we must not set off."""
    try:
        raw = getattr(node, f"_raw_saved_{name}")
        if isinstance(raw, tuple):
            return None if any(r.unpack_hook is not None for r in raw) else getattr(node, f"_saved_{name}")
        return None if raw.unpack_hook is not None else getattr(node, f"_saved_{name}")
    except (AttributeError, RuntimeError):
        return None


def op(node: Any) -> str:
    return str(node.name()).rstrip("0123456789").replace("torch::autograd::", "")


def walk(loss: torch.Tensor) -> Walk:
    """Walk the whole graph below `loss` (before its backward: afterwards saved tensors are gone)."""
    result = Walk()
    root = loss.grad_fn
    if root is None:
        return result
    seen = {root}
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        result.nodes += 1
        if result.nodes > MAX_NODES:
            result.truncated = True
            break
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            result.leaves.append(leaf)
        if len(result.relus) < 6 and op(node) == "ReluBackward":
            kept = saved(node, "result")
            if kept is not None:
                result.relus.append(kept.detach())
        if len(result.squashed) < 8 and op(node) in SQUASHERS:
            kept = saved(node, "result")
            if kept is not None and kept.dim() >= 2:
                result.squashed.append((SQUASHERS[op(node)], kept.detach()))
        if "Checkpoint" in str(node.name()) or op(node).startswith("CompiledFunction"):
            result.checkpointed = True
        for child, _ in node.next_functions:
            if child is not None and child not in seen:
                seen.add(child)
                stack.append(child)
    _read_head(root, result)
    return result


def _read_head(root: Any, result: Walk) -> None:
    """Follow the way from the loss to what it measures, then on to the last layer."""
    result.signs = _all_signs(root)
    found = _nearest(root, CRITERION_OPS) or _nearest(root, LOG_OPS | ERROR_OPS)
    if found is None:
        result.chain = tuple(op(node) for node in _main_branch(root, 16))
        return
    path, sign = found
    node = path[-1]
    result.sign = sign
    result.criterion_op = op(node)
    below = _main_branch(node, 14)
    result.chain = tuple([op(n) for n in path[:-1]] + [op(n) for n in below])
    kind = op(node)
    if kind in ERROR_OPS:
        difference = saved(node, "self")
        if difference is not None:
            result.difference, result.difference_op = difference.detach(), kind
    for above in path[-3:]:
        if op(above) == "IndexBackward":
            result.picked = tuple(i.detach() for i in saved(above, "indices") or () if i is not None)
        elif op(above) == "GatherBackward":
            index = saved(above, "index")
            result.picked = () if index is None else (index.detach(),)
    for above in below[:4]:
        if op(above) in STRETCHING:
            result.broadcast = _stretched(above)
            if result.broadcast:
                return


def _nearest(root: Any, wanted: set[str]) -> tuple[list[Any], int] | None:
    """The nearest node of a wanted kind, the path to it, and the sign with which it enters the loss."""
    queue: list[tuple[Any, tuple[Any, ...], int]] = [(root, (root,), 1)]
    seen = {root}
    for _ in range(400):
        if not queue:
            return None
        node, path, sign = queue.pop(0)
        if op(node) in wanted:
            return list(path), sign
        for position, (child, _) in enumerate(node.next_functions):
            if child is None or child in seen or getattr(child, "variable", None) is not None:
                continue
            seen.add(child)
            queue.append((child, (*path, child), sign * _local_sign(node, position)))
    return None


def _all_signs(root: Any) -> dict[str, int]:
    """With which sign each kind of criterion enters the loss; 0 where both signs occur."""
    queue: list[tuple[Any, int]] = [(root, 1)]
    seen = {root}
    found: dict[str, int] = {}
    for _ in range(300):
        if not queue:
            break
        node, sign = queue.pop(0)
        kind = op(node)
        if kind in CRITERION_OPS | LOG_OPS | ERROR_OPS:
            found[kind] = sign if found.get(kind, sign) == sign else 0
            continue
        for position, (child, _) in enumerate(node.next_functions):
            if child is None or child in seen or getattr(child, "variable", None) is not None:
                continue
            seen.add(child)
            queue.append((child, sign * _local_sign(node, position)))
    return found


def _local_sign(node: Any, position: int) -> int:
    kind = op(node)
    if kind in ("NegBackward", "RsubBackward"):
        return -1
    if kind == "SubBackward":
        return -1 if position == 1 else 1
    if kind in ("MulBackward", "DivBackward"):
        other = saved(node, "other" if position == 0 else "self")
        if isinstance(other, torch.Tensor) and other.dim() == 0 and other.device.type == "cpu":
            return -1 if float(other) < 0 else 1
    return 1


def _main_branch(node: Any, limit: int) -> list[Any]:
    """Down from `node`, at each fork along the branch that is not a leaf, preferring the larger output."""
    way: list[Any] = []
    while node is not None and len(way) < limit:
        way.append(node)
        nexts = [child for child, _ in node.next_functions if child is not None]
        inner = [child for child in nexts if getattr(child, "variable", None) is None]
        if not inner:
            break
        node = inner[0]
    return way


def _stretched(node: Any) -> tuple[tuple[int, ...], ...]:
    """(output shape, input shape) where an operand that needs a gradient was broadcast to more elements."""
    out = tuple(node._input_metadata[0].shape)
    for child, number in node.next_functions:
        if child is None:
            continue
        variable = getattr(child, "variable", None)
        if variable is not None:
            continue
        metadata = child._input_metadata
        if number >= len(metadata):
            continue
        given = tuple(metadata[number].shape)
        if _count(out) > _count(given) > 1 and len(out) >= 1:
            return (out, given)
    return ()


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
