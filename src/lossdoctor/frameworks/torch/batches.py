"""A bounded, spread sample of what the net is fed, answers, and should have answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ...trace import events
from .tables import Tables

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_ROWS = 64
MAX_ELEMENTS = 40_000
MAX_INPUTS = 24
MAX_PAIRS = 160
EARLY = 40
SMALL_INPUTS = 64
"""As many inputs are kept where each has at most a quarter of MAX_ELEMENTS."""
HELD_INPUTS = 12


class Batches:
    """Keeps arrays of early and of sampled batches; everything is cloned at once and written at the flush."""

    def __init__(self, watcher: Watcher, dense: bool = False, look_for_tables: bool = False) -> None:
        self.watcher = watcher
        self.dense = dense
        self._next = 0
        self.count = 0
        self._x: torch.Tensor | None = None
        self._inputs = 0
        self._pairs = 0
        self._held_back = 0
        self._held_back_calls = 0
        self.first_call: tuple[Any, ...] | None = None
        self.first_target: torch.Tensor | None = None
        self._called: tuple[Any, ...] | None = None
        self.last: tuple[tuple[Any, ...], int, torch.Tensor, torch.Tensor] | None = None
        self._activations = 0
        self._relus = 0
        self._held_calls = 0
        self._held_inputs = 0
        self._held_last = 0
        self.tables: Tables | None = Tables(watcher) if look_for_tables else None

    def new_training(self) -> None:
        """Each training has its own early batches; the trace bounds them all together."""
        self._inputs = self._pairs = self.count = self._next = 0

    def saw_input(self, args: Any) -> None:
        """The first tensor that a model is called with."""
        if not torch.is_grad_enabled():
            self._saw_held_input(args)
            return
        if self.first_call is None and isinstance(args, tuple):
            self.first_call = tuple(a.detach().clone() if isinstance(a, torch.Tensor) else a for a in args)
        if self.watcher.sampled and isinstance(args, tuple):
            self._called = args
        if self._x is None:
            tensor = next((a for a in args if isinstance(a, torch.Tensor)), None)
            if tensor is None:
                packed = next((a for a in args if isinstance(a, nn.utils.rnn.PackedSequence)), None)
                tensor = packed.data if packed is not None else None
            # At once: the script may change it in place before its loss is known.
            self._x = bounded(tensor) if tensor is not None and self._inputs < MAX_INPUTS else None

    def _saw_held_input(self, args: Any) -> None:
        """What the model is asked about where nothing is trained: the first calls, then ever more rarely."""
        self._held_calls += 1
        if self._held_inputs >= HELD_INPUTS or (self._held_calls > 6 and self._held_calls & (self._held_calls - 1)):
            return
        tensor = next((a for a in args if isinstance(a, torch.Tensor)), None)
        if tensor is None or tensor.dim() < 2:
            return
        self._held_inputs += 1
        self._held_last = tensor.data_ptr()
        if self.tables is not None:
            self.tables.asked()
        watcher, name = self.watcher, f"held-input-{self._held_calls}"
        step, training = watcher.updates, watcher.training

        def deliver(array: np.ndarray[Any, Any]) -> None:
            stored = watcher.writer.array(name, array)
            if stored is not None:
                watcher.write(events.HeldInput(step, training, stored))

        watcher.fetch.put_array(bounded(tensor, spread=True), deliver)

    def saw_part_asked(self, args: Any) -> None:
        """A part of the model is called by itself where nothing is trained (an encoder, before a search): its input
        counts if it is like the model's own."""
        tensor = next((a for a in args if isinstance(a, torch.Tensor)), None)
        own = next((a for a in self.first_call or () if isinstance(a, torch.Tensor)), None)
        if tensor is None or own is None or tensor.data_ptr() == self._held_last:
            return
        if tensor.dtype == own.dtype and tensor.dim() == own.dim() and tensor.shape[1:] == own.shape[1:]:
            self._saw_held_input(args)

    def saw_pair(self, term: int, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """Prediction and target as a loss function got them, in training."""
        x, self._x = self._x, None
        number = self.count
        self.count += 1
        watcher = self.watcher
        if self.first_target is None:
            self.first_target = target.detach().clone()
        self._keep_last(term, prediction, target)
        if self._pairs >= MAX_PAIRS or not (watcher.sampled or number < EARLY or (self.dense and number >= self._next)):
            return
        self._next = int(number * 1.05) + 1
        self._pairs += 1
        if self.tables is not None and x is not None:
            self.tables.fed(x, target)
        most = SMALL_INPUTS if x is not None and x.numel() <= MAX_ELEMENTS // 4 else MAX_INPUTS
        with_x = x is not None and self._inputs < most
        if with_x:
            self._inputs += 1
        self._keep(term, number, x if with_x else None, prediction, target, False)

    def _keep_last(self, term: int, prediction: torch.Tensor, target: torch.Tensor) -> None:
        """The last sampled call with what was made of it: for probes that repeat it on a copy of the net."""
        called, self._called = self._called, None
        if (
            called is None
            or not self.watcher.sampled
            or sum(a.numel() for a in called if isinstance(a, torch.Tensor)) > 2_000_000
        ):
            return
        kept = tuple(a.detach().clone() if isinstance(a, torch.Tensor) else a for a in called)
        self.last = (kept, term, prediction.detach().clone(), target.detach().clone())

    def saw_held_back(self, term: int, prediction: torch.Tensor, target: torch.Tensor) -> None:
        self._held_back_calls += 1
        if self._held_back >= 12 or (self._held_back_calls & (self._held_back_calls - 1)):
            return
        self._held_back += 1
        self._keep(term, self._held_back_calls, None, prediction, target, True)

    def _keep(
        self, term: int, number: int, x: torch.Tensor | None, p: torch.Tensor, y: torch.Tensor, held_back: bool
    ) -> None:
        writer = self.watcher.writer
        watcher = self.watcher
        suffix = f"{'held-back' if held_back else 'batch'}-{term}-{number}"
        names: dict[str, str | None] = {"x": None, "y": None, "p": None}
        given = {letter: t for letter, t in (("x", x), ("y", y), ("p", p)) if t is not None}
        step, training = watcher.updates, watcher.training
        left = len(given)

        def arrived(letter: str) -> Callable[[np.ndarray[Any, Any]], None]:
            def deliver(array: np.ndarray[Any, Any]) -> None:
                nonlocal left
                names[letter] = writer.array(f"{suffix}-{letter}", array)
                left -= 1
                if not left:
                    watcher.write(
                        events.BatchSaved(step, training, term, names["x"], names["y"], names["p"], held_back, number)
                    )

            return deliver

        # Of what is held back little is kept, and its classes are counted: of 64 the rarest would be missing.
        rows = _most(p) if held_back else _rows(x, p)
        for letter, tensor in given.items():
            watcher.fetch.put_array(bounded(tensor, rows=MAX_ROWS if letter == "x" else rows), arrived(letter))

    def saw_activation(self, module: nn.Module, output: torch.Tensor) -> None:
        """Spread, dead units and non-finite numbers of one module's output. On the device until fetched."""
        if self._activations > 1500 or not output.is_floating_point() or output.numel() > 2_000_000:
            return
        watcher = self.watcher
        name = type(module).__name__
        if isinstance(module, nn.Sequential | nn.ModuleList) or output.dim() < 2:
            return
        self._activations += 1
        own = next(module.parameters(recurse=False), None)
        path = watcher.path_of(own) if own is not None else _path_of(module, watcher.models())
        self._measure(output, path, name)

    def saw_squashed(self, kind: str, result: torch.Tensor) -> None:
        """What a sigmoid or tanh gave, as the graph has saved it: the share whose slope is below 0.018 or 0.0013
        (|a| > 4 for either) as `zero_share`, of units that are so for the whole batch as `zero_units`."""
        if result.dim() < 2 or result.numel() > 2_000_000 or self._relus > 300:
            return
        self._relus += 1
        with torch.no_grad():
            values = result.detach().float()
            flat = (((values - 0.5).abs() > 0.482) if kind == "sigmoid" else (values.abs() > 0.99933)).float()
            rows = flat.reshape(-1, flat.shape[-1])
            stats = torch.stack(
                [
                    values.mean(), values.std(unbiased=False), values.abs().max(), (rows.mean(0) == 1).float().mean(),
                    rows.mean(), values.reshape(-1, values.shape[-1]).std(0, unbiased=False).mean(), torch.zeros(()).to(values),
                ]
            )  # fmt: skip
        self._deliver(stats, "", kind, tuple(result.shape))

    def saw_relu(self, result: torch.Tensor) -> None:
        """What a ReLU gave, as the graph has saved it: also where no module stands for it."""
        if result.dim() >= 2 and result.numel() <= 2_000_000 and self._relus <= 300:
            self._relus += 1
            self._measure(result, "", "relu")

    def _measure(self, output: torch.Tensor, path: str, name: str) -> None:
        with torch.no_grad():
            stats = _stats(output.detach().float())
        self._deliver(stats, path, name, tuple(output.shape))

    def _deliver(self, stats: torch.Tensor, path: str, name: str, shape: tuple[int, ...]) -> None:
        watcher = self.watcher
        step = watcher.updates

        def deliver(v: Any) -> None:
            watcher.write(
                events.ModuleSample(
                    step,
                    path,
                    name,
                    shape,
                    float(v[0]),
                    float(v[1]),
                    float(v[2]),
                    float(v[3]),
                    float(v[4]),
                    float(v[5]),
                    nonfinite=int(np.nan_to_num(v[6])),
                )
            )

        watcher.fetch.put(stats, deliver)


def _stats(values: torch.Tensor) -> torch.Tensor:
    flat = values.reshape(-1, values.shape[-1])
    zero = (flat == 0).float()
    return torch.stack(
        [
            values.mean(), values.std(unbiased=False), values.abs().max(), (zero.mean(0) == 1).float().mean(),
            zero.mean(), flat.std(0, unbiased=False).mean(), (~torch.isfinite(values)).float().sum(),
        ]
    )  # fmt: skip


def _path_of(module: nn.Module, models: list[nn.Module]) -> str:
    for model in models:
        for path, part in model.named_modules():
            if part is module:
                return path
    return ""


def _rows(x: torch.Tensor | None, p: torch.Tensor) -> int:
    """Rows to keep of predictions and targets: more where they are flattened over batch and time, and stand
    beside an input that is kept."""
    if x is None or x.dim() < 2 or p.dim() not in (1, 2) or p.shape[0] != x.shape[0] * x.shape[1]:
        return MAX_ROWS
    return _most(p)


def _most(p: torch.Tensor) -> int:
    return max(MAX_ROWS, min(1024, 16_384 * p.shape[0] // max(1, p.numel()))) if p.dim() else MAX_ROWS


def bounded(tensor: torch.Tensor, spread: bool = False, rows: int = MAX_ROWS) -> torch.Tensor:
    """A copy of at most `rows` rows and 40,000 elements, as float32 or int64, still on its device: the first
    rows, or rows spread over the whole tensor."""
    kept = tensor.detach()
    if kept.dim() and kept.shape[0] > rows:
        kept = kept[:: -(-kept.shape[0] // rows)] if spread else kept[:rows]
    if kept.dim() and kept.numel() > MAX_ELEMENTS:
        kept = kept[: max(1, MAX_ELEMENTS // max(1, kept[0].numel()))]
    if kept.numel() > 4 * MAX_ELEMENTS:
        kept = kept.reshape(-1)[:MAX_ELEMENTS]
    if kept.is_complex():
        kept = kept.real
    return kept.to(torch.float32 if kept.is_floating_point() else torch.int64, copy=True).contiguous()
