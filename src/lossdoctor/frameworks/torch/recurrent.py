"""Catch what a replay needs when a recurrence runs, and replay it as soon as its gradient is known."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from ...replay.call import RecurrentCall
from ...replay.cells import CellCall, profile_cells
from ...replay.layers import replay_layer
from ...replay.profile import growth, horizon, time_constant
from ...replay.result import DirectionReplay, LayerReplay
from ...replay.weights import CellWeights
from ...trace import events

if TYPE_CHECKING:
    from .watcher import Watcher

MAX_SAMPLES = 8
MAX_STEPS = 1500
MAX_CALLS = 6
MAX_CELL_CALLS = 400


class Recurrences:
    """The recurrent calls of the iteration that is being looked into."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.layers: list[tuple[str, RecurrentCall, dict[int, torch.Tensor]]] = []
        self.cells: dict[int, tuple[list[Callable[[], CellCall]], torch.Tensor]] = {}
        self.last_state: dict[int, torch.Tensor] = {}

    def clear(self) -> None:
        self.layers.clear()
        self.cells.clear()

    def on_layer(self, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """`torch._VF.lstm` and its kin: the whole sequence in one call."""
        if kwargs or not torch.is_grad_enabled() or len(self.layers) >= MAX_CALLS:
            return
        packed = isinstance(args[1], torch.Tensor) and args[1].dtype == torch.int64 and args[1].dim() == 1
        if packed:
            data, sizes, state, weights, _, count, dropout, training, two_way = args[:9]
            batch_first = False
        else:
            data, state, weights, _, count, dropout, training, two_way, batch_first = args[:9]
            sizes = None
        if not isinstance(data, torch.Tensor):
            return
        output = result[0]
        states = state if isinstance(state, tuple | list) else (state,)
        if training and dropout > 0 and count > 1:
            self.watcher.saw_dropout(float(dropout))
        key = id(weights[0])
        carried = self._carried(key, states[0])
        attached = states[0].grad_fn is not None and carried
        self.last_state[key] = result[1].detach()
        name = self._module_name(weights[0])
        self.watcher.write(
            events.RecurrentCall(
                step=self.watcher.updates, module=name, cell=fn, input_shape=tuple(data.shape),
                batch_first=bool(batch_first), packed=packed, layers=int(count), bidirectional=bool(two_way),
                hidden=int(weights[1].shape[1]), carried=carried, attached=attached,
                site=self.watcher.site("recurrent"),
            )
        )  # fmt: skip
        if not output.requires_grad:
            return
        length = data.shape[0] if not batch_first else data.shape[1]
        if sizes is None and (data.dim() == 3 and length > MAX_STEPS):
            return
        call = RecurrentCall.from_vf(fn, args, samples=MAX_SAMPLES)  # type: ignore[arg-type]
        # The script may change its input in place before the backward pass: keep our own copy while small.
        if data.numel() <= 4_000_000:
            call = dataclasses.replace(call, input=data.detach().clone())
        grads: dict[int, torch.Tensor] = {}
        for index, tensor in enumerate(result[:3]):
            if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
                self._keep_gradient(tensor, grads, index)
        self.layers.append((name, call, grads))

    def on_cell(self, fn: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """`torch._VF.lstm_cell` and its kin: one time step a call."""
        if kwargs or not torch.is_grad_enabled():
            return
        x, state, w_ih, w_hh = args[:4]
        calls, _ = self.cells.setdefault(id(w_hh), ([], w_ih))
        if len(calls) >= MAX_CELL_CALLS or not isinstance(x, torch.Tensor) or x.dim() != 2:
            return
        h, c = (state[0], state[1]) if isinstance(state, tuple | list) else (state, None)
        out_h, out_c = (result[0], result[1]) if isinstance(result, tuple | list) else (result, None)
        if not out_h.requires_grad:
            return
        keep = slice(0, MAX_SAMPLES)
        if not calls:
            carried = self._carried(id(w_hh), h)
            self.watcher.write(
                events.RecurrentCall(
                    step=self.watcher.updates, module=self._module_name(w_ih), cell=fn, input_shape=tuple(x.shape),
                    batch_first=True, packed=False, layers=1, bidirectional=False, hidden=int(w_hh.shape[1]),
                    carried=carried, attached=carried and h.grad_fn is not None, site=self.watcher.site("recurrent"),
                )
            )  # fmt: skip
        self.last_state[id(w_hh)] = out_h.detach()
        grads: dict[int, torch.Tensor] = {}
        made = CellCall(
            kind=fn.removesuffix("_cell"),  # type: ignore[arg-type]
            x=x.detach()[keep].clone(), h=h.detach()[keep].clone(), c=None if c is None else c.detach()[keep].clone(),
            weights=CellWeights(*(None if w is None else w.detach() for w in args[2:6])),
        )  # fmt: skip
        self._keep_gradient(out_h, grads, 0, keep)
        if out_c is not None and out_c.requires_grad:
            self._keep_gradient(out_c, grads, 1, keep)
        calls.append(lambda: dataclasses.replace(made, dh=grads.get(0), dc=grads.get(1)))

    def _carried(self, key: int, state: torch.Tensor) -> bool:
        """Is this the state with which the recurrence ended last, itself or (where looking is free) a copy?"""
        last = self.last_state.get(key)
        if last is None or last.shape != state.shape or not state.numel():
            return False
        if last.data_ptr() == state.data_ptr():
            return True
        return state.device.type == "cpu" and bool(state.any()) and bool(torch.equal(last, state.detach()))

    def _keep_gradient(
        self, tensor: torch.Tensor, into: dict[int, torch.Tensor], index: int, keep: slice | None = None
    ) -> None:
        """Note the gradient that will arrive at `tensor`. On its node, not on itself: a tensor with a hook
        cannot be saved without a warning."""
        number, call = tensor.output_nr, self.watcher.guard.surely

        def note(grads: Any) -> None:
            grad = grads[number]
            if grad is not None:
                into[index] = (grad.detach() if keep is None else grad.detach()[keep]).clone()

        assert tensor.grad_fn is not None
        tensor.grad_fn.register_prehook(lambda grads: call("gradient", note, grads))

    def replay(self) -> None:
        """After the backward pass, before the weights move: one event a layer and direction."""
        layers, self.layers = self.layers, []
        cells, self.cells = self.cells, {}
        for name, call, grads in layers:
            if not grads:
                continue
            call = dataclasses.replace(call, grad_output=grads.get(0), grad_h_n=grads.get(1), grad_c_n=grads.get(2))
            self._note(name, call.kind, replay_layer(call, align="entry"))
            if grads.get(0) is not None and _enters_everywhere(grads[0], call):
                self._note(name, call.kind, replay_layer(call, only_last=True), last_only=True)
        for made, first in cells.values():
            if any(c.dh is not None for c in (each() for each in made)):
                self._note(self._module_name(first), made[0]().kind, profile_cells([each() for each in made]))

    def _note(self, name: str, cell: str, replayed: LayerReplay, last_only: bool = False) -> None:
        for direction in replayed.directions:
            self.watcher.write(
                _sample(direction, replayed, self.watcher.updates, self.watcher.training, name, cell, last_only)
            )

    def _module_name(self, weight: torch.Tensor) -> str:
        index = self.watcher.book.find(weight)
        return self.watcher.book.names[index].rpartition(".")[0] if index is not None else ""


def _enters_everywhere(grad: torch.Tensor, call: RecurrentCall) -> bool:
    """Does the loss read (nearly) every step? Then the total gradient looks flat and tells no horizon."""
    steps = grad.shape[0] if call.batch_sizes is not None or not call.batch_first else grad.shape[1]
    if steps < 3 or call.batch_sizes is not None or grad.dim() != 3:
        return False
    over = (1, 2) if not call.batch_first else (0, 2)
    return float((grad.abs().amax(over) > 0).float().mean()) > 0.5


def _sample(
    direction: DirectionReplay, replayed: LayerReplay, step: int, training: int, name: str, cell: str, last_only: bool
) -> events.LayerSample:  # fmt: skip
    gates = direction.gates
    shares = [sum(getattr(g, key) for g in gates.values()) / max(1, len(gates)) for key in ("share_x", "share_h", "share_b")]
    return events.LayerSample(
        step=step, training=training, module=name, cell=cell, layer=direction.layer, reverse=direction.reverse,
        time=int(direction.dh_norm.size), batch=replayed.samples, hidden=0,
        log_dh=_thin(direction.dh_norm), log_dc=() if direction.dc_norm is None else _thin(direction.dc_norm),
        gates={k: (g.mean, g.std, g.saturated, g.stuck_saturated) for k, g in gates.items()},
        from_input=shares[0], from_state=shares[1], from_bias=shares[2], h_saturated=direction.h_saturated,
        h_dead=direction.dead, last_only=last_only, approximate=direction.approximate,
        horizon=_known(horizon(direction.dh_norm)), time_constant=_known(time_constant(direction.dh_norm)),
        growth=_known(growth(direction.dh_norm)),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _thin(profile: Any) -> tuple[float, ...]:
    """At most 200 steps, four digits: the picture needs no more. The ends are kept."""
    size = len(profile)
    places = range(size) if size <= 200 else [round(i * (size - 1) / 199) for i in range(200)]
    return tuple(round(float(profile[i]), 3) for i in places)
