import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)


def baskets(n, steps=15, goods=12):
    """Till receipts: how many of each good; the customer is a shop keeper or a household."""
    keeper = rng.random(n) < 0.5
    taste = rng.gamma(1.0, 1.5, size=(n, 1, goods))
    rate = np.where(keeper[:, None, None], np.roll(taste, 1, axis=2) * 2.0, taste)
    counts = rng.poisson(rate + 0.2, size=(n, steps, goods))
    burst = np.where(keeper[:, None], np.arange(steps) % 5 == 0, rng.random((n, steps)) < 0.2)
    counts = counts * np.where(burst, 6, 1)[:, :, None]
    return torch.tensor(counts, dtype=torch.float32), torch.tensor(keeper, dtype=torch.long)


x_train, y_train = baskets(700)
x_test, y_test = baskets(200)
print("inputs: mean %.1f std %.1f max %.0f" % (x_train.mean(), x_train.std(), x_train.max()))

lstm = nn.LSTM(12, 32, batch_first=True)
head = nn.Linear(32, 2)
optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=3e-3)
for epoch in range(14):
    for rows in torch.randperm(len(x_train)).split(32):
        logits = head(lstm(x_train[rows])[0][:, -1])
        loss = nn.functional.cross_entropy(logits, y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4))

with torch.no_grad():
    accuracy = (head(lstm(x_test)[0][:, -1]).argmax(1) == y_test).float().mean().item()
print("metric accuracy", accuracy)
