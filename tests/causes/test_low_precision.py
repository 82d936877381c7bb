from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, examined, found, healthy, leads, watched
from torch import Tensor, nn

UNDER, OVER = "low-precision-underflow", "low-precision-overflow"


class Sum(nn.Module):
    """A recurrence of cells over (batch, time, 1), in the inputs' precision."""

    def __init__(self, hidden: int = 24, gain: float = 1.0) -> None:
        super().__init__()
        self.cell, self.head, self.hidden, self.gain = nn.GRUCell(1, hidden), nn.Linear(hidden, 1), hidden, gain

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(len(x), self.hidden, dtype=x.dtype)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        answer: Tensor = self.head(h).squeeze(-1) * self.gain / self.gain
        return answer


def cast(weight: float, steps: int = 300) -> None:
    """Autocast to float16, and a loss that is `weight` times what it should be."""
    net = Sum()
    opt = torch.optim.Adam(net.parameters(), 5e-3, eps=1e-30)
    for _ in range(steps):
        x = torch.randn(32, 6, 1)
        y = x[:, -3:, 0].mean(1) * 1.7
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            answer = net(x)
        (weight * F.mse_loss(answer.float(), y)).backward()
        opt.step()


def test_gradients_that_become_zero_in_float16() -> None:
    signs = watched(lambda: cast(3e-8), arms=["use-float32", "lower-lr-0.1"])
    answer = next(f for f in examined(signs).findings if f.cause == UNDER)
    assert answer.severity == "error" and answer.proof == "intervention"
    assert isinstance(answer.evidence[0].value, float) and answer.evidence[0].value > 0.5


def test_gradients_of_ordinary_size_in_float16() -> None:
    signs = watched(lambda: cast(1.0))
    healthy(signs, UNDER)
    calm(signs)


def train(dtype: torch.dtype, optimizer: str, lr: float, steps: int = 250, *, gain: float = 1.0, autocast: bool = False) -> None:
    net = Sum(gain=gain).to(dtype)
    opt = getattr(torch.optim, optimizer)(net.parameters(), lr)
    for _ in range(steps):
        x = torch.randn(32, 6, 1)
        y = x[:, -3:, 0].mean(1) * 1.7
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            answer = net(x.to(dtype))
        answer = answer if gain > 1 else answer.float()
        F.mse_loss(answer, y.to(answer.dtype)).backward()
        opt.step()


def test_updates_that_round_to_nothing() -> None:
    signs = watched(lambda: train(torch.bfloat16, "Adam", 4e-4, 500), arms=["use-float32", "lower-lr-0.1"])
    arm = signs.arm("use-float32")
    assert arm is not None and arm.took_hold
    answer = next(f for f in examined(signs).findings if f.cause == UNDER)
    assert answer.proof == "bound"
    assert isinstance(answer.evidence[0].value, float) and answer.evidence[0].value > 0.5


def test_weights_in_float32_under_autocast_lose_nothing() -> None:
    signs = watched(lambda: train(torch.float32, "Adam", 1e-2, autocast=True))
    healthy(signs, UNDER)
    calm(signs)


def test_bfloat16_that_learns() -> None:
    signs = watched(lambda: train(torch.bfloat16, "Adam", 1e-2))
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    calm(signs)


def test_a_sum_beyond_the_range_of_float16() -> None:
    signs = watched(lambda: train(torch.float16, "SGD", 3e-2, 60, gain=6e4 * 40), arms=["use-float32"], find_nan=True)
    answer = found(signs, OVER)
    assert answer.proof == "intervention"
    assert leads(signs) == OVER


def test_float16_in_range() -> None:
    healthy(watched(lambda: train(torch.float16, "SGD", 3e-2, 60)), OVER)


def test_an_eps_that_is_no_more() -> None:
    signs = watched(lambda: train(torch.float16, "Adam", 1e-2, 60, gain=1.0), arms=["use-float32"])
    if signs.loss.first_bad is None:
        calm(signs)
        return
    answer = found(signs, UNDER)
    assert "eps" in answer.summary
