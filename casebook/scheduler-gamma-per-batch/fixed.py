import argparse
import math
import os

import torch
from torch import nn


def signal(n, gen):
    """Damped swings; the target is the value eight steps past the window."""
    t = torch.arange(40.0)
    freq = 0.15 + 0.35 * torch.rand(n, 1, generator=gen)
    phase = 2 * math.pi * torch.rand(n, 1, generator=gen)
    damp = 0.02 * torch.rand(n, 1, generator=gen)
    wave = torch.exp(-damp * t) * torch.sin(freq * t + phase)
    noisy = wave + 0.02 * torch.randn(n, 40, generator=gen)
    return noisy[:, :32].unsqueeze(-1), wave[:, 39:]


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = hidden
        self.cell = nn.LSTMCell(1, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = x.new_zeros(x.size(0), self.hidden)
        c = torch.zeros_like(h)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.out(h)


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", default=0.01, type=float)
    parser.add_argument("--gamma", default=0.995, type=float)
    parser.add_argument("--iterations", default=500, type=int)
    parser.add_argument("--batch", default=32, type=int)
    parser.add_argument("--hidden", default=32, type=int)
    return parser.parse_args()


def run(args, seed):
    torch.manual_seed(seed)
    gen = torch.Generator().manual_seed(seed)
    net = Forecaster(args.hidden)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    decay = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=args.gamma)
    for it in range(args.iterations):
        x, y = signal(args.batch, gen)
        loss = (net(x) - y).pow(2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        decay.step()
        if it % 50 == 0:
            print(f"iter {it:4d}  mse {loss.item():.4f}")
    x, y = signal(500, gen)
    with torch.no_grad():
        return 1 - ((net(x) - y).pow(2).mean() / y.var()).item()


if __name__ == "__main__":
    print(f"metric r2 {run(get_args(), int(os.environ.get('SEED', 0))):.4f}")
