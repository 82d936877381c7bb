import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

tables = np.load(Path(__file__).with_suffix(".npz"))
x = torch.tensor(tables["x"])
y = torch.tensor(tables["y"]).unsqueeze(1)
x_fit, y_fit, x_new, y_new = x[:340], y[:340], x[340:], y[340:]

model = nn.Sequential()
model.add_module("rnn", nn.LSTM(2, 32, batch_first=True))
head = nn.Linear(32, 1)
optimizer = torch.optim.Adam([{"params": model.parameters()}, {"params": head.parameters()}], lr=4e-3, weight_decay=1e-3)

for epoch in range(30):
    order = torch.randperm(len(x_fit))
    for k in range(0, len(x_fit), 20):
        pick = order[k : k + 20]
        states, _ = model(x_fit[pick])
        loss = nn.functional.mse_loss(head(states[:, -1]), y_fit[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", loss.item())

with torch.no_grad():
    guess = head(model(x_new)[0][:, -1])
print("metric r2", 1 - ((guess - y_new) ** 2).sum().item() / ((y_new - y_new.mean()) ** 2).sum().item())
