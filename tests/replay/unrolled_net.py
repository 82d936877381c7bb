"""The oracle: a recurrent layer unrolled sample by sample from PyTorch's own cells, every state's gradient
retained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from lossdoctor.replay.call import KINDS, RecurrentCall

MODULES: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": nn.RNN,
    "rnn_relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
}


@contextmanager
def recorded() -> Iterator[list[tuple[str, tuple[Any, ...], tuple[Tensor, ...]]]]:
    """Calls of the recurrent kernels inside: (kind, arguments, what was given back)."""
    calls: list[tuple[str, tuple[Any, ...], tuple[Tensor, ...]]] = []
    originals = {kind: getattr(torch._VF, kind) for kind in KINDS}

    def wrapper(kind: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            told = originals[kind](*args)
            for each in told:
                each.retain_grad()
            calls.append((kind, args, told))
            return told

        return call

    try:
        for kind in KINDS:
            setattr(torch._VF, kind, wrapper(kind))
        yield calls
    finally:
        for kind in KINDS:
            delattr(torch._VF, kind)


def captured(
    module: nn.RNNBase, inputs: Tensor | PackedSequence, hx: Any, loss: Callable[..., Tensor]
) -> RecurrentCall:
    """Runs module and loss(output, final state) backward; the call with the gradients that came to it."""
    with recorded() as calls:
        output, final = module(inputs, hx)
        loss(output.data if isinstance(output, PackedSequence) else output, final).backward()
    ((kind, args, told),) = calls
    call = RecurrentCall.from_vf(kind, args, samples=1000)  # type: ignore[arg-type]
    return replace(
        call,
        output=told[0],
        grad_output=told[0].grad,
        grad_h_n=told[1].grad,
        grad_c_n=told[2].grad if kind == "lstm" else None,
    )


@dataclass
class Unrolled:
    """Of one sample: [layer][direction][step in the order of time], each with its gradient retained."""

    outputs: Tensor
    h: list[list[list[Tensor]]] = field(default_factory=list)
    c: list[list[list[Tensor]]] = field(default_factory=list)


def unroll(
    call: RecurrentCall, x: Tensor, h0: Tensor, c0: Tensor | None, masks: Sequence[Tensor] = ()
) -> Unrolled:
    """`x` (T, F) of one sample, `h0` (L*D, P), `c0` (L*D, H); `masks` (T, D*P) between layers."""
    told = Unrolled(x)
    for layer in range(call.num_layers):
        rows_h, rows_c = [], []
        for side in range(call.directions):
            place = layer * call.directions + side
            w = call.cell_weights(layer, side)
            own = [each.detach() if each is not None else None for each in (w.w_ih, w.w_hh, w.b_ih, w.b_hh)]
            h, c = h0[place : place + 1], None if c0 is None else c0[place : place + 1]
            steps = len(told.outputs)
            hs: list[Any] = [None] * steps
            cs: list[Any] = [None] * steps
            for t in range(steps) if side == 0 else reversed(range(steps)):
                x_t = told.outputs[t : t + 1]
                if call.kind == "lstm":
                    if w.w_hr is None:
                        h, c = torch._VF.lstm_cell(x_t, (h, c), *own)
                    else:
                        h, c = _projected(x_t, h, c, own, w.w_hr.detach())
                    c.retain_grad()
                    cs[t] = c
                else:
                    h = getattr(torch._VF, f"{call.kind}_cell")(x_t, h, *own)
                h.retain_grad()
                hs[t] = h
            rows_h.append(hs)
            rows_c.append(cs)
        told.h.append(rows_h)
        told.c.append(rows_c)
        told.outputs = torch.stack(
            [torch.cat([row[t][0] for row in rows_h]) for t in range(len(told.outputs))]
        )
        if layer < len(masks):
            told.outputs = told.outputs * masks[layer]
    return told


def _projected(x: Tensor, h: Tensor, c: Any, own: list[Any], w_hr: Tensor) -> tuple[Tensor, Tensor]:
    """LSTMCell knows no projection; torch.nn.LSTM's documented formula."""
    i, f, g, o = (F.linear(x, own[0], own[2]) + F.linear(h, own[1], own[3])).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return F.linear(torch.sigmoid(o) * torch.tanh(c), w_hr), c
