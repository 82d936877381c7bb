"""One plain training loop over given data, for causes that lie in the data."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from nets import Last
from torch import Tensor, nn


def fit(
    x: Tensor, y: Tensor, epochs: int = 6, size: int = 32, lr: float = 1e-2, outputs: int = 1, shuffled: bool = True,
    net: nn.Module | None = None, criterion: Callable[[Tensor, Tensor], Tensor] | None = None,
    asked: tuple[Tensor, ...] = (),
) -> None:  # fmt: skip
    """Train on (x, y), in a new order every epoch; then ask the net about `asked` without training."""
    net = Last(features=x.shape[-1], outputs=outputs) if net is None else net
    loss_of = criterion or (F.cross_entropy if not y.is_floating_point() else F.mse_loss)
    opt = torch.optim.Adam(net.parameters(), lr)
    for _ in range(epochs):
        order = torch.randperm(len(x)) if shuffled else torch.arange(len(x))
        for rows in order.split(size):
            opt.zero_grad()
            loss_of(net(x[rows]), y[rows]).backward()
            opt.step()
    with torch.no_grad():
        for part in asked:
            net(part)


class Reader(nn.Module):
    """Tokens, an embedding, a GRU, and a head on its last step (or on every step)."""

    def __init__(self, tokens: int, outputs: int, every: bool = False) -> None:
        super().__init__()
        self.embed, self.rnn, self.head = nn.Embedding(tokens, 12), nn.GRU(12, 24, batch_first=True), nn.Linear(24, outputs)
        self.every = every

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(self.embed(x))
        answer: Tensor = self.head(out if self.every else out[:, -1])
        return answer.flatten(0, 1) if self.every else answer


def windows(series: Tensor, length: int, first: int = 0) -> tuple[Tensor, Tensor]:
    """(windows of (length, features), the first feature's next value (n, 1)) of a series (time, features)."""
    starts = range(first, len(series) - length)
    return torch.stack([series[s : s + length] for s in starts]), torch.stack([series[s + length, :1] for s in starts])


def noise(*shape: int, seed: int = 5) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
