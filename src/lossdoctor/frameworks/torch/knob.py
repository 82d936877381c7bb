"""How an intervention takes hold of a live, unmodified run: one class a knob, all called from the doors.

A knob changes what passes a door (a rate, a clip limit, an input, a loss's target) and says whether it took
hold: an arm that did not is no evidence.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from .doors import Guard

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


def outermost(models: list[nn.Module]) -> list[nn.Module]:
    """Those that are no part of another."""
    inner = {id(part) for model in models for part in model.modules() if part is not model}
    return [model for model in models if id(model) not in inner]


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
