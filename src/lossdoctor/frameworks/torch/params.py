"""Which parameters there are, what they are called, and what they looked like at first sight."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn

from ...trace.events import ModelSeen, ParamFacts

MAX_PARAMS = 400
NOISE = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase)


class ParamBook:
    """Gives every parameter a run-wide index. Holds no parameter alive."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self._refs: list[weakref.ref[torch.Tensor]] = []
        self.names: list[str] = []
        self.embeddings: set[int] = set()
        """Indices of tables of which a batch uses some rows."""
        self.known_modules: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def find(self, param: torch.Tensor) -> int | None:
        index = self._index.get(id(param))
        return index if index is not None and self._refs[index]() is param else None

    def add(self, param: torch.Tensor, name: str) -> int:
        index = self.find(param)
        if index is not None:
            return index
        index = len(self._refs)
        self._index[id(param)] = index
        self._refs.append(weakref.ref(param))
        self.names.append(name)
        return index

    def params(self) -> list[tuple[int, torch.Tensor]]:
        """Those still alive."""
        return [(i, p) for i, ref in enumerate(self._refs) if (p := ref()) is not None]


def model_seen(book: ParamBook, model: nn.Module, number: int, step: int, name: str) -> ModelSeen:
    """Note a model at its first forward: its modules, parameters and their statistics before training."""
    first = len(book.names)
    facts: list[ParamFacts] = []
    owners: dict[str, nn.Module] = dict(model.named_modules())
    for path, param in model.named_parameters():
        if book.find(param) is not None or len(facts) >= MAX_PARAMS or not param.is_floating_point():
            continue
        if isinstance(param, nn.parameter.UninitializedParameter):
            continue
        module_path, _, leaf = path.rpartition(".")
        index = book.add(param, path)
        if role(owners.get(module_path), leaf) == "embedding":
            book.embeddings.add(index)
        facts.append(param_facts(param, path, owners.get(module_path), leaf, module_path))
    for module in owners.values():
        book.known_modules.add(module)
    modules = tuple((path, type(module).__name__, detail(module)) for path, module in list(owners.items())[:200])
    noise = tuple(path for path, module in owners.items() if is_noise(module))
    return ModelSeen(
        step=step, model=number, cls=name, first_param=first, params=tuple(facts), modules=modules, noise=noise,
        compiled="OptimizedModule" in type(model).__name__,
    )  # fmt: skip


def is_noise(module: nn.Module) -> bool:
    """Does this module behave differently in training and evaluation mode?"""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p > 0
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return bool(module.track_running_stats)
    return isinstance(module, nn.RNNBase) and module.dropout > 0 and module.num_layers > 1


def detail(module: nn.Module) -> str:
    try:
        return module.extra_repr()[:120]
    except Exception:
        return ""


def param_facts(param: torch.Tensor, name: str, owner: nn.Module | None, leaf: str, module: str) -> ParamFacts:
    """Statistics of one parameter; `default_std` by the initialisers of torch.nn (uniform in ±1/sqrt(fan))."""
    with torch.no_grad():
        values = param.detach().float()
        numel = values.numel()
        spread = values.reshape(-1)
        std = float(spread.std(unbiased=False)) if numel else 0.0
        mean = float(spread.mean()) if numel else 0.0
        largest = float(spread.abs().max()) if numel else 0.0
        equal = _rows_equal(values, owner)
    return ParamFacts(
        name=name, shape=tuple(param.shape), numel=numel, requires_grad=bool(param.requires_grad), std=std,
        mean=mean, max_abs=largest, default_std=default_std(param, owner, leaf), rows_equal=equal,
        radius=spectral_radius(values, owner, leaf), role=role(owner, leaf), module=module,
        dtype=str(param.dtype).removeprefix("torch."),
    )  # fmt: skip


def _rows_equal(values: torch.Tensor, owner: nn.Module | None) -> bool:
    """All units alike, bit for bit; in a recurrent layer gate by gate."""
    if values.dim() < 2 or values.shape[0] < 2:
        return False
    hidden = getattr(owner, "hidden_size", None) if isinstance(owner, nn.RNNBase | nn.RNNCellBase) else None
    if isinstance(hidden, int) and values.shape[0] % hidden == 0 and hidden > 1:
        gates = values.reshape(values.shape[0] // hidden, hidden, -1)
        return bool((gates == gates[:, :1]).all())
    return bool((values == values[:1]).all())


def role(owner: nn.Module | None, leaf: str) -> str:
    """What a parameter does: recurrent-hidden, recurrent-input, recurrent-bias, weight, bias, embedding, norm."""
    if isinstance(owner, nn.RNNBase | nn.RNNCellBase):
        if leaf.startswith("weight_hh"):
            return "recurrent-hidden"
        return "recurrent-input" if leaf.startswith("weight") else "recurrent-bias"
    if isinstance(owner, nn.Embedding | nn.EmbeddingBag):
        return "embedding"
    if owner is not None and "Norm" in type(owner).__name__:
        return "norm"
    return "bias" if "bias" in leaf else "weight"


def default_std(param: torch.Tensor, owner: nn.Module | None, leaf: str) -> float | None:
    if isinstance(owner, nn.RNNBase | nn.RNNCellBase):
        return 1 / math.sqrt(3 * max(1, owner.hidden_size))
    if isinstance(owner, nn.Embedding | nn.EmbeddingBag):
        return 1.0
    if isinstance(owner, nn.Linear):
        return 1 / math.sqrt(3 * max(1, owner.in_features))
    if isinstance(owner, nn.modules.conv._ConvNd):
        fan = owner.in_channels // owner.groups * math.prod(owner.kernel_size)
        return 1 / math.sqrt(3 * max(1, fan))
    return None


def spectral_radius(values: torch.Tensor, owner: nn.Module | None, leaf: str) -> float | None:
    """The largest modulus of an eigenvalue of W_hh, over its gates; None for other parameters."""
    if role(owner, leaf) != "recurrent-hidden" or values.dim() != 2 or values.shape[1] > 512:
        return None
    hidden = values.shape[1]
    if values.shape[0] % hidden or not bool(torch.isfinite(values).all()):
        return None
    blocks = values.cpu().double().reshape(-1, hidden, hidden)
    return float(torch.linalg.eigvals(blocks).abs().max())


def norms_of(grads: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    """Their 2-norms, on the device, outside of the script's graph (gradients may be part of one)."""
    if not grads:
        return []
    before = torch.is_grad_enabled()
    torch._C._set_grad_enabled(False)
    try:
        return list(torch._foreach_norm(grads))
    finally:
        torch._C._set_grad_enabled(before)


def sub_parameters(groups: Iterable[dict[str, Any]]) -> list[torch.Tensor]:
    return [p for group in groups for p in group["params"] if isinstance(p, torch.Tensor) and not p.is_meta]
