from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, watched
from nets import batches, sums
from torch import Tensor, nn

CAUSE = "loss-term-dominates"


class Shown(nn.Module):
    """Gives its last state beside its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(2, 6, batch_first=True), nn.Linear(6, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        last = self.rnn(x)[0][:, -1]
        return self.head(last), last


def penalised(weight: float) -> None:
    net = Shown()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 150):
        answer, last = net(x)
        loss = F.mse_loss(answer, y) + weight * last.pow(2).sum(1).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()


def test_a_penalty_on_activities_drowns_the_error() -> None:
    signs = watched(lambda: penalised(50.0), arms=["weigh-0", "lower-lr-0.1", "raise-lr-10"])
    arm = signs.arm("weigh-loss-term")
    assert arm is not None and arm.took_hold and arm.cures
    assert found(signs, CAUSE).proof == "intervention"
    assert leads(signs) == CAUSE


def test_a_light_penalty() -> None:
    signs = watched(lambda: penalised(1e-3), arms=[])
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, CAUSE)


def test_a_single_loss_function_divided_for_accumulation() -> None:
    def loop() -> None:
        net = Shown()
        opt = torch.optim.Adam(net.parameters(), 1e-2)
        for x, y in batches(*sums(), 100):
            opt.zero_grad()
            (F.mse_loss(net(x)[0], y) / 4).backward()
            opt.step()

    assert "single" in healthy(watched(loop), CAUSE).why
