import csv
import os
from pathlib import Path

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
EPOCHS = 14

with open(Path(__file__).resolve().parents[1] / "data" / "names-six.csv", encoding="utf8") as f:
    rows = list(csv.DictReader(f))
chars = sorted({c for r in rows for c in r["name"].lower()})
langs = sorted({r["language"] for r in rows})
x = torch.zeros(len(rows), 10, dtype=torch.long)
for i, r in enumerate(rows):
    ids = [chars.index(c) + 1 for c in r["name"].lower()[-10:]]
    x[i, -len(ids):] = torch.tensor(ids)
y = torch.tensor([langs.index(r["language"]) for r in rows])
order = torch.randperm(len(x))
x, y = x[order], y[order]
loader = DataLoader(TensorDataset(x[300:], y[300:]), batch_size=32, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(chars) + 1, 16, padding_idx=0)
        self.drop = nn.Dropout(0.3)
        self.rnn = nn.LSTM(16, 40, batch_first=True)
        self.fc = nn.Linear(40, len(langs))

    def forward(self, x):
        out, _ = self.rnn(self.drop(self.embed(x)))
        return self.fc(self.drop(out[:, -1]))


net = Net()
opt = torch.optim.AdamW(net.parameters(), lr=0.008, weight_decay=0.01)
sched = CosineAnnealingLR(opt, T_max=EPOCHS * len(loader))
for epoch in range(EPOCHS):
    net.train()
    total = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
        sched.step()
        total += loss.item()
    print(f"epoch {epoch} lr {sched.get_last_lr()[0]:.5f} loss {total / len(loader):.4f}")

net.eval()
with torch.no_grad():
    print("metric accuracy", round((net(x[:300]).argmax(1) == y[:300]).float().mean().item(), 4))
