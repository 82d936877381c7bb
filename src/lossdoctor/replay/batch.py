"""A call's tensors for a few samples, in one layout: time first, padded, with each sample's own length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .call import RecurrentCall


@dataclass(frozen=True, eq=False)
class Batch:
    """B chosen samples, T the longest of them.

    `x` (T, B, F), `h0` (L*D, B, P), `c0` (L*D, B, H) or None, `lengths` (B,), `ragged` if they differ,
    `grad_output` and `output` (T, B, D*P), `grad_h_n`, `grad_c_n` as h0, c0, or None. `chosen` (B,): the
    places in the call's batch, `total` its size; `rows` (T, B): those of the packed data, None if it is not
    packed. Padding is 0.
    """

    x: Tensor
    h0: Tensor
    c0: Tensor | None
    lengths: Tensor
    ragged: bool
    grad_output: Tensor | None
    grad_h_n: Tensor | None
    grad_c_n: Tensor | None
    output: Tensor | None
    chosen: Tensor
    total: int
    rows: Tensor | None

    @property
    def valid(self) -> Tensor:
        """(T, B): is this a step of the sample, not padding?"""
        steps = torch.arange(self.x.shape[0], device=self.x.device)
        return steps.unsqueeze(1) < self.lengths

    def turned(self, sequence: Tensor) -> Tensor:
        """A sequence (T, B, ...) with each sample reversed within its own length; its own inverse."""
        if not self.ragged:
            return sequence.flip(0)
        steps = torch.arange(sequence.shape[0], device=sequence.device).unsqueeze(1)
        index = torch.where(self.valid, self.lengths - 1 - steps, steps)
        return sequence.gather(0, index.unsqueeze(2).expand_as(sequence))


def choose(samples: Sequence[int] | int, total: int) -> list[int]:
    """Places in the batch: those asked for, or at most so many, evenly spread. Raises ValueError for none."""
    if isinstance(samples, int):
        count = min(samples, total)
        chosen = [(2 * each + 1) * total // (2 * count) for each in range(count)]
    else:
        chosen = [int(each) for each in samples]
    if not chosen or min(chosen) < 0 or max(chosen) >= total:
        raise ValueError(f"samples {chosen} of a batch of {total}")
    return chosen


def gather(call: RecurrentCall, device: torch.device, dtype: torch.dtype) -> Batch:
    """Takes the chosen samples out of a call. Raises ValueError if it holds no gradient at all."""
    if call.grad_output is None and call.grad_h_n is None and call.grad_c_n is None:
        raise ValueError("a replay needs the gradient of the output or of the last state")
    single = call.batch_sizes is None and call.input.dim() == 2
    batch_dim = 0 if call.batch_first and not single else 1

    def move(tensor: Tensor) -> Tensor:
        return tensor.detach().to(device=device, dtype=dtype)

    rows: Tensor | None = None
    if call.batch_sizes is not None:
        sizes = call.batch_sizes.detach().to("cpu", torch.int64)
        total = int(sizes[0])
        chosen = torch.tensor(choose(call.samples, total), dtype=torch.int64, device="cpu")
        lengths = (sizes.unsqueeze(1) > chosen).sum(0)
        steps = int(lengths.max())
        starts = torch.cumsum(sizes, 0) - sizes
        present = torch.arange(steps, device="cpu").unsqueeze(1) < lengths
        rows = places = (starts[:steps].unsqueeze(1) + chosen).masked_fill(~present, 0)

        def sequence(given: Tensor) -> Tensor:
            taken = move(given.detach()[places.to(given.device)])
            return taken.masked_fill(~present.to(device).unsqueeze(2), 0.0)
    else:
        total = 1 if single else int(call.input.shape[batch_dim])
        steps = int(call.input.shape[0 if single or not call.batch_first else 1])
        chosen = torch.tensor(choose(call.samples, total), dtype=torch.int64, device="cpu")
        lengths = torch.full_like(chosen, steps)

        def sequence(given: Tensor) -> Tensor:
            whole = given.detach().unsqueeze(1) if single else given.detach()
            taken = move(whole.index_select(batch_dim, chosen.to(whole.device)))
            return taken.transpose(0, 1).contiguous() if batch_dim == 0 else taken

    def state(tensor: Tensor | None) -> Tensor | None:
        if tensor is None:
            return None
        whole = tensor.detach().unsqueeze(1) if tensor.dim() == 2 else tensor.detach()
        return move(whole.index_select(1, chosen.to(whole.device)))

    def initial(tensor: Tensor | None, size: int) -> Tensor:
        given = state(tensor)
        shape = (call.num_layers * call.directions, len(chosen), size)
        return torch.zeros(shape, device=device, dtype=dtype) if given is None else given

    first = call.cell_weights(0, 0)
    gates = {"lstm": 4, "gru": 3}.get(call.kind, 1)
    return Batch(
        x=sequence(call.input),
        h0=initial(call.h0, first.outputs),
        c0=initial(call.c0, first.w_hh.shape[0] // gates) if call.kind == "lstm" else None,
        lengths=lengths.to(device),
        ragged=bool((lengths != steps).any()),
        grad_output=None if call.grad_output is None else sequence(call.grad_output),
        grad_h_n=state(call.grad_h_n),
        grad_c_n=state(call.grad_c_n),
        output=None if call.output is None else sequence(call.output),
        chosen=chosen,
        total=total,
        rows=rows,
    )
