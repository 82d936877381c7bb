"""Small recurrent nets and data for them, so small that sixty steps take a tenth of a second."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Last(nn.Module):
    """A recurrence and a linear head on its last step. Input (batch, time, features), output (batch, outputs)."""

    def __init__(self, features: int = 2, hidden: int = 16, outputs: int = 1, cell: str = "gru", **options: object) -> None:
        super().__init__()
        self.rnn = CELLS[cell](features, hidden, batch_first=True, **options)  # type: ignore[arg-type]
        self.head = nn.Linear(hidden * (2 if options.get("bidirectional") else 1), outputs)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x)
        answer: Tensor = self.head(out[:, -1])
        return answer


def sums(samples: int = 256, steps: int = 6, features: int = 2, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Targets (samples, 1) with deviation about 1 that a small net learns at once: a weighted sum of the inputs."""
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, steps, features, generator=made)
    weight = torch.linspace(0.3, 1.0, steps)
    y = (x[..., 0] * weight).sum(1, keepdim=True)
    return x, y / y.std()


def groups(samples: int = 256, steps: int = 6, classes: int = 3, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Inputs (samples, steps, 2) around one centre a class, and the class ids (samples,)."""
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, classes, (samples,), generator=made)
    angle = ids * (2 * torch.pi / classes)
    centre = torch.stack([angle.cos(), angle.sin()], dim=1)
    return centre[:, None] + 0.5 * torch.randn(samples, steps, 2, generator=made), ids


def batches(x: Tensor, y: Tensor, count: int, size: int = 32) -> list[tuple[Tensor, Tensor]]:
    """`count` batches, drawn anew each time."""
    made = torch.Generator().manual_seed(2)
    picks = [torch.randperm(len(x), generator=made)[:size] for _ in range(count)]
    return [(x[pick], y[pick]) for pick in picks]
