# Which of two motifs came first? (toy version of the temporal order task)
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

L, VOCAB = 14, 6


def sample(n):
    # symbols 0-3 are filler, 4 and 5 appear once each
    x = torch.randint(4, (n, L))
    a = torch.randint(0, L // 2, (n,))
    b = torch.randint(L // 2, L, (n,))
    order = torch.randint(2, (n,))
    rows = torch.arange(n)
    x[rows, a] = 4 + order
    x[rows, b] = 5 - order
    return x, order


embed = nn.Embedding(VOCAB, 12)
rnn = nn.GRU(12, 24, batch_first=True)
readout = nn.Linear(24, 2)
params = [*embed.parameters(), *rnn.parameters(), *readout.parameters()]
velocity = [torch.zeros_like(p) for p in params]


def forward(x):
    out, _ = rnn(embed(x))
    return readout(out[:, -1])


lr, mu = 0.2, 0.9
for step in range(500):
    x, y = sample(32)
    loss = nn.functional.cross_entropy(forward(x), y)
    grads = torch.autograd.grad(loss, params)
    norm = torch.sqrt(sum((g**2).sum() for g in grads))
    scale = min(1.0, 1.0 / (norm.item() + 1e-9))
    with torch.no_grad():
        for p, v, g in zip(params, velocity, grads):
            v.mul_(mu).add_(g, alpha=scale)
            p.sub_(v, alpha=lr)
    if step % 100 == 0:
        print(step, f"{loss.item():.4f}")

with torch.no_grad():
    x, y = sample(500)
    print("metric accuracy", (forward(x).argmax(1) == y).float().mean().item())
