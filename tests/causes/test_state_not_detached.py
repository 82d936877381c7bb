from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, said, watched
from nets import Last, batches, sums
from torch import Tensor, nn

from lossdoctor.words import Healthy

CAUSE = "state-not-detached"


def wave(start: int) -> Tensor:
    return torch.sin(torch.arange(start, start + 11) * 0.3 + torch.arange(8)[:, None]).unsqueeze(-1)


def freed_graph() -> None:
    net, head = nn.GRU(1, 12, batch_first=True), nn.Linear(12, 1)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()], 1e-2)
    state = torch.zeros(1, 8, 12)
    for number in range(30):
        x = wave(10 * number)
        out, state = net(x[:, :-1], state)
        opt.zero_grad()
        F.mse_loss(head(out), x[:, 1:]).backward()
        opt.step()


def graph_kept() -> None:
    net, head = nn.GRU(1, 12, batch_first=True), nn.Linear(12, 1)
    state = torch.zeros(1, 8, 12)
    for number in range(25):
        x = wave(10 * number)
        out, state = net(x[:, :-1], state)
        net.zero_grad()
        loss = F.mse_loss(head(out), x[:, 1:])
        loss.backward(retain_graph=True)
        for p in [*net.parameters(), *head.parameters()]:
            assert p.grad is not None
            p.data.add_(p.grad, alpha=-0.01)


def errors_caught() -> None:
    net, head = nn.GRU(1, 12, batch_first=True), nn.Linear(12, 1)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()], 1e-2)
    state = torch.zeros(1, 8, 12)
    for number in range(60):
        if number % 20 == 0:
            state = torch.zeros(1, 8, 12)
        x = wave(10 * number)
        try:
            out, state = net(x[:, :-1], state)
            opt.zero_grad()
            F.mse_loss(head(out), x[:, 1:]).backward()
            opt.step()
        except RuntimeError:
            continue


class InPlace(Last):
    """Changes in place what its own backward pass needs: every pass fails, the first one too."""

    def forward(self, x: Tensor) -> Tensor:
        z = torch.sigmoid(super().forward(x))
        y = z * z
        z += 1.0
        return y


def in_place_from_the_first(caught: bool) -> None:
    net = InPlace()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 30):
        try:
            opt.zero_grad()
            F.mse_loss(net(x), y).backward()
            opt.step()
        except RuntimeError:
            if not caught:
                raise


def another_error_caught() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 60)):
        try:
            opt.zero_grad()
            loss = F.mse_loss(net(x), y)
            (loss.detach() if number % 3 == 0 else loss).backward()
            opt.step()
        except RuntimeError:
            continue


def no_state_carried() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def carried_and_detached() -> None:
    net, head = nn.LSTM(1, 12, batch_first=True), nn.Linear(12, 1)
    opt = torch.optim.Adam([*net.parameters(), *head.parameters()], 2e-2)
    state = (torch.zeros(1, 8, 12), torch.zeros(1, 8, 12))
    for number in range(100):
        x = wave(10 * number)
        out, state = net(x[:, :-1], state)
        state = (state[0].detach(), state[1].detach())
        opt.zero_grad()
        F.mse_loss(head(out), x[:, 1:]).backward()
        opt.step()


class LearnedStart(nn.Module):
    """Its initial state is a parameter: it wants a gradient, and hangs on no earlier graph."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(2, 16, batch_first=True)
        self.start = nn.Parameter(torch.zeros(1, 1, 16))
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.rnn(x, self.start.expand(1, len(x), 16).contiguous())
        answer: Tensor = self.head(out[:, -1])
        return answer


def learned_start() -> None:
    net = LearnedStart()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def another_error() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 50)):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()
        if number == 40:
            raise ValueError("the file ends here")


def test_a_second_backward_through_a_freed_graph() -> None:
    signs = watched(freed_graph)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(freed_graph, "net(x[:, :-1], state)")
    assert leads(signs) == CAUSE


def test_a_graph_that_grows() -> None:
    signs = watched(graph_kept)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(graph_kept, "net(x[:, :-1], state)")
    first, last = (e.value for e in answer.evidence)
    assert isinstance(first, int) and isinstance(last, int) and last > 5 * first


def test_the_script_catches_the_error_and_goes_on() -> None:
    signs = watched(errors_caught)
    answer = found(signs, CAUSE)
    assert answer.where is not None and answer.where.line == line_of(errors_caught, "net(x[:, :-1], state)")
    assert leads(signs) == CAUSE


def test_every_backward_pass_fails_in_place_from_the_first_on() -> None:
    signs = watched(partial(in_place_from_the_first, True))
    assert isinstance(said(signs, CAUSE), Healthy)
    answer = found(signs, "missing-optimizer-step")
    assert "modified by an inplace operation" in answer.summary


def test_the_first_backward_pass_ends_the_run() -> None:
    assert isinstance(said(watched(partial(in_place_from_the_first, False)), CAUSE), Healthy)


def test_another_error_that_is_caught() -> None:
    healthy(watched(another_error_caught), CAUSE)


def test_no_state_is_carried() -> None:
    healthy(watched(no_state_carried), CAUSE)


def test_a_carried_state_that_is_detached() -> None:
    signs = watched(carried_and_detached)
    healthy(signs, CAUSE)


def test_a_learned_initial_state() -> None:
    healthy(watched(learned_start), CAUSE)


def test_another_error_is_another_matter() -> None:
    healthy(watched(another_error), CAUSE)
