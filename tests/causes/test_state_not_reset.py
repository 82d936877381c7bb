from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, watched
from torch import Tensor, nn

CAUSE = "state-not-reset"


class Carrying(nn.Module):
    def __init__(self, carry: bool, clone: bool = False) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(1, 16, batch_first=True), nn.Linear(16, 1)
        self.carry, self.clone = carry, clone
        self.state: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        out, state = self.rnn(x, self.state)
        if self.carry:
            self.state = state.detach().clone() if self.clone else state.detach()
        answer: Tensor = self.head(out)
        return answer


def sums_of_accounts(net: nn.Module, steps: int = 260) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(steps):
        x = 0.5 * torch.randn(24, 10, 1)
        opt.zero_grad()
        F.mse_loss(net(x), x.cumsum(1)).backward()
        opt.step()


def one_long_walk(net: nn.Module) -> None:
    """Chunks of one series by row: the next value, and a state that is carried on purpose."""
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    t = torch.arange(24 * 300 + 1).float()
    series = torch.sin(0.3 * t[None] + torch.arange(8)[:, None]).unsqueeze(-1)
    for k in range(250):
        x, y = series[:, 24 * k : 24 * k + 24], series[:, 24 * k + 1 : 24 * k + 25]
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_a_state_carried_into_other_accounts() -> None:
    signs = watched(lambda: sums_of_accounts(Carrying(True)), arms=["reset-state", "lower-lr-0.1", "raise-lr-10"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert leads(signs) == CAUSE


def test_a_copy_of_the_state_is_seen() -> None:
    signs = watched(lambda: sums_of_accounts(Carrying(True, clone=True), 60), arms=["reset-state"])
    assert any(c.carried for c in signs.wiring.calls)
    arm = signs.arm("reset-state")
    assert arm is not None and arm.took_hold


def test_a_fresh_state_each_time() -> None:
    healthy(watched(lambda: sums_of_accounts(Carrying(False))), CAUSE)


def test_chunks_that_go_on() -> None:
    signs = watched(lambda: one_long_walk(Carrying(True)))
    assert "carried on purpose" in healthy(signs, CAUSE).why
