"""What-ifs about the net itself: without dropout, wider, shallower, with a fresh state, in full precision."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from .knob import Args, Knob, Kwargs, outermost
from .widening import variants, widen

HALF = (torch.float16, torch.bfloat16)


class LessDropout(Knob):
    """Dropout of at most `p`: in modules (the script's own too, by their names), between the layers of a recurrence,
    and where the function is called."""

    inputs_wanted = True

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.note = "no dropout was met"

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if isinstance(module, _DropoutNd):
            if module.p > self.p:
                module.p = self.p
                self.held()
        elif isinstance(module, nn.RNNBase):
            if module.dropout > self.p:
                module.dropout = self.p
                self.held()
        elif self.p == 0 and "drop" in type(module).__name__.lower() and module.training:
            module.training = False
            self.held()
        return None

    def dropout(self, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        """Arguments of torch.nn.functional.dropout: (input, p=0.5, training=True, inplace=False)."""
        given = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
        training = args[2] if len(args) > 2 else kwargs.get("training", True)
        if not training or not given > self.p:
            return args, kwargs
        self.held()
        return (args[0], self.p, *args[2:]) if len(args) > 1 else args, kwargs if len(args) > 1 else {**kwargs, "p": self.p}


class Rebuilt(Knob):
    """Parts of the model are built anew: the optimizer gets the new parameters in the place of the old ones."""

    def __init__(self) -> None:
        super().__init__()
        self._new: dict[int, nn.Parameter] = {}

    def before_step(self, opt: Any) -> None:
        if not self._new:
            return
        for group in opt.param_groups:
            for index, param in enumerate(group["params"]):
                new = self._new.get(id(param))
                if new is not None:
                    opt.state.pop(param, None)
                    group["params"][index] = new
                    self.held()


class GatedCell(Rebuilt):
    """GRUs in the place of plain recurrent layers and cells of the same sizes, freshly drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.note = "no plain recurrent layer inside of a model"

    def first_forward(self, models: list[nn.Module]) -> None:
        state = torch.random.get_rng_state()
        for parent in {id(m): m for model in models for m in model.modules()}.values():
            for name, part in list(parent.named_children()):
                made = _gated(part)
                if made is None:
                    continue
                made.train(part.training)
                setattr(parent, name, made)
                self._new.update({id(old): dict(made.named_parameters())[path] for path, old in part.named_parameters()})
        torch.random.set_rng_state(state)


def _gated(part: nn.Module) -> nn.Module | None:
    where = next(({"device": p.device, "dtype": p.dtype} for p in part.parameters()), {})
    if type(part) is nn.RNN:
        return nn.GRU(
            part.input_size, part.hidden_size, part.num_layers, part.bias, part.batch_first, part.dropout, part.bidirectional, **where,
        )  # fmt: skip
    return nn.GRUCell(part.input_size, part.hidden_size, part.bias, **where) if type(part) is nn.RNNCell else None


LAYERS = (nn.RNN, nn.GRU, nn.LSTM)
PIECES = (*LAYERS, nn.Linear, nn.LayerNorm)


class Widen(Rebuilt):
    """Hidden units of the recurrent layers times `factor` (below 1: fewer), and of what takes their output. Built anew before the first
    training forward; of the ways to rebuild, the first under which the model runs is taken."""

    inputs_wanted = True

    def __init__(self, factor: float, least: int = 32) -> None:
        super().__init__()
        self.factor, self.least = factor, least
        self._models: list[nn.Module] = []
        self._whole: list[nn.Module] = []
        self._met: set[int] = set()
        self._in_pieces = False
        self._wider: dict[int, int] = {}
        self.note = "the model cannot be rebuilt with other sizes"

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = self._whole = outermost(models)

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if type(module) in PIECES and id(module) not in self._met:
            self._met.add(id(module))
            if type(module) in LAYERS and self._is_called_by_the_script(module):
                self._in_pieces = True
            if self._in_pieces:
                # What takes the recurrence's output is another piece, called after it.
                self._new.update(widen(nn.ModuleList([module]), self.factor, self.least, "all", self._wider))
                return None
        if not any(module is model for model in self._models):
            return None
        self._models = [model for model in self._models if model is not module]
        assert self.guard is not None
        off, self.guard.off = self.guard.off, True
        try:
            self._rebuild(module, args)
        finally:
            self.guard.off = off
        return None

    def _is_called_by_the_script(self, layer: nn.Module) -> bool:
        """Is this layer no part of a model that can be called, so that the script itself puts the net together?"""
        models = [m for m in self._whole if m is not layer and not isinstance(m, nn.ModuleList | nn.ModuleDict)]
        return not any(layer is part for model in models for part in model.modules())

    def _rebuild(self, module: nn.Module, args: Args) -> None:
        state = torch.random.get_rng_state()
        for variant in variants(module):
            twin = copy.deepcopy(module)
            try:
                if not widen(twin, self.factor, self.least, variant):
                    continue
                with torch.no_grad():
                    twin(*copy.deepcopy(args))
            except Exception:
                continue
            finally:
                torch.random.set_rng_state(state)
            self._new.update(widen(module, self.factor, self.least, variant))
            torch.random.set_rng_state(state)
            break


class Passing(nn.Module):
    """Stands for a recurrent layer and hands its input on; its states are the last step."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.time = 1 if layer.batch_first else 0
        self.lstm = isinstance(layer, nn.LSTM)

    def forward(self, x: torch.Tensor, hx: Any = None) -> tuple[torch.Tensor, Any]:
        last = x.select(self.time if x.dim() == 3 else 0, -1).unsqueeze(0)
        return x, ((last, last) if self.lstm else last)


class Shallower(Knob):
    """Only the first of stacked recurrent layers."""

    inputs_wanted = True

    def __init__(self) -> None:
        super().__init__()
        self._cut: set[int] = set()
        self.note = "no stacked recurrent layers"

    def first_forward(self, models: list[nn.Module]) -> None:
        for model in outermost(models):
            before: nn.RNNBase | None = None
            for _, parent in list(model.named_modules()):
                for name, part in list(parent.named_children()):
                    if not isinstance(part, nn.RNNBase) or part.proj_size:
                        continue
                    if part.num_layers > 1:
                        self._cut_to_one(part)
                    wide = part.hidden_size * (2 if part.bidirectional else 1)
                    if (
                        before is not None
                        and type(before) is type(part)
                        and part.input_size == wide
                        and (before.hidden_size * (2 if before.bidirectional else 1) == wide)
                    ):
                        setattr(parent, name, Passing(part))
                        self.held()
                        continue
                    before = part

    def _cut_to_one(self, layer: nn.RNNBase) -> None:
        each = len(layer._flat_weights) // layer.num_layers
        layer._flat_weights_names = layer._flat_weights_names[:each]
        layer._init_flat_weights()
        layer._all_weights = layer._all_weights[: 2 if layer.bidirectional else 1]
        layer.num_layers = 1
        self._cut.add(id(layer))
        self.held()

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if id(module) not in self._cut or len(args) < 2 or args[1] is None:
            return None
        ways = 2 if getattr(module, "bidirectional", False) else 1
        state = tuple(s[:ways] for s in args[1]) if isinstance(args[1], tuple | list) else args[1][:ways]
        return (args[0], state, *args[2:])


class FreshState(Knob):
    """A recurrence that is given the state with which it ended before gets zeros instead. A state that comes from
    elsewhere (an encoder, a parameter), and one handed from step to step within a pass, stay."""

    inputs_wanted = True

    def __init__(self) -> None:
        super().__init__()
        self._pass = 0
        self._last: dict[int, tuple[int, list[torch.Tensor]]] = {}
        self._hooked: set[int] = set()
        self.note = "no state was carried from one pass to the next"

    def after_backward(self) -> None:
        self._pass += 1

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if isinstance(module, nn.RNNBase | nn.RNNCellBase) and id(module) not in self._hooked:
            self._hooked.add(id(module))
            module.register_forward_pre_hook(self._before, with_kwargs=True)
            module.register_forward_hook(self._after)
        return None

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        state = args[1] if len(args) > 1 else kwargs.get("hx")
        if state is None or not self._carried(module, args, state):
            return None
        self.held()
        zero = tuple(torch.zeros_like(s) for s in state) if isinstance(state, tuple | list) else torch.zeros_like(state)
        return ((args[0], zero, *args[2:]), kwargs) if len(args) > 1 else (args, {**kwargs, "hx": zero})

    def _carried(self, module: nn.Module, args: Any, state: Any) -> bool:
        when, last = self._last.get(id(module), (-1, []))
        if not last or (when == self._pass and torch.is_grad_enabled()):
            return False
        x = args[0] if args else None
        if not torch.is_grad_enabled() and (
            isinstance(module, nn.RNNCellBase) or (isinstance(x, torch.Tensor) and 1 in tuple(x.shape[:2]))
        ):
            return False
        given = state[0] if isinstance(state, tuple | list) else state
        return bool(given.shape == last[0].shape and torch.equal(given.detach(), last[0]))

    def _after(self, module: nn.Module, args: Any, result: Any) -> None:
        state = result[1] if isinstance(module, nn.RNNBase) else result
        states = list(state) if isinstance(state, tuple | list) else [state]
        self._last[id(module)] = (self._pass, [s.detach() for s in states[:1]])


class FullPrecision(Knob):
    """Weights, inputs and losses in float32, and no autocast."""

    inputs_wanted = True

    def __init__(self) -> None:
        super().__init__()
        self.note = "nothing is computed in half precision"

    def first_forward(self, models: list[nn.Module]) -> None:
        for model in outermost(models):
            if any(p.dtype in HALF for p in model.parameters()):
                model.float()
                self.held()
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                torch.set_autocast_enabled(device, False)
                self.held()

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        return _full(args)

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        return _full(args) or args, {k: _full(v) or v if isinstance(v, tuple) else _cast(v) for k, v in kwargs.items()}

    def autocast(self, context: Any) -> None:
        """A context of torch.autocast is about to be entered."""
        if getattr(context, "_enabled", False):
            context._enabled = False
            self.held()


def _cast(value: Any) -> Any:
    return value.float() if isinstance(value, torch.Tensor) and value.dtype in HALF else value


def _full(args: Args) -> Args | None:
    cast = tuple(tuple(_cast(v) for v in a) if type(a) is tuple else _cast(a) for a in args)
    changed = any(
        new is not old and (type(old) is not tuple or any(n is not o for n, o in zip(new, old, strict=True)))
        for new, old in zip(cast, args, strict=True)
    )
    return cast if changed else None


def make_net_knob(fix: str, args: Any) -> Knob | None:
    """The knob of a fix that changes the net, or None."""
    if fix == "set-dropout":
        return LessDropout(float(args.get("p", 0.0)))
    if fix == "widen":
        factor = float(args.get("factor", 4.0))
        return Widen(factor, least=32 if factor > 1 else 4)
    if fix == "shallower":
        return Shallower()
    if fix == "swap-cell":
        return GatedCell()
    if fix == "reset-state":
        return FreshState()
    return FullPrecision() if fix == "use-float32" else None
