import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

EPOCHS = 30
torch.manual_seed(int(os.environ.get("SEED", 0)))

sequences, speaker = {"train": defaultdict(list), "test": defaultdict(list)}, {}
with open(Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv") as f:
    for row in csv.DictReader(f):
        sequences[row["split"]][row["series"]].append([float(row[f"x{i}"]) for i in range(8)])
        speaker[row["split"], row["series"]] = {"1": 0, "3": 1, "6": 2, "8": 3}[row["label"]]


def tensors(split):
    items = list(sequences[split].items())
    x = [torch.tensor(v) for _, v in items]
    return pad_sequence(x, batch_first=True), torch.tensor([len(v) for v in x]), torch.tensor([speaker[split, k] for k, _ in items])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 32, batch_first=True)
        self.fc = nn.Linear(32, 4)

    def forward(self, x, lengths):
        out, _ = self.lstm(x)
        return self.fc(out[torch.arange(len(x)), lengths - 1])


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
x, n, y = tensors("train")
for epoch in range(EPOCHS):
    order = torch.randperm(len(x))
    for i in order.split(10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i], n[i]), y[i])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

x, n, y = tensors("test")
with torch.no_grad():
    accuracy = (net(x, n).argmax(1) == y).float().mean().item()
print("metric accuracy", accuracy)
