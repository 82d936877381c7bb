from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from fits import fit
from harness import found, healthy, leads, not_judged, said, watched
from nets import Last, groups, sums
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from lossdoctor.words import Finding

CAUSE = "data-not-shuffled"


def ordered(spread: float = 4.0) -> tuple[Tensor, Tensor]:
    x, y = groups(480)
    order = y.argsort(stable=True)
    return x[order] / spread, y[order]


def load(x: Tensor, y: Tensor, shuffle: bool, epochs: int = 6) -> None:
    net = Last(outputs=3)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(epochs):
        for xs, ys in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=shuffle):
            opt.zero_grad()
            F.cross_entropy(net(xs), ys).backward()
            opt.step()


def test_a_loader_that_goes_through_sorted_classes() -> None:
    signs = watched(partial(load, *ordered(), False), arms=["shuffle"])
    answer = said(signs, CAUSE)
    assert isinstance(answer, Finding) and answer.proof == "intervention", answer
    assert leads(signs) == CAUSE


def test_slices_of_sorted_classes_are_forgotten() -> None:
    x, y = ordered(8.0)
    found(watched(partial(fit, x, y, epochs=8, size=16, outputs=3, shuffled=False, lr=3e-2)), CAUSE)


def test_the_twin_that_is_mixed() -> None:
    healthy(watched(partial(load, *groups(480), True)), CAUSE)


def test_mixed_before_and_read_in_order() -> None:
    healthy(watched(partial(load, *groups(480), False)), CAUSE)


def test_in_order_and_learned_all_the_same() -> None:
    """Numbers that rise over the epoch, told by the inputs: nothing is forgotten."""
    x, y = sums(480)
    order = y[:, 0].argsort()
    answer = said(watched(partial(fit, x[order], y[order], epochs=14, size=16, shuffled=False)), CAUSE)
    assert not isinstance(answer, Finding) or answer.severity != "error", answer


def test_whole_batches_have_no_order() -> None:
    x, y = sums(64)
    answer = said(watched(partial(fit, x, y, epochs=40, size=64)), CAUSE)
    assert not isinstance(answer, Finding)


def test_one_target_a_batch_says_nothing() -> None:
    not_judged(watched(partial(fit, *sums(60), epochs=1, size=1)), CAUSE)
