from __future__ import annotations

import dataclasses
from functools import partial

import torch
import torch.nn.functional as F
from fits import fit, noise
from harness import calm, examined, found, healthy, leads, not_judged, watched
from nets import Last, sums

from lossdoctor.diagnosis.questions import learned_by_heart, questions
from lossdoctor.signs.standing import left_out_skill

CAUSE = "no-signal"


def test_targets_that_nobody_can_know() -> None:
    x, y = noise(320, 8, 2), noise(320, 1, seed=9)
    signs = watched(partial(fit, x, y, epochs=3, lr=3e-3))
    answer = found(signs, CAUSE)
    assert "We found nothing" in answer.summary
    assert leads(signs) == CAUSE


def test_few_samples_are_no_proof() -> None:
    x, y = noise(96, 8, 2), noise(96, 1, seed=9)
    found(watched(partial(fit, x, y, epochs=6, lr=3e-3, size=16)), CAUSE, severity="warning")


def test_the_twin_with_signal_learns() -> None:
    x, y = sums(320, 8)
    healthy(watched(partial(fit, x, y)), CAUSE)


def test_a_little_signal_in_much_noise() -> None:
    """All that can be learned is learned, and it is a quarter of the variance."""
    x, y = sums(480, 6)
    healthy(watched(partial(fit, x, 0.5 * y + 0.87 * noise(480, 1, seed=9), epochs=4, lr=3e-3)), CAUSE)


def test_signal_that_the_net_misses_is_no_lack_of_it() -> None:
    """Products of neighbours: invisible to a ridge on the inputs, not to one on the states of a random net."""
    x = noise(640, 6, 1)
    y = (x[:, -1] * x[:, -2]).sign()
    signs = watched(partial(fit, x, y, epochs=2, lr=1e-5))
    answer = [h for h in (healthy(signs, CAUSE),) if "skill" in h.why]
    assert answer


def test_two_batches_are_too_little() -> None:
    x, y = noise(32, 8, 2), noise(32, 1)
    signs = watched(partial(fit, x, y, epochs=20, size=16))
    calm(signs)
    assert len(set(range(32))) == 32 and (signs.loss.skill or 0) < 1
    (not_judged if (signs.loss.skill or 0) < 0.3 else healthy)(signs, CAUSE)


def test_what_tells_held_back_data_is_signal() -> None:
    """Too little for simple learners to find among few samples, and the net tells others by it all the same."""

    def draw(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.randn(count, 4, 1)
        return x, (x[:, -1] * x[:, -2]).tanh() + 1.2 * torch.randn(count, 1)

    def loop() -> None:
        net = Last(features=1, hidden=24)
        opt = torch.optim.Adam(net.parameters(), 1e-2)
        for step in range(500):
            x, y = draw(64)
            opt.zero_grad()
            F.mse_loss(net(x), y).backward()
            opt.step()
            if step % 100 == 99:
                with torch.no_grad():
                    x, y = draw(600)
                    F.mse_loss(net(x), y)

    signs = watched(loop)
    assert signs.loss.held_skill is not None and signs.loss.held_skill > 0.05 and (signs.loss.skill or 0) < 0.3
    assert "held-back" in healthy(signs, CAUSE).why


def by_heart(x: torch.Tensor, y: torch.Tensor, epochs: int) -> None:
    """Learned until the net knows every sample; the script asks for the signs of others, and measures no loss there."""
    net, criterion = Last(x.shape[2], 32), torch.nn.BCEWithLogitsLoss(pos_weight=torch.ones(1))
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(32):
            opt.zero_grad()
            criterion(net(x[rows]), y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
    with torch.no_grad():
        net(torch.randn(100, *x.shape[1:])).sign()


def test_noise_that_was_learned_by_heart() -> None:
    x, y = noise(480, 8, 3), (noise(480, 1, seed=9) > 0).float()
    script = partial(by_heart, x, y, 40)
    plain = watched(script)
    assert (plain.loss.skill or 0) > 0.5
    assert "hold-out" in [q.name for q in questions(examined(plain))]
    healthy(plain, CAUSE)
    answer = found(watched(script, arms=["hold-out"]), CAUSE)
    assert "left out" in str(answer.evidence)


def parity(count: int, seed: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Is the number of positive values odd? No ridge finds it, and a net does."""
    generator = torch.Generator().manual_seed(seed)
    bits = torch.randint(0, 2, (count, 5, 1), generator=generator) * 2.0 - 1.0
    return bits + 0.1 * torch.randn(bits.shape, generator=generator), (bits.prod(1) > 0).float()


def test_what_no_ridge_finds_and_a_net_knows_of_samples_left_out() -> None:
    script = partial(by_heart, *parity(480), 30)
    plain = watched(script)
    assert learned_by_heart(plain)
    signs = watched(script, arms=["hold-out"])
    assert (left_out_skill(signs) or 0) > 0.5
    assert "learns something" in healthy(signs, CAUSE).why
    calm(signs)


def test_an_arm_that_has_not_learned_yet_says_nothing_of_memory() -> None:
    signs = watched(partial(by_heart, *parity(480), 30), arms=["hold-out"])
    (arm,) = signs.arms
    slow = dataclasses.replace(arm, skill=0.05, extra={"held_out_skill": 0.0})
    late = dataclasses.replace(signs, arms=(slow,), _memo={})
    assert left_out_skill(late) is None
    healthy(late, CAUSE)


def test_a_calm_stretch_held_back_is_no_signal() -> None:
    """The loss is measured on the training data and, at last, on calmer ones: small by their calm alone."""
    x, y, calm_y = noise(480, 8, 1), noise(480, 1, seed=9), 0.7 * noise(480, 1, seed=10)

    def loop() -> None:
        net = Last(features=1)
        opt = torch.optim.Adam(net.parameters(), 3e-3)
        for asked, wanted in [(x, y)] * 3 + [(noise(480, 8, 1, seed=11), calm_y)]:
            for rows in torch.randperm(480).split(32):
                opt.zero_grad()
                F.mse_loss(net(x[rows]), y[rows]).backward()
                opt.step()
            with torch.no_grad():
                F.mse_loss(net(asked), wanted)

    signs = watched(loop)
    assert (signs.loss.held_skill or 0) > 0.1 > (signs.loss.skill or 0)
    found(signs, CAUSE)
