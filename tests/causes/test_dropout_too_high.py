from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, watched
from nets import Last, batches, groups
from torch import Tensor, nn

CAUSE = "dropout-too-high"


class Dropped(nn.Module):
    def __init__(self, p: float, hidden: int = 16) -> None:
        super().__init__()
        self.p = p
        self.net = Last(outputs=3, hidden=hidden)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.net.rnn(F.dropout(x, self.p, self.training))
        answer: Tensor = self.net.head(F.dropout(out[:, -1], self.p, training=self.training))
        return answer


def train(net: nn.Module, count: int = 120) -> None:
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*groups(), count):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()


def test_dropout_called_as_a_function_removes_the_signal() -> None:
    signs = watched(lambda: train(Dropped(0.95)), arms=["set-dropout", "lower-lr-0.1", "raise-lr-10"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert leads(signs) == CAUSE
    assert any(e.what == "strongest dropout" and e.value == 0.95 for e in answer.evidence)
    arm = signs.arm("set-dropout")
    assert arm is not None and arm.took_hold and arm.cures


def test_a_little_dropout() -> None:
    healthy(watched(lambda: train(Dropped(0.1))), CAUSE)


def test_a_training_loss_made_worse_by_dropout_than_the_net_is() -> None:
    signs = watched(lambda: train(Dropped(0.75, hidden=32), 200), arms=["set-dropout"])
    assert signs.loss.skill is not None and signs.loss.skill < 0.8
    healthy(signs, CAUSE)
