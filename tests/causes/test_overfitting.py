from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from fits import Reader
from harness import calm, examined, found, healthy, not_judged, watched
from nets import Last, groups

from lossdoctor.diagnosis.questions import questions
from lossdoctor.signs.pairs import asked_elsewhere, few_samples

CAUSE = "overfitting"


def noisy(samples: int, seed: int, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, 8, 4, generator=made)
    y = (x[:, :, 0].mean(1, keepdim=True) * 2.8 + noise * torch.randn(samples, 1, generator=made) > 0).float()
    return x, y


def train(samples: int, noise: float, epochs: int, *, evaluate: bool = True, restore: bool = False) -> None:
    net = Last(4, 48)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = noisy(samples, 1, noise)
    vx, vy = noisy(200, 2, noise)
    best, kept = 9.0, copy.deepcopy(net.state_dict())
    for _ in range(epochs):
        for rows in torch.randperm(samples).split(20):
            opt.zero_grad()
            F.binary_cross_entropy_with_logits(net(x[rows]), y[rows]).backward()
            opt.step()
        if evaluate:
            with torch.no_grad():
                held = float(F.binary_cross_entropy_with_logits(net(vx), vy))
            if held < best:
                best, kept = held, copy.deepcopy(net.state_dict())
    if restore:
        net.load_state_dict(kept)


def test_learned_by_heart() -> None:
    answer = found(watched(lambda: train(60, 0.8, 50)), CAUSE)
    assert answer.since_step is not None and answer.since_step < 100


def test_the_best_weights_were_loaded() -> None:
    signs = watched(lambda: train(60, 0.8, 50, restore=True))
    assert "loaded" in healthy(signs, CAUSE).why


def test_data_enough() -> None:
    signs = watched(lambda: train(400, 0.05, 12))
    assert len(signs.loss.held_value) == 12
    healthy(signs, CAUSE)
    calm(signs)


def test_nothing_held_back() -> None:
    not_judged(watched(lambda: train(60, 0.8, 10, evaluate=False)), CAUSE)


def by_accuracy(samples: int, noise: float, epochs: int, *, ask: bool = True, clip: bool = True) -> None:
    """The script asks for the signs of other samples, and computes no loss there."""
    net = Last(4, 32)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, y = noisy(samples, 1, noise)
    vx, _ = noisy(200, 2, noise)
    for _ in range(epochs):
        for rows in torch.randperm(samples).split(12):
            opt.zero_grad()
            F.binary_cross_entropy_with_logits(net(x[rows]), y[rows]).backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
    with torch.no_grad():
        net(vx if ask else x).sign()


def test_an_arm_leaves_samples_out() -> None:
    signs = watched(lambda: by_accuracy(24, 3.0, 60), arms=["hold-out"])
    answer = found(signs, CAUSE)
    assert answer.proof == "intervention"
    assert "24 samples" in answer.summary
    assert signs.loss.held_skill is None


def clusters() -> None:
    """Sixty samples around three centres: any of them could be done without."""
    net = Last(2, 16, 3)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x, ids = groups(60)
    for _ in range(30):
        for rows in torch.randperm(60).split(12):
            opt.zero_grad()
            F.cross_entropy(net(x[rows]), ids[rows]).backward()
            opt.step()
    with torch.no_grad():
        net(groups(90, seed=5)[0]).argmax(1)


def test_few_samples_that_tell_enough() -> None:
    signs = watched(clusters, arms=["hold-out"])
    assert "left out" in healthy(signs, CAUSE).why
    calm(signs)


def test_one_batch_learned_by_heart_on_purpose() -> None:
    signs = watched(lambda: by_accuracy(12, 3.0, 60, ask=False))
    assert "hold-out" not in [q.name for q in questions(examined(signs))]
    calm(signs)


def a_poem() -> None:
    """Learned by heart on purpose, and then spoken: window by window, from the net's own answers."""
    net = Reader(12, 12)
    opt = torch.optim.Adam(net.parameters(), 2e-2)
    text = torch.randint(0, 12, (48,), generator=torch.Generator().manual_seed(8))
    x, y = torch.stack([text[i : i + 6] for i in range(40)]), text[6:46]
    for _ in range(40):
        opt.zero_grad()
        F.cross_entropy(net(x), y).backward()
        opt.step()
    with torch.no_grad():
        window = torch.arange(6)[None]
        for _ in range(30):
            window = torch.cat([window[:, 1:], net(window).argmax(1)[None]], 1)


def test_a_text_that_is_learned_by_heart_and_spoken() -> None:
    signs = watched(a_poem)
    assert not asked_elsewhere(signs)
    calm(signs)


def test_evaluations_after_many_steps_that_clip_are_seen() -> None:
    signs = watched(lambda: by_accuracy(24, 3.0, 60))
    assert asked_elsewhere(signs) and few_samples(signs) == 24
