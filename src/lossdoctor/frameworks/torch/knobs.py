"""How an intervention takes hold of a live, unmodified run: one class a knob, all called from the doors.

A knob changes what passes a door (a rate, a clip limit, an input, a loss's target) and says whether it took
hold: an arm that did not is no evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .doors import Guard

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


class Knob:
    """One intervention. `took_hold` turns true when it has changed something; `note` says why it has not."""

    inputs_wanted = False
    guard: Guard | None = None

    def __init__(self) -> None:
        self.took_hold = False
        self.note = "nothing of the kind was met in the run"

    def held(self) -> None:
        self.took_hold = True
        self.note = ""

    def first_forward(self, models: list[nn.Module]) -> None:
        """Just before the first training forward."""

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        return None

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        return args, kwargs

    def after_backward(self) -> None:
        """A backward pass has just ended."""

    def before_step(self, opt: Any) -> None:
        pass

    def after_step(self, opt: Any) -> None:
        pass

    def clip(self, how: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        return args, kwargs

    def loader(self, loader: Any) -> bool:
        """A pass over a DataLoader is about to begin. True if the knob has taken hold of it."""
        return False

    def criterion_gave(self, name: str, result: Any) -> None:
        """What a loss function returned."""

    def numbers(self) -> dict[str, float]:
        """What the knob has measured itself, at the end of its arm."""
        return {}

    def backward(self, args: Args) -> Args:
        """Arguments of autograd's engine: (losses, their gradients, ...)."""
        return args

    def dropout(self, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        """Arguments of torch.nn.functional.dropout and its kin."""
        return args, kwargs

    def autocast(self, context: Any) -> None:
        """A context of torch.autocast is about to be entered."""


class ScaleRate(Knob):
    """Every learning rate times `factor`, while the script and its schedulers see their own."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self._saved: dict[int, list[Any]] = {}

    def before_step(self, opt: Any) -> None:
        self._saved[id(opt)] = [group["lr"] for group in opt.param_groups]
        for group in opt.param_groups:
            group["lr"] = group["lr"] * self.factor
        self.held()

    def after_step(self, opt: Any) -> None:
        for group, lr in zip(opt.param_groups, self._saved.pop(id(opt), []), strict=False):
            group["lr"] = lr


class HoldRate(Knob):
    """Every learning rate stays where the first update found it (or at its largest so far, for a warm-up)."""

    def __init__(self) -> None:
        super().__init__()
        self._best: dict[int, list[float]] = {}
        self._saved: dict[int, list[Any]] = {}

    def before_step(self, opt: Any) -> None:
        now = [group["lr"] for group in opt.param_groups]
        best = self._best.setdefault(id(opt), [float(lr) for lr in now])
        self._saved[id(opt)] = now
        for index, group in enumerate(opt.param_groups):
            best[index] = max(best[index], float(now[index]))
            if float(now[index]) != best[index]:
                group["lr"] = best[index]
                self.held()
        if not self.took_hold:
            self.note = "the rate never fell"

    def after_step(self, opt: Any) -> None:
        for group, lr in zip(opt.param_groups, self._saved.pop(id(opt), []), strict=False):
            group["lr"] = lr


class SetDecay(Knob):
    """Another weight decay."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def before_step(self, opt: Any) -> None:
        for group in opt.param_groups:
            if group.get("weight_decay", self.value) != self.value:
                group["weight_decay"] = self.value
                self.held()


class Unclipped(Knob):
    """The script's own clipping does nothing: neither torch's functions, nor a scaling down by hand of what
    the backward pass has left."""

    def __init__(self, by_hand: bool = False) -> None:
        super().__init__()
        self.by_hand = by_hand
        self._models: list[nn.Module] = []
        self._norm = 0.0

    def first_forward(self, models: list[nn.Module]) -> None:
        self._models = models

    def _grads(self) -> list[torch.Tensor]:
        params = {id(p): p for model in self._models for p in model.parameters()}
        return [p.grad for p in params.values() if p.grad is not None and not p.grad.is_sparse]

    def after_backward(self) -> None:
        grads = self._grads() if self.by_hand else []
        if grads:
            self._norm = float(torch.stack(torch._foreach_norm(grads)).norm())

    def before_step(self, opt: Any) -> None:
        grads = self._grads() if self.by_hand else []
        if grads:
            now = float(torch.stack(torch._foreach_norm(grads)).norm())
            if 0 < now < 0.999 * self._norm:
                torch._foreach_mul_(grads, self._norm / now)
                self.held()

    def clip(self, how: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        self.held()
        key = "max_norm" if how == "clip_grad_norm_" else "clip_value"
        if args:
            return (float("inf"), *args[1:]), kwargs
        return args, {**kwargs, key: float("inf")}


class AddClip(Knob):
    """Clip the gradient's norm over all of an optimizer's parameters before each of its steps."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def before_step(self, opt: Any) -> None:
        grads = [p.grad for g in opt.param_groups for p in g["params"] if p.grad is not None and not p.grad.is_sparse]
        if not grads:
            return
        total = torch.linalg.vector_norm(torch.stack([n.double() for n in torch._foreach_norm(grads)]))
        if not bool(torch.isfinite(total)):
            for grad in grads:
                grad.zero_()
            self.held()
        elif float(total) > self.limit:
            torch._foreach_mul_(grads, float(self.limit / (total + 1e-12)))
            self.held()


class SwapOptimizer(Knob):
    """Step with Adam instead of the script's optimizer; its rate is Adam's usual one unless given."""

    def __init__(self, lr: float = 1e-3) -> None:
        super().__init__()
        self.lr = lr
        self._shadow: dict[int, torch.optim.Optimizer] = {}
        self._kept: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}

    def before_step(self, opt: Any) -> None:
        if isinstance(opt, torch.optim.LBFGS) or any(opt is shadow for shadow in self._shadow.values()):
            return
        self._kept[id(opt)] = [(p, p.detach().clone()) for g in opt.param_groups for p in g["params"]]

    def after_step(self, opt: Any) -> None:
        kept = self._kept.pop(id(opt), None)
        if kept is None:
            return
        shadow = self._shadow.get(id(opt))
        if shadow is None:
            shadow = self._shadow[id(opt)] = torch.optim.Adam([p for p, _ in kept], lr=self.lr)
        with torch.no_grad():
            for param, before in kept:
                param.copy_(before)
        type(shadow).step.__wrapped__(shadow) if hasattr(type(shadow).step, "__wrapped__") else shadow.step()
        self.held()


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


class ScaleInputs(Knob):
    """Standardise each input feature of the models by the statistics given (mean and deviation by feature)."""

    inputs_wanted = True

    def __init__(self, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.mean = torch.tensor(mean)
        self.std = torch.tensor(std).clamp_min(1e-12)
        self._models: list[nn.Module] = []

    def first_forward(self, models: list[nn.Module]) -> None:
        inner = {id(part) for model in models for part in model.modules() if part is not model}
        self._models = [model for model in models if id(model) not in inner]

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        if not any(module is model for model in self._models):
            return None
        for index, value in enumerate(args):
            scaled = self._scaled(value)
            if scaled is not None:
                self.held()
                return (*args[:index], scaled, *args[index + 1 :])
            if isinstance(value, torch.Tensor):
                return None
        return None

    def _scaled(self, value: Any) -> Any:
        if isinstance(value, nn.utils.rnn.PackedSequence):
            data = self._scaled(value.data)
            return None if data is None else value._replace(data=data)
        if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.dim() < 1:
            return None
        mean, std = self.mean.to(value), self.std.to(value)
        if value.shape[-1] != mean.numel() and mean.numel() != 1:
            mean, std = mean.mean(), std.mean()
        return (value - mean) / std


class ScaleTargets(Knob):
    """Standardise the targets of regression losses by the mean and deviation given."""

    NAMES = frozenset({"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"})

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean = mean
        self.std = max(std, 1e-30)
        self.note = "the loss is not one of torch.nn.functional's regression losses"

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        if name not in self.NAMES:
            return args, kwargs
        if len(args) > 1 and isinstance(args[1], torch.Tensor):
            self.held()
            return (args[0], (args[1] - self.mean) / self.std, *args[2:]), kwargs
        target = kwargs.get("target")
        if isinstance(target, torch.Tensor):
            self.held()
            return args, {**kwargs, "target": (target - self.mean) / self.std}
        return args, kwargs


class ScaleBoth(ScaleInputs):
    """Inputs and targets standardised at once: a series that is both is off its scale on both sides."""

    def __init__(self, mean: list[float], std: list[float], targets: ScaleTargets) -> None:
        super().__init__(mean, std)
        self.targets = targets

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        return self.targets.criterion(name, args, kwargs)


class WeighClasses(Knob):
    """Classes of a cross entropy (or the two sides of a binary one) weigh as their rarity."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.weights = torch.tensor(weights)
        self.note = "the loss is no classification loss that takes weights"

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        given = args[0] if args else kwargs.get("input")
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if not isinstance(given, torch.Tensor) or not isinstance(target, torch.Tensor):
            return args, kwargs
        if name in ("cross_entropy", "nll_loss") and given.dim() > 1 and given.shape[1] == self.weights.numel():
            return self._weighted(args, kwargs, self.weights.to(given))
        if name in ("binary_cross_entropy_with_logits", "binary_cross_entropy"):
            weight = torch.where(target > 0.5, self.weights[-1].to(target), self.weights[0].to(target))
            if "pos_weight" in kwargs:
                kwargs = {**kwargs, "pos_weight": None}
            return self._weighted(args, kwargs, weight)
        return args, kwargs

    def _weighted(self, args: Args, kwargs: Kwargs, weight: torch.Tensor) -> tuple[Args, Kwargs]:
        """`weight` is the third argument of all these losses: `nn.BCEWithLogitsLoss` gives it by its place."""
        if len(args) > 2:
            if args[2] is not None:
                return args, kwargs
            self.held()
            return (*args[:2], weight, *args[3:]), kwargs
        if kwargs.get("weight") is not None:
            return args, kwargs
        self.held()
        return args, {**kwargs, "weight": weight}


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


class Knobs:
    """The interventions of one run, asked in order."""

    def __init__(self, knobs: list[Knob]) -> None:
        self.knobs = knobs

    def __bool__(self) -> bool:
        return bool(self.knobs)

    @property
    def inputs_wanted(self) -> bool:
        return any(knob.inputs_wanted for knob in self.knobs)

    @property
    def took_hold(self) -> bool:
        return all(knob.took_hold for knob in self.knobs)

    @property
    def note(self) -> str:
        return "; ".join(knob.note for knob in self.knobs if knob.note)

    def first_forward(self, models: list[nn.Module]) -> None:
        for knob in self.knobs:
            knob.first_forward(models)

    def inputs(self, module: nn.Module, args: Args) -> Args | None:
        changed: Args | None = None
        for knob in self.knobs:
            result = knob.inputs(module, changed if changed is not None else args)
            changed = result if result is not None else changed
        return changed

    def criterion(self, name: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        for knob in self.knobs:
            args, kwargs = knob.criterion(name, args, kwargs)
        return args, kwargs

    def after_backward(self) -> None:
        for knob in self.knobs:
            knob.after_backward()

    def adopt(self, guard: Guard) -> None:
        """Knobs that run the script's model themselves switch this off meanwhile."""
        for knob in self.knobs:
            knob.guard = guard

    def loader(self, loader: Any) -> None:
        for knob in self.knobs:
            knob.loader(loader)

    def criterion_gave(self, name: str, result: Any) -> None:
        for knob in self.knobs:
            knob.criterion_gave(name, result)

    def numbers(self) -> dict[str, float]:
        return {name: value for knob in self.knobs for name, value in knob.numbers().items()}

    def backward(self, args: Args) -> Args:
        for knob in self.knobs:
            args = knob.backward(args)
        return args

    def dropout(self, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        for knob in self.knobs:
            args, kwargs = knob.dropout(args, kwargs)
        return args, kwargs

    def autocast(self, context: Any) -> None:
        for knob in self.knobs:
            knob.autocast(context)

    def before_step(self, opt: Any) -> None:
        for knob in self.knobs:
            knob.before_step(opt)

    def after_step(self, opt: Any) -> None:
        for knob in reversed(self.knobs):
            knob.after_step(opt)

    def clip(self, how: str, args: Args, kwargs: Kwargs) -> tuple[Args, Kwargs]:
        for knob in self.knobs:
            args, kwargs = knob.clip(how, args, kwargs)
        return args, kwargs


Numbers = Mapping[str, Any]


def make_knob(fix: str, args: Numbers) -> Knob | None:
    """The live half of a fix, or None where a fix has none."""
    if fix in ("lower-lr", "raise-lr"):
        return ScaleRate(float(args.get("factor", 0.1 if fix == "lower-lr" else 10.0)))
    if fix == "drop-scheduler":
        return HoldRate()
    if fix == "set-weight-decay":
        return SetDecay(float(args.get("value", 0.0)))
    if fix == "loosen-clip":
        return Unclipped(by_hand=bool(args.get("by_hand", False)))
    if fix == "add-clip":
        return AddClip(float(args["max_norm"]))
    if fix == "swap-optimizer":
        return SwapOptimizer(float(args.get("lr", 1e-3)))
    if fix == "reinit":
        return Reinitialise(
            forget=float(args.get("forget", 0.0)), chrono=float(args.get("chrono", 0.0)),
            weights=not bool(args.get("keep", False)), orthogonal=bool(args.get("orthogonal", False)),
        )  # fmt: skip
    if fix == "scale-inputs":
        return ScaleInputs(list(args["mean"]), list(args["std"]))
    if fix == "scale-targets":
        targets = ScaleTargets(float(args["mean"]), float(args["std"]))
        return ScaleBoth(list(args["x_mean"]), list(args["x_std"]), targets) if "x_mean" in args else targets
    if fix == "unfreeze":
        return Unfreeze()
    if fix == "set-batch-first":
        return FlipBatchFirst()
    if fix == "set-mode":
        return RightMode()
    if fix == "weight-classes":
        return WeighClasses(list(args["weights"]))
    if fix == "hold-out":
        from .held_out import HoldOut

        return HoldOut(int(args["parts"]))
    from .data_knobs import make_data_knob
    from .net_knobs import make_net_knob
    from .row_knobs import make_row_knob
    from .step_knobs import make_step_knob

    return make_row_knob(fix, args) or make_data_knob(fix, args) or make_net_knob(fix, args) or make_step_knob(fix, args)
