"""One recurrent layer call as it passed `torch._VF.lstm`, `.gru`, `.rnn_tanh` or `.rnn_relu`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from torch import Tensor

from .weights import CellWeights

Kind = Literal["lstm", "gru", "rnn_tanh", "rnn_relu"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class RecurrentCall:
    """What went into a layer, and the gradient of the loss that came back to what it gave out.

    Sizes: T time, B batch, F input, H hidden, P what a step gives out (H, or the LSTM's projection), L
    layers, D directions (1 or 2).

    `input`: (T, B, F), or (B, T, F) with `batch_first`, or (T, F) for a single unbatched sequence, or the
    packed data (sum of lengths, F) with `batch_sizes` (T,). `h0`: (L*D, B, P) and `c0`: (L*D, B, H), zeros
    when None; without B for a single sequence. `weights`: in the order of `nn.LSTM._flat_weights`: for every
    layer and in it every direction w_ih, w_hh[, b_ih, b_hh][, w_hr]. `dropout`: the rate between layers, 0
    in evaluation. `rng_state`: the CPU generator's state just before the call; with it the masks between the
    layers of a layer on the CPU can be drawn again. `output`: what the layer gave, to check the replay by.
    `grad_output`: laid out as the layer's output, `grad_h_n` and `grad_c_n` as h0, c0; None for what the
    loss does not read. `samples`: which of the batch to replay (places in the batch as the call saw it, for
    a packed sequence longest first), or how many at most, spread evenly.

    The tensors are not copied: replay before the optimizer changes the weights.
    """

    kind: Kind
    input: Tensor
    weights: Sequence[Tensor]
    h0: Tensor | None = None
    c0: Tensor | None = None
    has_biases: bool = True
    num_layers: int = 1
    bidirectional: bool = False
    batch_first: bool = False
    batch_sizes: Tensor | None = None
    dropout: float = 0.0
    rng_state: Tensor | None = None
    output: Tensor | None = None
    grad_output: Tensor | None = None
    grad_h_n: Tensor | None = None
    grad_c_n: Tensor | None = None
    samples: Sequence[int] | int = 8

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    @classmethod
    def from_vf(cls, kind: Kind, args: Sequence[Any], samples: Sequence[int] | int = 8) -> RecurrentCall:
        """Reads the positional arguments of `torch._VF.<kind>`; the gradients are added with
        `dataclasses.replace`.

        Plain: (input, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first);
        packed: (data, batch_sizes, hx, weights, has_biases, num_layers, dropout, train, bidirectional).
        Raises ValueError for an unknown kind, or arguments that are neither.
        """
        if kind not in KINDS or len(args) != 9:
            raise ValueError(f"not a call of a recurrent layer: {kind} with {len(args)} arguments")
        packed = isinstance(args[3], (list, tuple))
        if packed:
            data, batch_sizes, hx, weights, has_biases, num_layers, dropout, train, bidirectional = args
            batch_first = False
        else:
            data, hx, weights, has_biases, num_layers, dropout, train, bidirectional, batch_first = args
            batch_sizes = None
        h0, c0 = (hx[0], hx[1]) if kind == "lstm" else (hx, None)
        return cls(
            kind=kind,
            input=data,
            weights=tuple(cast("Sequence[Tensor]", weights)),
            h0=h0,
            c0=c0,
            has_biases=bool(has_biases),
            num_layers=int(num_layers),
            bidirectional=bool(bidirectional),
            batch_first=bool(batch_first),
            batch_sizes=batch_sizes,
            dropout=float(dropout) if train else 0.0,
            samples=samples,
        )

    def cell_weights(self, layer: int, direction: int) -> CellWeights:
        """The weights of one layer in one direction. Raises ValueError when the flat list has another
        length."""
        each, rest = divmod(len(self.weights), self.num_layers * self.directions)
        plain = 4 if self.has_biases else 2
        if rest or each not in (plain, plain + 1):
            raise ValueError(
                f"{len(self.weights)} weights for {self.num_layers} layers, {self.directions} directions"
            )
        start = (layer * self.directions + direction) * each
        own = self.weights[start : start + each]
        return CellWeights(
            w_ih=own[0],
            w_hh=own[1],
            b_ih=own[2] if self.has_biases else None,
            b_hh=own[3] if self.has_biases else None,
            w_hr=own[-1] if each > plain else None,
        )
