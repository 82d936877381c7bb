import os

import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))


class SparseReader(nn.Module):
    """Keeps the six largest of sixty-four features of the state, the others are zero."""

    def __init__(self, vocab=20, hidden=32, features=64, keep=6, classes=5):
        super().__init__()
        self.embed = nn.Embedding(vocab, 16)
        self.gru = nn.GRU(16, hidden, batch_first=True)
        self.up = nn.Linear(hidden, features)
        self.down = nn.Linear(features, classes)
        self.keep = keep

    def forward(self, x):
        _, h = self.gru(self.embed(x))
        f = F.relu(self.up(h[-1]))
        limit = f.topk(self.keep, dim=1).values[:, -1:]
        return self.down(F.relu(f - limit * 0.999) + f * (f >= limit))


def batch(n):
    x = torch.randint(20, (n, 9))
    return x, (x[:, -1] + x[:, -3]) % 20 // 4


net = SparseReader()
optimizer = torch.optim.Adam(net.parameters(), lr=0.006)
for step in range(1100):
    x, y = batch(48)
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))

x, y = batch(1000)
with torch.no_grad():
    print("metric accuracy", (net(x).argmax(1) == y).float().mean().item())
