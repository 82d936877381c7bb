"""What a replay costs, in training steps.

`python bench/replay_cost.py [--hidden 64] [--steps 200] [--batch 32] [--samples 8]`: one thread, the median
of alternating repeats, for an LSTM, a GRU and a tanh RNN with a linear head under Adam.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from lossdoctor.replay.call import Kind, RecurrentCall
from lossdoctor.replay.layers import replay_layer

LAYERS: dict[Kind, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN}


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def costs(kind: Kind, hidden: int, steps: int, batch: int, samples: int, repeats: int) -> tuple[float, float]:
    """Median seconds of a training step and of a replay."""
    layer, head = LAYERS[kind](8, hidden, batch_first=True), nn.Linear(hidden, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=1e-3)
    x, y = torch.randn(batch, steps, 8), torch.randn(batch, 1)
    grads: list[torch.Tensor] = []

    def train() -> None:
        optimizer.zero_grad()
        output, _ = layer(x)
        output.register_hook(grads.append)
        nn.functional.mse_loss(head(output[:, -1]), y).backward()
        optimizer.step()

    train()
    weights = list(layer.parameters())
    call = RecurrentCall(kind, x, weights, batch_first=True, samples=samples)
    call = replace(call, grad_output=grads[0])
    replay_layer(call)
    pairs = [(seconds(train), seconds(lambda: replay_layer(call))) for _ in range(repeats)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("hidden", 64), ("steps", 200), ("batch", 32), ("samples", 8), ("repeats", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for kind in LAYERS:
        step, replay = costs(kind, **vars(options))
        print(
            f"{kind:9} step {step * 1e3:7.2f} ms   replay {replay * 1e3:7.2f} ms   ratio {replay / step:.2f}"
        )


if __name__ == "__main__":
    main()
