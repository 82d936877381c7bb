import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

SYMBOLS = 12
HIDDEN = 2


def batch(n):
    """Repeat the last but one symbol."""
    x = torch.randint(0, SYMBOLS, (n, 12))
    y = torch.cat([torch.zeros(n, 1, dtype=torch.long), x[:, :-1]], 1)
    return x, y


class Repeater(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(SYMBOLS, 16)
        self.lstm = nn.LSTM(16, HIDDEN, batch_first=True)
        self.out = nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x):
        return self.out(self.lstm(self.emb(x))[0])


model = Repeater()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(500):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(model(x).transpose(1, 2), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())

x, y = batch(300)
with torch.no_grad():
    print("metric accuracy", (model(x).argmax(-1) == y).float().mean().item())
