# In[1]:
import csv
import os
import random
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
torch.manual_seed(SEED)

# In[2]:
path = Path(__file__).resolve().parent.parent / "data" / "names-six.csv"
rows = list(csv.DictReader(open(path, encoding="utf8")))
random.shuffle(rows)
langs = sorted({r["language"] for r in rows})
chars = sorted({c for r in rows for c in r["name"].lower()})
stoi = {c: i + 1 for i, c in enumerate(chars)}
print(len(rows), "names,", len(langs), "languages,", len(chars), "characters")

# In[3]:
MAX_LEN = 12

def encode(name):
    ids = [stoi[c] for c in name.lower()[:MAX_LEN]]
    return [0] * (MAX_LEN - len(ids)) + ids

x = torch.tensor([encode(r["name"]) for r in rows])
y = torch.tensor([langs.index(r["language"]) for r in rows])
n_val = 300
x_val, y_val, x_tr, y_tr = x[:n_val], y[:n_val], x[n_val:], y[n_val:]

# In[4]:
class NameNet(nn.Module):
    def __init__(self, n_chars, n_out, emb=24, hidden=256):
        super().__init__()
        self.emb = nn.Embedding(n_chars + 1, emb, padding_idx=0)
        self.rnn = nn.RNN(emb, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, n_out)

    def forward(self, x):
        _, h = self.rnn(self.emb(x))
        return self.out(h[-1])

net = NameNet(len(chars), len(langs))
opt = torch.optim.Adam(net.parameters(), lr=0.02)

# In[5]:
for epoch in range(6):
    perm = torch.randperm(len(x_tr))
    total = 0.0
    for i in range(0, len(perm), 32):
        idx = perm[i:i + 32]
        loss = F.cross_entropy(net(x_tr[idx]), y_tr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch:2d}  loss {total / len(perm):.3f}")

# In[6]:
with torch.no_grad():
    acc = (net(x_val).argmax(1) == y_val).float().mean().item()
print("metric accuracy", f"{acc:.4f}")
