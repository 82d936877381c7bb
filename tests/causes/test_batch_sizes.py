from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, watched
from nets import Last, groups

LARGE, SMALL = "batch-too-large", "batch-too-small"


def classify(size: int, epochs: int, lr: float = 3e-3, samples: int = 512) -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), lr)
    x, y = groups(samples)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(size):
            opt.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            opt.step()


def noisy(size: int, steps: int, lr: float) -> None:
    net = Last()
    opt = torch.optim.SGD(net.parameters(), lr)
    for _ in range(steps):
        x = torch.randn(size, 5, 2)
        y = x[:, :, 0].mean(1, keepdim=True) * 2 + 1.5 * torch.randn(size, 1)
        opt.zero_grad()
        F.mse_loss(net(x), y).backward()
        opt.step()


def test_one_update_an_epoch() -> None:
    signs = watched(lambda: classify(512, 20), arms=["split-batches", "lower-lr-0.1"])
    arm = signs.arm("set-batch")
    assert arm is not None and arm.took_hold and arm.cures
    answer = found(signs, LARGE)
    assert answer.proof == "intervention"
    assert leads(signs) == LARGE


def test_small_batches() -> None:
    healthy(watched(lambda: classify(32, 12, 1e-2)), LARGE)


def test_a_large_batch_that_learns() -> None:
    healthy(watched(lambda: classify(256, 60, 2e-2)), LARGE)


def test_a_batch_of_one_that_learns_is_no_fault() -> None:
    def loop() -> None:
        net = Last()
        opt = torch.optim.Adam(net.parameters(), 3e-3)
        for _ in range(900):
            x = torch.randn(1, 4, 2)
            opt.zero_grad()
            F.mse_loss(net(x), x[:, -1, :1]).backward()
            opt.step()

    signs = watched(loop)
    assert signs.loss.skill is not None and signs.loss.skill > 0.8
    healthy(signs, SMALL)


def test_sixteen_batches_in_one() -> None:
    signs = watched(lambda: noisy(1, 600, 0.3), arms=["join-batches"])
    arm = signs.arm("set-batch")
    assert arm is not None and arm.took_hold
    assert arm.extra["grad_norm_squared"] > 0


def test_larger_batches_are_not_suspected() -> None:
    healthy(watched(lambda: noisy(32, 80, 0.05)), SMALL)
