import csv
import os
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def load_names(max_len=10):
    with open(Path(__file__).resolve().parent.parent / "data" / "names-six.csv", encoding="utf8") as f:
        rows = [(r["name"].lower(), r["language"]) for r in csv.DictReader(f)]
    letters = {c: i for i, c in enumerate(sorted({c for n, _ in rows for c in n}))}
    tongues = {l: i for i, l in enumerate(sorted({l for _, l in rows}))}
    x = torch.zeros(len(rows), max_len, len(letters))
    for i, (name, _) in enumerate(rows):
        for j, c in enumerate(name[-max_len:]):
            x[i, max_len - len(name[-max_len:]) + j, letters[c]] = 1
    return x, torch.tensor([tongues[l] for _, l in rows])


class LSTMClassifier(nn.Module):
    def __init__(self, n_letters, hidden_size, n_classes):
        super().__init__()
        self.lstm = nn.LSTM(n_letters, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, n_classes)
        self.init_weights()

    def init_weights(self):
        for p in self.parameters():
            nn.init.normal_(p, mean=0.0, std=3.0)

    def forward(self, x):
        _, (hidden, _) = self.lstm(x)
        return self.linear(hidden[-1])


x, y = load_names()
shuffled = torch.randperm(len(x))
x, y = x[shuffled], y[shuffled]
loader = DataLoader(TensorDataset(x[300:], y[300:]), batch_size=32, shuffle=True)
model = LSTMClassifier(x.size(2), 64, 6)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1} loss {running / len(loader):.3f}")

with torch.no_grad():
    print("metric accuracy", round((model(x[:300]).argmax(1) == y[:300]).float().mean().item(), 4))
