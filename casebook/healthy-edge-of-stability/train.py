import csv
import os
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
with open(Path(__file__).resolve().parents[1] / "data" / "airline-passengers.csv") as f:
    passengers = torch.tensor([float(r["Passengers"]) for r in csv.DictReader(f)]).log()
level = (passengers - passengers[:108].mean()) / passengers[:108].std()
rows = level.unfold(0, 13, 1)
train, test = rows[:96], rows[96:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 24, batch_first=True)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        h, _ = self.rnn(x.unsqueeze(-1))
        return self.fc(h[:, -1]).squeeze(-1)


net = Net()
gd = torch.optim.SGD(net.parameters(), lr=0.12)
for it in range(1200):
    loss = (net(train[:, :12]) - train[:, 12]).pow(2).mean()
    gd.zero_grad()
    loss.backward()
    gd.step()
    if it % 100 == 0:
        print(it, loss.item())

with torch.no_grad():
    print("metric rmse", (net(test[:, :12]) - test[:, 12]).pow(2).mean().sqrt().item())
