# Which speaker? LayerNorm + BiGRU; the head warms up for two epochs before the rest is trained.
import csv
import os
from itertools import groupby
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(int(os.environ.get("SEED", 0)))
rows = list(csv.DictReader(open(Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv")))
data = {"train": ([], []), "test": ([], [])}
for (split, _, label), frames in groupby(rows, key=lambda r: (r["split"], r["series"], r["label"])):
    coefficients = [[float(f[f"x{i}"]) for i in range(8)] for f in frames]
    data[split][0].append(torch.tensor(coefficients))
    data[split][1].append(int(label))
classes = sorted(set(data["train"][1]))
to_index = lambda labels: torch.tensor([classes.index(l) for l in labels])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.gru = nn.GRU(8, 24, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, len(classes))

    def forward(self, seqs):
        lengths = torch.tensor([len(s) for s in seqs])
        out, _ = self.gru(self.norm(pad_sequence(seqs, batch_first=True)))
        mask = torch.arange(out.shape[1])[None] < lengths[:, None]
        return self.head((out * mask[..., None]).sum(1) / lengths[:, None])


net = Net()
optimizer = torch.optim.Adam(net.head.parameters(), lr=0.02)
seqs, labels = data["train"][0], to_index(data["train"][1])
for epoch in range(16):
    if epoch == 2:
        optimizer.add_param_group({"params": [*net.norm.parameters(), *net.gru.parameters()], "lr": 0.01})
    for idx in torch.randperm(len(seqs)).split(12):
        loss = nn.functional.cross_entropy(net([seqs[i] for i in idx]), labels[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

with torch.no_grad():
    hit = net(data["test"][0]).argmax(1) == to_index(data["test"][1])
print("metric accuracy", hit.float().mean().item())
