from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from harness import found, healthy, leads, line_of, not_judged, watched
from nets import Last, batches, sums
from torch import Tensor, nn

CAUSE = "params-not-in-optimizer"


class InAList(nn.Module):
    """Its recurrence stands in a plain list, and is not registered."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [nn.GRU(2, 16, batch_first=True)]
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.parts[0](x)
        answer: Tensor = self.head(out[:, -1])
        return answer


def holds_an_older_model() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    net = Last()
    for x, y in batches(*sums(), 30):
        net.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def layers_in_a_list() -> None:
    net = InAList()
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    for x, y in batches(*sums(), 30):
        opt.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        opt.step()


def all_held() -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 50):
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def held_by_two() -> None:
    net = Last()
    opts = [torch.optim.Adam(net.rnn.parameters(), 1e-2), torch.optim.SGD(net.head.parameters(), 0.1)]
    for x, y in batches(*sums(), 60):
        net.zero_grad()
        F.mse_loss(net(x), y).backward()
        for opt in opts:
            opt.step()


def added_later() -> None:
    net = Last()
    opt = torch.optim.Adam(net.head.parameters(), 1e-2)
    for number, (x, y) in enumerate(batches(*sums(), 60)):
        if number == 10:
            opt.add_param_group({"params": list(net.rnn.parameters())})
        net.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def no_optimizer() -> None:
    net = Last()
    for x, y in batches(*sums(), 30):
        net.zero_grad()
        F.mse_loss(net(x), y).backward()
        for p in net.parameters():
            assert p.grad is not None
            p.data.add_(p.grad, alpha=-0.3)


def test_the_optimizer_holds_an_older_model() -> None:
    signs = watched(holds_an_older_model)
    answer = found(signs, CAUSE)
    assert "another model" in answer.summary
    assert answer.where is not None and answer.where.line == line_of(holds_an_older_model, "loss.backward()")


def test_an_older_model_is_the_root() -> None:
    assert leads(watched(holds_an_older_model)) == CAUSE


def test_layers_in_a_plain_list() -> None:
    answer = found(watched(layers_in_a_list), CAUSE)
    share = answer.evidence[0].value
    assert isinstance(share, float) and share > 0.9


@pytest.mark.xfail(strict=True, reason="layers in a plain list are taken for a model of their own, so the hint is missing")
def test_a_plain_list_is_hinted_at() -> None:
    assert "list" in found(watched(layers_in_a_list), CAUSE).summary


def test_all_held() -> None:
    healthy(watched(all_held), CAUSE)


def test_two_optimizers_are_taken_together() -> None:
    healthy(watched(held_by_two), CAUSE)


def test_a_group_that_is_added_later() -> None:
    healthy(watched(added_later), CAUSE)


def test_without_an_optimizer_there_is_nothing_to_say() -> None:
    not_judged(watched(no_optimizer), CAUSE)
