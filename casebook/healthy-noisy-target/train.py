import argparse
import os

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1]).squeeze(-1)


def make(n, noise):
    x = torch.randn(n, 10, 2)
    signal = (x[:, -4:, 0].sum(1) - x[:, -4:, 1].sum(1)) / 8 ** 0.5
    return x, signal + noise * torch.randn(n)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--noise", type=float, default=1.45)
    ap.add_argument("--steps", type=int, default=700)
    args = ap.parse_args()
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net = Net(16)
    opt = torch.optim.Adam(net.parameters(), lr=0.004)
    for step in range(args.steps):
        x, y = make(64, args.noise)
        loss = nn.functional.mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.3f}")
    x, y = make(4000, args.noise)
    with torch.no_grad():
        print("metric skill %.4f" % (1 - nn.functional.mse_loss(net(x), y).item() / y.var().item()))


if __name__ == "__main__":
    main()
