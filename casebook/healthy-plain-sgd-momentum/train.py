import csv
import os
import random
from pathlib import Path

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

rows = []
with open(Path(__file__).resolve().parents[1] / "data" / "names-six.csv", encoding="utf8") as f:
    for row in csv.DictReader(f):
        rows.append((row["name"].lower(), row["language"]))
random.shuffle(rows)
letters = ["."] + sorted({c for name, _ in rows for c in name})
kinds = sorted({kind for _, kind in rows})


def encode(rows, width=12):
    x = torch.zeros(len(rows), width, dtype=torch.long)
    for i, (name, _) in enumerate(rows):
        tail = [letters.index(c) for c in name][-width:]
        x[i, width - len(tail) :] = torch.tensor(tail)
    return x, torch.tensor([kinds.index(kind) for _, kind in rows])


class Surnames(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(letters), 16)
        self.rnn = nn.RNN(16, 48, batch_first=True)
        self.head = nn.Linear(48, len(kinds))

    def forward(self, x):
        return self.head(self.rnn(self.emb(x))[0][:, -1])


x, y = encode(rows)
net = Surnames()
sgd = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(20):
    order = 250 + torch.randperm(len(x) - 250)
    for batch in order.split(16):
        loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
        sgd.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        sgd.step()
    print("epoch", epoch, "last loss", loss.item())

with torch.no_grad():
    print("metric accuracy", (net(x[:250]).argmax(1) == y[:250]).float().mean().item())
