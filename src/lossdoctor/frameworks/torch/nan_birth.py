"""Find the operation that makes the first non-finite number, by watching every operation of a few steps.

Far too slow for a run: it is switched on in a fork that goes through the fatal step once more.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ...trace import events

if TYPE_CHECKING:
    from .watcher import Watcher

# These put an infinity where they are told to (masks); they do not compute one.
PLACING = ("fill", "full", "where", "masked", "scatter", "index_put", "empty", "copy", "clone", "detach", "view", "rand")


class BirthMode(TorchDispatchMode):
    """Notes the first NaN that comes out of finite operands, or out of an infinity noted before."""

    def __init__(
        self, site: Callable[[], tuple[str, int]], found: Callable[[dict[str, Any]], None], ours: Callable[[], bool]
    ) -> None:
        super().__init__()
        self.ours = ours
        self.site = site
        self.found = found
        self.infinity: dict[str, Any] | None = None
        self.over = False
        self.in_backward = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.over and not self.in_backward and not self.ours():
            try:
                self._look(func, args, result)
            except Exception:
                self.over = True
        return result

    def _look(self, func: Any, args: Any, result: Any) -> None:
        name = str(func).removeprefix("aten.").split(".")[0]
        outputs = [t for t in _tensors(result) if t.is_floating_point() and t.numel()]
        if not outputs or any(part in name for part in PLACING):
            return
        nan = any(bool(torch.isnan(t).any()) for t in outputs)
        infinite = not nan and any(bool(torch.isinf(t).any()) for t in outputs)
        if not nan and not infinite:
            return
        inputs = [t for t in _tensors(args) if t.is_floating_point() and t.numel()]
        if any(bool(torch.isnan(t).any()) for t in inputs):
            return
        file, line = self.site()
        record = {
            "op": name,
            "operand": _operand(name, inputs),
            "file": file,
            "line": line,
            "value": "NaN" if nan else "inf",
        }
        if infinite:
            if self.infinity is None and not any(bool(torch.isinf(t).any()) for t in inputs):
                self.infinity = record
            return
        self.over = True
        came_from_infinity = any(bool(torch.isinf(t).any()) for t in inputs) and self.infinity is not None
        self.found(self.infinity if came_from_infinity and self.infinity is not None else record)


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [t for item in value for t in _tensors(item)]
    return []


def _operand(name: str, inputs: list[torch.Tensor]) -> str:
    """Which operand did it: the smallest and largest value of the decisive one."""
    if not inputs:
        return ""
    which = inputs[-1] if name in ("div", "true_divide", "remainder") else inputs[0]
    finite = which[torch.isfinite(which)]
    if not finite.numel():
        return "all non-finite"
    low, high = float(finite.min()), float(finite.max())
    zeros = int((which == 0).sum())
    text = f"between {low:.4g} and {high:.4g}"
    return (
        f"{text}, {zeros} exactly 0" if zeros and name in ("div", "log", "log2", "log10", "sqrt", "rsqrt", "norm") else text
    )


class BirthWatch:
    """Switches the mode on before a forward pass and reads anomaly mode's word on the backward pass."""

    def __init__(self, watcher: Watcher, user_site: Callable[[], tuple[str, int]]) -> None:
        self.watcher = watcher
        self.user_site = user_site
        self._stack: ExitStack | None = None
        self.mode: BirthMode | None = None
        self.told = False
        self.heard: list[str] = []

    def start(self) -> None:
        self._stack = ExitStack()
        self.mode = BirthMode(self.user_site, self._found, self.watcher.own.working)
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: self.heard.append(str(message))  # type: ignore[assignment]
        torch.autograd.set_detect_anomaly(True, check_nan=True)
        self._stack.enter_context(self.mode)
        self.watcher.aside.own_modes = 1

    def backward(self, running: bool) -> None:
        if self.mode is not None:
            self.mode.in_backward = running

    def _found(self, record: dict[str, Any], backward: bool = False, detail: str = "") -> None:
        if self.told:
            return
        self.told = True
        self.watcher.write(
            events.Birth(
                step=self.watcher.updates, op=record["op"], operand=record["operand"], value=record["value"],
                backward=backward, file=record["file"], line=record["line"], detail=detail,
            )
        )  # fmt: skip

    def given(self, what: str, args: Any) -> None:
        """What a training pass gets from the script: a number that is none was born before, in the data."""
        for value in args if torch.is_grad_enabled() and not self.told else ():
            if isinstance(value, torch.nn.utils.rnn.PackedSequence):
                value = value.data
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                bad = int((~torch.isfinite(value)).sum())
                if bad:
                    file, line = self.user_site()
                    operand = f"{bad} of {value.numel()} numbers"
                    self._found({"op": what, "operand": operand, "value": "NaN or Inf", "file": file, "line": line})
                    return

    def loss(self, finite: bool) -> None:
        """An infinite loss without any NaN: the infinity itself is what was born."""
        if not finite and not self.told and self.mode is not None and self.mode.infinity is not None:
            self._found(self.mode.infinity)

    def error(self, error: BaseException) -> None:
        """Anomaly mode has stopped a backward pass: it names the function and where it was called forward."""
        match = re.search(r"Function '(\w+)' returned nan", str(error))
        if match is None:
            return
        file, line = "", 0
        for text in self.heard:
            for found in re.finditer(r'File "([^"]+)", line (\d+)', text):
                path = found.group(1)
                if "site-packages" not in path and "lossdoctor" not in path and "importlib" not in path:
                    file, line = path, int(found.group(2))
        op = re.sub(r"Backward\d*$", "", match.group(1)).lower()
        self._found({"op": op, "operand": "", "file": file, "line": line, "value": "NaN"}, True, str(error)[:200])
