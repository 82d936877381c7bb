import json
import os
from pathlib import Path

import torch
import torch.nn as nn

cfg = json.loads(Path(__file__).with_suffix(".json").read_text())
seed = int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)
rng = torch.Generator().manual_seed(seed)


def make_sequences(n, length=15):
    x = torch.randn(n, length, 3, generator=rng)
    score = (x[:, :, 0] * torch.linspace(0.2, 1, length)).sum(1) - 2 * x[:, -1, 1]
    return x, (score > 0).long()


class TwoClass(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.fc1 = nn.Linear(hidden, 16)
        self.fc2 = nn.Linear(16, 2)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.fc2(torch.tanh(self.fc1(h[-1])))


model = TwoClass(cfg["hidden"])
opt = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=cfg["momentum"])
criterion = nn.CrossEntropyLoss()
x_train, y_train = make_sequences(2000)
x_test, y_test = make_sequences(500)

for epoch in range(cfg["epochs"]):
    losses = []
    for idx in torch.randperm(len(x_train), generator=rng).split(cfg["batch_size"]):
        opt.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=cfg["max_norm"])
        opt.step()
        losses.append(loss.item())
    print("epoch", epoch, "loss", round(sum(losses) / len(losses), 4))

with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print("metric accuracy", round(acc, 4))
