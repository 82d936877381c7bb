"""Tag every symbol with whether it has been seen before in the sequence."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=450)
    p.add_argument("--batch-size", type=int, default=24)
    p.add_argument("--length", type=int, default=16)
    p.add_argument("--symbols", type=int, default=8)
    p.add_argument("--hidden", type=int, default=40)
    p.add_argument("--lr", type=float, default=1e-2)
    p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    return p.parse_args()


def get_batch(args, n):
    x = torch.randint(args.symbols, (n, args.length))
    seen = torch.zeros(n, args.symbols, dtype=torch.bool)
    tags = torch.zeros_like(x)
    rows = torch.arange(n)
    for t in range(args.length):
        tags[:, t] = seen[rows, x[:, t]].long()
        seen[rows, x[:, t]] = True
    return x, tags


class Tagger(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.emb = nn.Embedding(args.symbols, 16)
        self.rnn = nn.GRU(16, args.hidden, batch_first=True)
        self.proj = nn.Linear(args.hidden, 2)

    def forward(self, x):
        return self.proj(self.rnn(self.emb(x))[0])


def train_step(model, optimizer, x, tags):
    optimizer.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits.flatten(0, 1), tags.flatten())
    loss.backward()
    optimizer.step()
    return loss.item()


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    model = Tagger(args)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=args.lr)
    for step in range(args.steps):
        loss = train_step(model, optimizer, *get_batch(args, args.batch_size))
        if step % 90 == 0:
            print(f"step {step:4d} loss {loss:.4f}")
    x, tags = get_batch(args, 200)
    with torch.no_grad():
        acc = (model(x).argmax(-1) == tags).float().mean().item()
    print(f"metric token_accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
