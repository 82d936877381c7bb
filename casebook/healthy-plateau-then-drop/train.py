import argparse
import os

import torch
from torch import nn


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--delay", type=int, default=8)
    p.add_argument("--steps", type=int, default=1100)
    p.add_argument("--lr", type=float, default=0.003)
    return p.parse_args()


class Recaller(nn.Module):
    def __init__(self, n_symbols=8, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(n_symbols, 16)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.out = nn.Linear(hidden, n_symbols)

    def forward(self, x):
        return self.out(self.lstm(self.emb(x))[0][:, -1])


def main(args):
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net = Recaller()
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for step in range(args.steps):
        x = torch.randint(8, (32, args.delay + 1))
        loss = nn.functional.cross_entropy(net(x), x[:, 0])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        if step % 50 == 0:
            print(f"step {step:4d} loss {loss.item():.4f}")
    x = torch.randint(8, (1000, args.delay + 1))
    with torch.no_grad():
        print("metric accuracy %.4f" % (net(x).argmax(1) == x[:, 0]).float().mean().item())


main(parse())
