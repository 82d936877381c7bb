from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch import Tensor, nn

CAUSE = "frozen-params"


def train(net: nn.Module, count: int = 60, lr: float = 2e-2) -> None:
    opt = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr)
    for x, y in batches(*oldest(), count):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def oldest() -> tuple[Tensor, Tensor]:
    """The oldest input: a small random recurrence has forgotten it."""
    x, _ = sums()
    return x, x[:, 0, :1].clone()


def frozen_at_random() -> None:
    net = Last(hidden=6, cell="rnn")
    net.rnn.requires_grad_(False)
    train(net, 100)


def all_free() -> None:
    train(Last(hidden=6, cell="rnn"), 100)


def norm_frozen() -> None:
    net = nn.Sequential(nn.LayerNorm(2), Last(hidden=16))
    net[0].requires_grad_(False)
    opt = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 2e-2)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


class Reservoir(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, 128, batch_first=True)
        self.head = nn.Linear(128, 1)
        self.rnn.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x)
        answer: Tensor = self.head(out[:, -1])
        return answer


def echo_state() -> None:
    net = Reservoir()
    opt = torch.optim.Adam(net.head.parameters(), 2e-2)
    for x, y in batches(*sums(), 120):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def pretrained_and_frozen() -> None:
    """The recurrence has been trained (its weights no longer look drawn); the new head stands before a hard task."""
    net = Last(hidden=8)
    with torch.no_grad():
        for p in net.rnn.parameters():
            p.mul_(1.6).add_(0.2 * torch.randn_like(p))
    net.rnn.requires_grad_(False)
    train(net, 60)


def test_what_unfreezing_cures_is_the_cause() -> None:
    signs = watched(frozen_at_random, arms=["unfreeze"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(train, "loss.backward()")
    assert "rnn" in answer.summary


def test_without_an_arm_it_is_a_suspicion() -> None:
    found(watched(frozen_at_random), CAUSE, severity="warning")


def test_nothing_frozen() -> None:
    assert "no parameter" in healthy(watched(all_free), CAUSE).why


def test_a_frozen_norm_is_nobodys_fault() -> None:
    healthy(watched(norm_frozen), CAUSE)


def test_an_echo_state_network_learns_with_its_head() -> None:
    signs = watched(echo_state)
    assert len(signs.wiring.frozen) == 4
    healthy(signs, CAUSE)


def test_trained_weights_are_frozen_on_purpose() -> None:
    signs = watched(pretrained_and_frozen)
    assert signs.loss.skill is not None and signs.loss.skill < 0.5
    healthy(signs, CAUSE)
    calm(signs)


def nothing_wants_a_gradient() -> None:
    net = Last(hidden=6)
    net.requires_grad_(False)
    x, y = sums()
    F.mse_loss(net(x), y).backward()


def test_nothing_is_left_to_train() -> None:
    signs = watched(nothing_wants_a_gradient)
    answer = found(signs, CAUSE)
    assert "Every parameter" in answer.summary
    assert leads(signs) == CAUSE


def frozen_on_the_way() -> None:
    """Free at the first loss, frozen by a line in the loop."""
    net = Last(hidden=6, cell="rnn")
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    for x, y in batches(*oldest(), 100):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        net.rnn.requires_grad_(False)
        opt.step()


def two_heads_in_turns() -> None:
    """Each loss reaches now the one head, now the other: nothing is left behind."""
    first, second = Last(hidden=8), Last(hidden=8)
    opt = torch.optim.Adam([*first.parameters(), *second.parameters()], 2e-2)
    for step, (x, y) in enumerate(batches(*sums(), 80)):
        opt.zero_grad()
        F.mse_loss((first, second)[step % 2](x), y).backward()
        opt.step()


def test_what_is_frozen_after_the_first_loss_is_frozen() -> None:
    signs = watched(frozen_on_the_way, arms=["unfreeze"])
    assert found(signs, CAUSE).proof == "intervention"
    assert leads(signs) == CAUSE


def test_weights_reached_in_turns_are_not_left_behind() -> None:
    signs = watched(two_heads_in_turns)
    assert not signs.wiring.fell_away
    healthy(signs, CAUSE)
