"""Phase 1: an encoder learns to predict. Phase 2: few labels, a linear probe on what it learnt."""
import os

import numpy as np
import torch
from torch import nn


def waves(rng, n, steps=32):
    """Three kinds of oscillation: sine, saw, square; random period and phase."""
    kind = rng.integers(3, size=n)
    t = np.arange(steps + 1)[None] / rng.uniform(6, 10, (n, 1)) + rng.uniform(0, 1, (n, 1))
    shapes = np.stack([np.sin(2 * np.pi * t), 2 * (t % 1) - 1, np.sign(np.sin(2 * np.pi * t))])
    x = shapes[kind, np.arange(n)] + rng.normal(0, 0.05, (n, steps + 1))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(kind)


class Encoder(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.rnn = nn.GRU(1, width, batch_first=True)
        self.next_value = nn.Linear(width, 1)

    def forward(self, x):
        return self.rnn(x.unsqueeze(-1))[0]


def pretrain(encoder, rng, steps):
    optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
    for step in range(steps):
        x, _ = waves(rng, 32)
        loss = nn.functional.mse_loss(encoder.next_value(encoder(x[:, :-1])).squeeze(-1), x[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"pretrain {step}: {loss.item():.4f}")


def probe(encoder, rng, epochs):
    for p in encoder.parameters():
        p.requires_grad_(False)
    encoder.eval()
    head = nn.Linear(64, 3)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5, momentum=0.9)
    x, kind = waves(rng, 240)
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(24):
            with torch.no_grad():
                h = encoder(x[idx])
                features = torch.cat([h.mean(1), h.std(1)], -1)
            loss = nn.functional.cross_entropy(head(features), kind[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 10 == 0:
            print(f"probe {epoch}: {loss.item():.4f}")
    return head


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    encoder = Encoder()
    pretrain(encoder, rng, 300)
    head = probe(encoder, rng, 60)
    x, kind = waves(rng, 400)
    with torch.no_grad():
        h = encoder(x)
        accuracy = (head(torch.cat([h.mean(1), h.std(1)], -1)).argmax(1) == kind).float().mean().item()
    print(f"metric accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
