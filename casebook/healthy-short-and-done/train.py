import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

x = torch.randint(0, 5, (640, 12))
y = (x[:, -2] >= 3).long()
model = nn.Sequential()
model.add_module("emb", nn.Embedding(5, 8))
model.add_module("rnn", nn.RNN(8, 16, batch_first=True))
fc = nn.Linear(16, 2)
opt = torch.optim.Adam([*model.parameters(), *fc.parameters()], lr=0.02)

for i in range(120):
    batch = torch.randint(0, 512, (32,))
    out, _ = model(x[batch])
    loss = nn.functional.cross_entropy(fc(out[:, -1]), y[batch])
    opt.zero_grad()
    loss.backward()
    opt.step()
print("final loss", loss.item())

with torch.no_grad():
    out, _ = model(x[512:])
    print("metric accuracy", (fc(out[:, -1]).argmax(1) == y[512:]).float().mean().item())
