from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import calm, found, healthy, leads, line_of, watched
from nets import Last, batches, sums
from torch import Tensor, nn

CAUSE = "wrong-mode"


class Noisy(nn.Module):
    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 16, batch_first=True)
        self.between: nn.Module = nn.BatchNorm1d(16) if norm else nn.Dropout(0.1)
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x)
        answer: Tensor = self.head(self.between(out[:, -1]))
        return answer


def held_back(net: nn.Module) -> None:
    x, y = sums(seed=9)
    with torch.no_grad():
        F.mse_loss(net(x[:64]), y[:64])


def never_back_to_training() -> None:
    net = Noisy()
    opt = torch.optim.Adam(net.parameters(), 2e-3)
    for number, (x, y) in enumerate(batches(*sums(), 60)):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        if number % 10 == 4:
            net.eval()
            held_back(net)


def evaluated_in_training_mode() -> None:
    net = Noisy(norm=True)
    opt = torch.optim.Adam(net.parameters(), 1e-4)
    for number, (x, y) in enumerate(batches(*sums(), 60)):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        if number % 10 == 4:
            held_back(net)


class NormFirst(nn.Module):
    """Its norm brings raw inputs to size, once it is in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.rest = Last()

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.rest(self.norm(x.transpose(1, 2)).transpose(1, 2))
        return answer


def statistics_never_taken() -> None:
    net = NormFirst().eval()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = sums()
    for a, b in batches(100 + 20 * x, y, 60):
        opt.zero_grad()
        F.mse_loss(net(a), b).backward()
        opt.step()


def right_modes() -> None:
    net = Noisy()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 80)):
        net.train()
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        if number % 10 == 4:
            net.eval()
            held_back(net)


def nothing_to_switch() -> None:
    net = Last().eval()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        held_back(net)


class FrozenNorm(Noisy):
    """The statistics of its norm are kept on purpose; its dropout works."""

    def __init__(self) -> None:
        super().__init__(norm=True)
        self.drop = nn.Dropout(0.05)

    def train(self, mode: bool = True) -> FrozenNorm:
        super().train(mode)
        self.between.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.drop(x))


def norm_kept_on_purpose() -> None:
    net = FrozenNorm().train()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 80):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_training_in_evaluation_mode_is_a_warning_until_an_arm_proves_it() -> None:
    signs = watched(never_back_to_training)
    answer = found(signs, CAUSE, severity="warning")
    assert answer.since_step is not None and 4 < answer.since_step <= 8
    assert answer.where is not None and answer.where.line == line_of(never_back_to_training, "net(x)")


def test_an_arm_proves_that_the_mode_is_the_cause() -> None:
    signs = watched(statistics_never_taken, arms=["set-mode"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert answer.where is not None and answer.where.line == line_of(statistics_never_taken, "net(a)")
    assert leads(signs) == CAUSE


def test_statistics_that_the_evaluation_spoils() -> None:
    signs = watched(evaluated_in_training_mode)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(held_back, "net(x[:64])")
    assert "between" in answer.summary


def test_right_modes() -> None:
    healthy(watched(right_modes), CAUSE)


def test_a_model_without_noise_has_no_modes() -> None:
    assert "no module" in healthy(watched(nothing_to_switch), CAUSE).why


def test_a_norm_that_is_kept_on_purpose() -> None:
    signs = watched(norm_kept_on_purpose)
    healthy(signs, CAUSE)
    calm(signs)
