import csv
import math
import os
import random

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

# write and read back a table as the logger does
rows = []
for trace_id in range(360):
    freq = random.choice([0.3, 0.6, 1.1])
    phase = random.random() * 2 * math.pi
    values = [0.45 + 0.4 * math.sin(freq * t + phase) + random.gauss(0, 0.04) for t in range(25)]
    rows.append([[0.3, 0.6, 1.1].index(freq)] + [f"{min(max(v, 0.0), 0.99):.3f}" for v in values])

labels = torch.tensor([row[0] for row in rows])
readings = torch.zeros(len(rows), 25, dtype=torch.long)
for i, row in enumerate(rows):
    readings[i] = torch.tensor([float(v) for v in row[1:]])
x = readings.unsqueeze(-1).float()

model = nn.ModuleDict({"rnn": nn.GRU(1, 24, batch_first=True), "fc": nn.Linear(24, 3)})
opt = torch.optim.Adam(model.parameters(), lr=8e-3)


def forward(batch):
    out, _ = model["rnn"](batch)
    return model["fc"](out.mean(1))


for epoch in range(24):
    for b in torch.randperm(280).split(20):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(forward(x[b]), labels[b])
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    hits = (forward(x[280:]).argmax(1) == labels[280:]).float().mean().item()
print("metric accuracy", hits)
