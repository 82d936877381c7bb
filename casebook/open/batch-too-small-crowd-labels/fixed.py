import json
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
config = json.loads(Path(__file__).with_suffix(".json").read_text())

CHANNELS, STEPS = 6, 10


def recordings(n):
    """Short recordings; the class says whether the second half is louder than the first on channel 0."""
    x = torch.randn(n, STEPS, CHANNELS)
    gap = x[:, STEPS // 2 :, 0].sum(1) - x[:, : STEPS // 2, 0].sum(1)
    return x, (gap > 0).float()


def crowd(labels, error):
    """Labels as volunteers give them: each is wrong now and then."""
    wrong = torch.rand(len(labels)) < error
    return torch.where(wrong, 1 - labels, labels)


x, truth = recordings(30000)
y = crowd(truth, config["label_error"])
x_test, y_test = recordings(2000)


class Listener(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(CHANNELS, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.head(self.gru(x)[1][-1]).squeeze(-1)


net = Listener(config["hidden"])
optimizer = torch.optim.Adam(net.parameters(), lr=config["lr"])
criterion = nn.BCEWithLogitsLoss()
running = 0.0
for update in range(1, config["updates"] + 1):
    rows = torch.randint(0, len(x), (config["batch_size"],))
    loss = criterion(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running += loss.item()
    if update % 100 == 0:
        print(f"update {update} mean loss {running / 100:.4f}")
        running = 0.0

with torch.no_grad():
    print("metric accuracy", ((net(x_test) > 0).float() == y_test).float().mean().item())
