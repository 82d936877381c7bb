"""float16 on the way: in the data, and in gradients whose steps are all left out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from harness import found, healthy, leads, said, watched
from nets import Last, batches, sums
from torch import Tensor

from lossdoctor.words import Healthy

CAUSE = "low-precision-overflow"


def litres(dtype: torch.dtype) -> Tensor:
    return (9.5 + 1.2 * torch.randn(240, 10, 2)).exp().to(dtype).float()


class Shown(Last):
    """Takes what was measured and makes it small by itself."""

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = super().forward((x.clamp(min=1).log() - 9.5) / 1.2)
        return answer


def fed(dtype: torch.dtype, infinite: bool) -> None:
    net = Shown()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    x = litres(dtype)
    if infinite and dtype == torch.float32:
        x[3, 2, 0] = float("inf")
    y = torch.randn(len(x), 1)
    for rows in torch.arange(len(x)).split(24):
        opt.zero_grad()
        F.mse_loss(net(x[rows]), y[rows]).backward()
        opt.step()


def stored_in_half() -> None:
    fed(torch.float16, True)


def one_infinite_reading() -> None:
    fed(torch.float32, True)


def large_and_whole() -> None:
    fed(torch.float32, False)


def guarded(scale: float) -> None:
    net = Last()
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    for x, y in batches(*sums(), 60):
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            scores = net(x)
        (F.mse_loss(scores.float(), y) * scale).backward()
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        if all(torch.isfinite(g).all() for g in grads):
            for g in grads:
                g.div_(scale)
            opt.step()


def scaled_beyond_all() -> None:
    guarded(2.0**40)


def scaled_with_sense() -> None:
    guarded(2.0**6)


def test_data_that_went_through_half_precision() -> None:
    signs = watched(stored_in_half)
    found(signs, CAUSE)
    assert leads(signs) == CAUSE


def test_one_infinite_reading_is_no_matter_of_precision() -> None:
    signs = watched(one_infinite_reading)
    assert isinstance(said(signs, CAUSE), Healthy)
    assert leads(signs) == "nan-in-data"


def test_large_numbers_in_single_precision() -> None:
    healthy(watched(large_and_whole), CAUSE)


def test_every_step_left_out_because_the_scale_is_too_large() -> None:
    signs = watched(scaled_beyond_all)
    found(signs, CAUSE, "warning")  # an error once the arm in float32 has won
    assert leads(signs) == CAUSE


def test_a_sensible_scale() -> None:
    healthy(watched(scaled_with_sense), CAUSE)
