"""Recall a symbol after a pause; the pause grows from lesson to lesson, and with each the loss jumps up again."""
import os
import random

import numpy as np
import torch
from torch import nn

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

SYMBOLS = 6
LESSONS = [(2, 250), (5, 350), (9, 600)]


def lesson(pause, count, rng):
    symbols = rng.integers(0, SYMBOLS, size=count)
    x = rng.normal(0, 0.1 * pause, size=(count, pause + 1, SYMBOLS)).astype("float32")
    x[np.arange(count), 0, symbols] += 2.5
    return torch.from_numpy(x), torch.from_numpy(symbols)


class Recall(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.LSTM(SYMBOLS, hidden, batch_first=True)
        self.out = nn.Linear(hidden, SYMBOLS)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1])


rng = np.random.default_rng(3)
model = Recall()
optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
step = 0
for pause, updates in LESSONS:
    for _ in range(updates):
        x, y = lesson(pause, 32, rng)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"pause {pause}, step {step}: loss {loss.item():.3f}")
        step += 1

model.eval()
x, y = lesson(LESSONS[-1][0], 1000, rng)
with torch.no_grad():
    right = (model(x).argmax(1) == y).float().mean().item()
print("metric accuracy", right)
