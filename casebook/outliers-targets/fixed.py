import os
import numpy as np
import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)

# demand of a spare part follows its usage; the order book is kept by hand
n, steps = 900, 14
usage = rng.normal(size=(n, steps)).astype("float32")
decay = 0.8 ** np.arange(steps)[::-1]
demand = usage @ decay + 0.1 * rng.normal(size=n)
entry = rng.random(n) < 0.03
entry[700:] = False
demand[entry] *= 10.0 ** rng.integers(2, 4, entry.sum())
demand = np.clip(demand, *np.quantile(demand[:700], [0.03, 0.97]))
demand = (demand - demand[:700].mean()) / demand[:700].std()

x = torch.tensor(usage).unsqueeze(-1)
y = torch.tensor(demand, dtype=torch.float32)

model = nn.LSTM(1, 32, batch_first=True)
head = nn.Linear(32, 1)
optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=3e-3)
for epoch in range(20):
    for rows in torch.randperm(700).split(25):
        out = head(model(x[rows])[0][:, -1]).squeeze(1)
        loss = ((out - y[rows]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

with torch.no_grad():
    out = head(model(x[700:])[0][:, -1]).squeeze(1)
print("metric r2", 1 - ((out - y[700:]) ** 2).mean().item() / y[700:].var().item())
