"""Sequence to sequence: write the digits back in sorted order."""
import argparse
import os

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SOS = 10


class Encoder(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.embed = nn.Embedding(10, 24)
        self.rnn = nn.GRU(24, hidden, batch_first=True)

    def forward(self, src: Tensor) -> Tensor:
        return self.rnn(self.embed(src))[1][0]


class Decoder(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.embed = nn.Embedding(11, 24)
        self.cell = nn.GRUCell(24, hidden)
        self.out = nn.Linear(hidden, 10)

    def step(self, token: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        h = self.cell(self.embed(token), h)
        return self.out(h), h


class Seq2Seq(nn.Module):
    def __init__(self, hidden: int):
        super().__init__()
        self.encoder = Encoder(hidden)
        self.decoder = Decoder(hidden)

    def forward(self, src: Tensor, tgt: Tensor | None = None) -> Tensor:
        h = self.encoder(src)
        token = src.new_full((len(src),), SOS)
        steps = []
        for t in range(src.shape[1]):
            scores, h = self.decoder.step(token, h)
            steps.append(scores)
            token = tgt[:, t] if tgt is not None else scores.argmax(-1)
        return torch.stack(steps, 1)


def batch(n: int, length: int) -> tuple[Tensor, Tensor]:
    src = torch.randint(10, (n, length))
    return src, src.sort(1).values


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--length", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--lr", type=float, default=0.008)
    args = parser.parse_args()
    torch.manual_seed(int(os.environ.get("SEED", 0)))

    model = Seq2Seq(args.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for step in range(args.steps):
        src, tgt = batch(48, args.length)
        loss = F.cross_entropy(model(src, tgt).transpose(1, 2), tgt)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"{step:5d} {loss.item():.4f}")

    src, tgt = batch(400, args.length)
    with torch.no_grad():
        exact = (model(src).argmax(-1) == tgt).all(1).float().mean().item()
    print(f"metric exact_match {exact:.4f}")


if __name__ == "__main__":
    main()
