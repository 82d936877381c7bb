import csv
import math
import os
import random
from pathlib import Path

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

path = Path(__file__).resolve().parent.parent / "data" / "names-six.csv"
with open(path, encoding="utf-8") as f:
    names = [row["name"].lower() for row in csv.DictReader(f) if row["language"] in ("Japanese", "Italian")]
names = [n for n in names if n.isalpha() and n.isascii() and len(n) <= 9]
random.shuffle(names)
train_names, test_names = names[:400], names[400:]

ALPHABET = "abcdefghijklmnopqrstuvwxyz."
EOS = len(ALPHABET) - 1


def to_batch(batch):
    """(time, batch) inputs and targets; a name begins and ends with the dot, the rest is ignored (-100)."""
    width = max(len(n) for n in batch) + 1
    inputs = torch.full((width, len(batch)), EOS)
    targets = torch.full((width, len(batch)), -100)
    for j, name in enumerate(batch):
        letters = [ALPHABET.index(c) for c in name]
        inputs[1 : len(name) + 1, j] = torch.tensor(letters)
        targets[: len(name) + 1, j] = torch.tensor(letters + [EOS])
    return inputs, targets


class RNN(nn.Module):
    def __init__(self, n_letters, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.embed = nn.Embedding(n_letters, 24)
        self.cell = nn.GRUCell(24, hidden_size)
        self.out = nn.Linear(hidden_size, n_letters)

    def forward(self, letters, hidden):
        hidden = self.cell(self.embed(letters), hidden)
        return self.out(hidden), hidden

    def init_hidden(self, n):
        return torch.zeros(n, self.hidden_size)


rnn = RNN(len(ALPHABET), 64)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(rnn.parameters(), lr=5e-3)


def train(batch):
    inputs, targets = to_batch(batch)
    hidden = rnn.init_hidden(len(batch))
    optimizer.zero_grad()
    total = 0
    for letter, target in zip(inputs, targets):
        if (target == -100).all():
            break
        output, hidden = rnn(letter, hidden)
        l = criterion(output, target)
        total = total + l
    loss = total / len(inputs)
    loss.backward()
    optimizer.step()
    return loss.item()


for epoch in range(1, 13):
    random.shuffle(train_names)
    losses = [train(train_names[i : i + 16]) for i in range(0, len(train_names), 16)]
    print(f"{epoch:3d} {sum(losses) / len(losses):.4f}")

with torch.no_grad():
    inputs, targets = to_batch(test_names)
    hidden, scores = rnn.init_hidden(len(test_names)), []
    for letter in inputs:
        output, hidden = rnn(letter, hidden)
        scores.append(output)
    nats = criterion(torch.cat(scores), targets.flatten()).item()
print(f"metric bits_per_letter {nats / math.log(2):.4f}")
