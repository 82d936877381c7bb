import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

torch.manual_seed(int(os.environ.get("SEED", 0)))
DATA = Path(__file__).resolve().parent.parent / "data" / "vowels-four.csv"
STEPS = 14


def load():
    frames = defaultdict(list)
    for row in csv.DictReader(DATA.open(newline="")):
        frames[row["split"], int(row["label"]), int(row["series"])].append([float(row[f"x{i}"]) for i in range(8)])
    train, test = [], defaultdict(list)
    for (split, label, _), rows in frames.items():
        rows = (rows + [rows[-1]] * STEPS)[:STEPS]
        if split == "train":
            train.append((torch.tensor(rows), label))
        else:
            test[label].append(torch.tensor(rows))
    return train, {label: torch.stack(x) for label, x in test.items()}


train, test = load()
speakers = sorted(test)


class VoiceNet(nn.Module):
    def __init__(self, n_speakers):
        super().__init__()
        self.bn = nn.BatchNorm1d(8)
        self.rnn = nn.GRU(8, 32, batch_first=True)
        self.fc = nn.Linear(32, n_speakers)

    def forward(self, x):
        b, t, f = x.shape
        x = self.bn(x.reshape(b * t, f)).reshape(b, t, f)
        return self.fc(self.rnn(x)[0].mean(dim=1))


def train_one_epoch(model, loader, optimizer):
    model.train()
    total = 0.0
    for x, label in loader:
        target = torch.tensor([speakers.index(int(l)) for l in label])
        loss = nn.functional.cross_entropy(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def evaluate(model):
    right = count = 0
    with torch.no_grad():
        for speaker, x in test.items():
            guess = model(x).argmax(dim=1)
            right += (guess == speakers.index(speaker)).sum().item()
            count += len(x)
    return right / count


model = VoiceNet(len(speakers))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loader = DataLoader(train, batch_size=20, shuffle=True)
for epoch in range(20):
    loss = train_one_epoch(model, loader, optimizer)
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {evaluate(model):.3f}")

print(f"metric accuracy {evaluate(model):.4f}")
