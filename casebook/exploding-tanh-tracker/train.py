import argparse
import os

import torch
import torch.nn as nn


class Tracker(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.RNN(input_size=1, hidden_size=hidden, batch_first=True)
        self.decoder = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.rnn.weight_hh_l0)

    def forward(self, velocity):
        states, _ = self.rnn(velocity)
        return self.decoder(states)


def trips(n, length):
    """Position of a walker from its velocity."""
    velocity = torch.randn(n, length, 1)
    return velocity, velocity.cumsum(dim=1) / length ** 0.5


def train(model, args):
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
    for i in range(args.iters):
        velocity, position = trips(args.batch_size, args.length)
        error = model(velocity) - position
        loss = error.pow(2).sum() / args.batch_size
        model.zero_grad()
        loss.backward()
        optimizer.step()
        if (i + 1) % args.log_every == 0:
            print(f"[{i + 1}/{args.iters}] loss = {loss.item():.4f}")


@torch.no_grad()
def test(model, args):
    velocity, position = trips(500, args.length)
    residual = (model(velocity) - position).pow(2).mean()
    return (1 - residual / position.var()).item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--length", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--iters", type=int, default=600)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--log-every", type=int, default=100)
    args = parser.parse_args()
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net = Tracker(args.hidden)
    train(net, args)
    print(f"metric r2 {test(net, args):.4f}")
