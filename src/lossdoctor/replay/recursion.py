"""The two recursions over a whole call: stacked layers, both directions, packed sequences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from . import gru, lstm, rnn
from .batch import Batch, gather
from .call import RecurrentCall
from .masks import dropout_masks
from .weights import Adjoint, CellWeights, Gates

_FAR_OFF = 0.05
States = lstm.LstmStates | gru.GruStates | rnn.RnnStates


@dataclass(frozen=True, eq=False)
class Strand:
    """One layer in one direction; every sequence in the order in which the direction works, padding last.

    `adjoint` and `dh_above` (T, B, P) are the true ones times 10 ** -`log10_scale` of the recursion.
    """

    layer: int
    reverse: bool
    weights: CellWeights
    states: States
    adjoint: Adjoint
    dh_above: Tensor


@dataclass(frozen=True, eq=False)
class Recursion:
    """`strands`: lowest layer first, forward before reverse; `output` (T, B, D*P); `dx` (T, B, F) times 10
    ** -log10_scale. `output_error`: the largest difference to the output that the layer gave, relative to
    the largest entry of that; nan if it is unknown. `approximate`: a dropout mask between layers was unknown
    and left out, or the output differs by more than low precision explains (0.05)."""

    batch: Batch
    strands: tuple[Strand, ...]
    output: Tensor
    dx: Tensor
    log10_scale: float
    output_error: float
    approximate: bool


def recur(call: RecurrentCall, *, only_last: bool = False, dtype: torch.dtype = torch.float64) -> Recursion:
    """Replays a call forward and back, without touching the autograd graph or any generator.

    Works where the tensors are, on the CPU if the device has no float64. `only_last`: of what enters the top
    layer keep the last step of each sample and direction that has any. Raises ValueError for a call without
    gradients or with samples, kinds or weights that do not fit.
    """
    device = call.input.device
    if dtype == torch.float64 and device.type == "mps":
        device = torch.device("cpu")
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        return _recur(call, only_last, device, dtype)


def _recur(call: RecurrentCall, only_last: bool, device: torch.device, dtype: torch.dtype) -> Recursion:
    batch = gather(call, device, dtype)
    masks = dropout_masks(call, batch)
    places = [
        [layer * call.directions + side for side in range(call.directions)]
        for layer in range(call.num_layers)
    ]
    weights = [
        call.cell_weights(*divmod(each, call.directions)).to(device, dtype) for row in places for each in row
    ]
    states: list[States] = []
    layer_input = batch.x
    for layer, row in enumerate(places):
        if layer and masks is not None:
            layer_input = layer_input * masks[layer - 1]
        outputs = []
        for place in row:
            reverse = place != row[0]
            x = batch.turned(layer_input) if reverse else layer_input
            states.append(_without_padding(_forward(call.kind, x, batch, place, weights[place]), batch))
            outputs.append(batch.turned(states[-1].h) if reverse else states[-1].h)
        layer_input = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
    output = layer_input

    scale = _largest(batch.grad_output, batch.grad_h_n, batch.grad_c_n)
    from_above = output.new_zeros(output.shape) if batch.grad_output is None else batch.grad_output / scale
    strands: list[Strand] = []
    for layer, row in reversed(list(enumerate(places))):
        dx: Tensor | None = None
        for side, place in reversed(list(enumerate(row))):
            mine = from_above.tensor_split(len(row), dim=2)[side]
            above, c_above = _enter(batch, batch.turned(mine) if side else mine, place, scale)
            if only_last and layer == len(places) - 1:
                above = _last_only(above)
            adjoint = _adjoint(states[place], weights[place], above, c_above)
            strands.append(Strand(layer, side == 1, weights[place], states[place], adjoint, above))
            assert adjoint.dx is not None
            part = batch.turned(adjoint.dx) if side else adjoint.dx
            dx = part if dx is None else dx + part
        assert dx is not None
        from_above = dx if masks is None or not layer else dx * masks[layer - 1]
    error = _difference(output, batch.output)
    approximate = masks is None or error > _FAR_OFF
    return Recursion(
        batch, tuple(reversed(strands)), output, from_above, math.log10(scale), error, approximate
    )


def _forward(kind: str, x: Tensor, batch: Batch, place: int, weights: CellWeights) -> States:
    if kind == "lstm":
        assert batch.c0 is not None
        return lstm.forward(x, batch.h0[place], batch.c0[place], weights)
    if kind == "gru":
        return gru.forward(x, batch.h0[place], weights)
    if kind in ("rnn_tanh", "rnn_relu"):
        return rnn.forward(x, batch.h0[place], weights, relu=kind == "rnn_relu")
    raise ValueError(f"no recurrence of kind {kind!r}")


def _adjoint(states: States, weights: CellWeights, above: Tensor, c_above: Tensor | None) -> Adjoint:
    if isinstance(states, lstm.LstmStates):
        return lstm.adjoint(states, weights, above, c_above)
    if isinstance(states, gru.GruStates):
        return gru.adjoint(states, weights, above)
    return rnn.adjoint(states, weights, above)


def gates_of(states: States, weights: CellWeights) -> Gates:
    """The gates of any of the three recurrences."""
    if isinstance(states, lstm.LstmStates):
        return lstm.gates(states, weights)
    if isinstance(states, gru.GruStates):
        return gru.gates(states, weights)
    return rnn.gates(states, weights)


def _without_padding(states: States, batch: Batch) -> States:
    """Beyond a sample's end the recursion went on over zeros and may have overflowed; 0 * inf must not come
    back."""
    if not batch.ragged:
        return states
    padding = ~batch.valid
    for name, value in vars(states).items():
        # h_prev and c_prev are h and c a step later in the same memory.
        if isinstance(value, Tensor) and not name.endswith("_prev"):
            value.masked_fill_(padding.view(*padding.shape, *([1] * (value.dim() - 2))), 0.0)
    return states


def _enter(batch: Batch, above: Tensor, place: int, scale: float) -> tuple[Tensor, Tensor | None]:
    """The gradient from above, with that of the last state added at each sample's last step."""
    samples = torch.arange(above.shape[1], device=above.device)
    last = batch.lengths - 1
    c_above: Tensor | None = None
    if batch.grad_h_n is not None:
        above = above.clone()
        above[last, samples] += batch.grad_h_n[place] / scale
    if batch.grad_c_n is not None:
        final = batch.grad_c_n[place] / scale
        c_above = above.new_zeros(*above.shape[:2], final.shape[1])
        c_above[last, samples] = final
    return above, c_above


def _last_only(above: Tensor) -> Tensor:
    """Keeps of each sample the last step that is not all 0."""
    enters = (above != 0).any(dim=2)
    steps = torch.arange(above.shape[0], device=above.device).unsqueeze(1)
    last = (steps * enters).amax(dim=0)
    return above.masked_fill((steps != last).unsqueeze(2), 0.0)


def _difference(replayed: Tensor, given: Tensor | None) -> float:
    if given is None:
        return math.nan
    return float((replayed - given).abs().max() / given.abs().max().clamp_min(torch.finfo(given.dtype).tiny))


def _largest(*gradients: Tensor | None) -> float:
    """The largest absolute entry of all; 1 if that is 0 or not finite. The adjoint is linear in it."""
    largest = max(float(each.abs().max()) for each in gradients if each is not None)
    return largest if 0 < largest < math.inf else 1.0
