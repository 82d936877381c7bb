"""Rebuild a model with wider recurrent layers: their own weights, what takes their output, and the sizes noted."""

from __future__ import annotations

from typing import Any

from torch import nn

RECURRENT = (nn.RNNBase, nn.RNNCellBase)
VARIANTS = ("all", "first", "none")
"""Which of the later layers whose input has the old size take the recurrence's output: all, the first, none."""


def variants(model: nn.Module) -> tuple[str, ...]:
    return VARIANTS if any(isinstance(m, RECURRENT) for m in model.modules()) else ()


def widen(model: nn.Module, factor: float, least: int, variant: str, pieces: dict[int, int] | None = None) -> dict[int, nn.Parameter]:
    """Widen every recurrent layer to `factor` times its units, at least `least`. Returns {id of an old parameter:
    the one that took its place}, empty where nothing was to be widened. With `pieces` the script
    calls the parts themselves and not the model, so that each stays the object that it is; what was widened so far (old
    size to new) is kept there from one piece to the next."""
    replaced: dict[int, nn.Parameter] = {}
    sizes: dict[int, int] = {}
    taken: dict[int, int] = {} if pieces is None else pieces
    for parent, name, part in _children(model):
        new: nn.Module | None = None
        wide_in = taken.get(_size_in(part))
        if isinstance(part, RECURRENT):
            if getattr(part, "proj_size", 0):
                continue
            hidden = max(int(part.hidden_size * factor), least)
            ways = 2 if getattr(part, "bidirectional", False) else 1
            sizes[part.hidden_size] = hidden
            new = _recurrent(part, wide_in or part.input_size, hidden)
            taken[part.hidden_size * ways] = hidden * ways
        elif wide_in is not None and isinstance(part, nn.Linear) and variant != "none":
            new = nn.Linear(wide_in, part.out_features, bias=part.bias is not None)
            if variant == "first":
                taken.pop(part.in_features)
        elif wide_in is not None and isinstance(part, nn.LayerNorm) and variant != "none":
            new = nn.LayerNorm(wide_in, part.eps, part.elementwise_affine)
        elif wide_in is not None and isinstance(part, nn.BatchNorm1d) and variant != "none":
            new = nn.BatchNorm1d(wide_in, part.eps, part.momentum, part.affine, part.track_running_stats)
        if new is None:
            continue
        first = next(part.parameters(), None)
        if first is not None:
            new.to(device=first.device, dtype=first.dtype)
        new.train(part.training)
        made = dict(new.named_parameters())
        for key, old in part.named_parameters():
            param = made.get(key)
            if param is not None:
                param.requires_grad_(old.requires_grad)
                replaced[id(old)] = param
        if pieces is not None and type(part) is type(new):
            part.__dict__.update(new.__dict__)
        else:
            setattr(parent, name, new)
    for module in model.modules():
        for key, value in list(vars(module).items()):
            if type(value) is int and value in sizes and _names_a_size(key) and not isinstance(module, RECURRENT):
                setattr(module, key, sizes[value])
    return replaced


def _names_a_size(key: str) -> bool:
    return any(word in key.lower() for word in ("hid", "unit", "size_h", "dim_h")) or key in ("h", "H", "d_model")


def _children(model: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    """(parent, name, module) of all parts below the model, in the order in which they were made: what is nested comes
    before what follows its parent."""
    found: list[tuple[nn.Module, str, nn.Module]] = []
    for name, part in model.named_children():
        found += [(model, name, part), *_children(part)]
    return found


def _size_in(part: nn.Module) -> int:
    if isinstance(part, RECURRENT):
        return int(part.input_size)
    if isinstance(part, nn.Linear):
        return part.in_features
    if isinstance(part, nn.LayerNorm):
        return int(part.normalized_shape[0]) if len(part.normalized_shape) == 1 else -1
    return part.num_features if isinstance(part, nn.BatchNorm1d) else -1


def _recurrent(part: Any, size_in: int, hidden: int) -> nn.Module:
    if isinstance(part, nn.RNNCell):
        return nn.RNNCell(size_in, hidden, part.bias, part.nonlinearity)
    if isinstance(part, nn.RNNCellBase):
        return type(part)(size_in, hidden, part.bias)  # type: ignore[call-arg, arg-type]
    options: dict[str, Any] = {
        "num_layers": part.num_layers, "bias": part.bias, "batch_first": part.batch_first, "dropout": part.dropout,
        "bidirectional": part.bidirectional,
    }  # fmt: skip
    if isinstance(part, nn.RNN):
        options["nonlinearity"] = part.nonlinearity
    kind: Any = nn.LSTM if isinstance(part, nn.LSTM) else nn.GRU if isinstance(part, nn.GRU) else nn.RNN
    return kind(size_in, hidden, **options)  # type: ignore[no-any-return]
