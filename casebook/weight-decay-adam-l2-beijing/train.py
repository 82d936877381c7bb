import csv
import os
from pathlib import Path

import torch
from torch import nn, optim

torch.manual_seed(int(os.environ.get("SEED", "0")))
rows = []
with open(Path(__file__).resolve().parents[1] / "data" / "beijing-spring-2013.csv") as handle:
    for record in csv.DictReader(handle):
        rows.append([float(record[name]) for name in ("TEMP", "DEWP", "PRES", "Iws")])
series = torch.tensor(rows)
series[:, 3] = series[:, 3].log1p()
train_rows = 1500
series = (series - series[:train_rows].mean(0)) / series[:train_rows].std(0)
blocks = series.unfold(0, 25, 1).transpose(1, 2)
train, test = blocks[:train_rows - 24], blocks[train_rows:]


class TempNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 24, num_layers=2, batch_first=True)
        self.linear = nn.Linear(24, 1)

    def forward(self, x):
        return self.linear(self.rnn(x)[0][:, -1])[:, 0]


def mse(net, block):
    return ((net(block[:, :24]) - block[:, 24, 0]) ** 2).mean()


def main():
    net = TempNet()
    optimizer = optim.Adam(net.parameters(), lr=0.005, weight_decay=0.3)
    for epoch in range(6):
        for block in train[torch.randperm(len(train))].split(32):
            optimizer.zero_grad()
            loss = mse(net, block)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            print(f"epoch {epoch} last batch {loss.item():.4f} test {mse(net, test).item():.4f}")
    with torch.no_grad():
        print(f"metric mse {mse(net, test).item():.4f}")


main()
