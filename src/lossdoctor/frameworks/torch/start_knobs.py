"""Knobs on how the net stands when its training begins: its weights, what is frozen, its modes and axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .knob import Args, Knob


class Reinitialise(Knob):
    """Every module that knows its default initialisation is given it anew, before the first update.

    `forget` adds that much to the forget gates' bias of LSTMs; `chrono` > 0 sets the gate biases for memories
    of up to that many steps (Tallec & Ollivier 2018, "Can recurrent neural networks warp time?").
    """

    def __init__(self, forget: float = 0.0, chrono: float = 0.0, weights: bool = True, orthogonal: bool = False) -> None:
        super().__init__()
        self.orthogonal = orthogonal
        self.forget = forget
        self.chrono = chrono
        self.weights = weights

    def first_forward(self, models: list[nn.Module]) -> None:
        for module in {id(m): m for model in models for m in model.modules()}.values():
            if not any(p.requires_grad for p in module.parameters(recurse=False)):
                continue
            reset = getattr(module, "reset_parameters", None)
            if self.weights and callable(reset):
                reset()
                self.held()
            if self.orthogonal and isinstance(module, nn.RNN | nn.RNNCell | nn.GRU | nn.GRUCell):
                for name, weight in module.named_parameters(recurse=False):
                    if name.startswith("weight_hh"):
                        for block in weight.detach().split(weight.shape[1]):
                            nn.init.orthogonal_(block)
                        self.held()
            if isinstance(module, nn.LSTM | nn.LSTMCell | nn.GRU | nn.GRUCell) and (self.forget or self.chrono):
                self._gates(module)
                self.held()

    def _gates(self, layer: nn.Module) -> None:
        """PyTorch's orders are i, f, g, o and r, z, n; f and z keep the state. Both biases are added up."""
        gates = 4 if isinstance(layer, nn.LSTM | nn.LSTMCell) else 3
        with torch.no_grad():
            for name, bias in layer.named_parameters(recurse=False):
                if "bias" not in name:
                    continue
                hidden = bias.numel() // gates
                first = "_ih" in name
                if self.chrono:
                    reach = torch.empty(hidden).uniform_(1.0, max(1.1, self.chrono - 1)).log().to(bias)
                    bias[hidden : 2 * hidden] = reach if first else 0
                    if gates == 4:
                        bias[:hidden] = -reach if first else 0
                elif first:
                    bias[hidden : 2 * hidden] += self.forget


class Unfreeze(Knob):
    """Every floating-point parameter of the models wants a gradient, and the first optimizer steps it too."""

    def __init__(self) -> None:
        super().__init__()
        self._thawed: list[torch.Tensor] = []
        self._models: list[nn.Module] = []
        self.note = "no parameter was frozen"

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = models
        self._thawed = self._thaw()

    def _thaw(self) -> list[torch.Tensor]:
        frozen = {id(p): p for m in self._models for p in m.parameters() if not p.requires_grad and p.is_floating_point()}
        for param in frozen.values():
            param.requires_grad_(True)
        return list(frozen.values())

    def after_step(self, opt: Any) -> None:
        """What is frozen on the way is freed again."""
        if self._thaw():
            self.held()

    def before_step(self, opt: Any) -> None:
        if not self._thawed:
            return
        held = {id(p) for group in opt.param_groups for p in group["params"]}
        missing = [p for p in self._thawed if id(p) not in held]
        if missing:
            opt.add_param_group({"params": missing})
        self._thawed = []
        self.held()


class RightMode(Knob):
    """Modules are in training mode where gradients flow, and in evaluation mode where none do."""

    inputs_wanted = True

    def __init__(self) -> None:
        super().__init__()
        self._models: list[nn.Module] = []
        self.note = "every pass was in its right mode"

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = models

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if any(module is model for model in self._models):
            wanted = torch.is_grad_enabled()
            if any(part.training != wanted for part in module.modules()):
                module.train(wanted)
                self.held()
        return None


class FlipBatchFirst(Knob):
    """Recurrent layers read the other of the first two axes as time."""

    def first_forward(self, models: list[nn.Module]) -> None:
        for module in {id(m): m for model in models for m in model.modules()}.values():
            if isinstance(module, nn.RNNBase):
                module.batch_first = not module.batch_first
                self.held()


def make_start_knob(fix: str, args: Mapping[str, Any]) -> Knob | None:
    """The knob of a fix that changes how the net begins, or None."""
    if fix == "reinit":
        return Reinitialise(
            forget=float(args.get("forget", 0.0)), chrono=float(args.get("chrono", 0.0)),
            weights=not bool(args.get("keep", False)), orthogonal=bool(args.get("orthogonal", False)),
        )  # fmt: skip
    if fix == "unfreeze":
        return Unfreeze()
    if fix == "set-mode":
        return RightMode()
    return FlipBatchFirst() if fix == "set-batch-first" else None
