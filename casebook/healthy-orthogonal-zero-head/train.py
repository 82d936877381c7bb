import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Recognizer(nn.Module):
    def __init__(self, n_in=8, hidden=32, n_out=4):
        super().__init__()
        self.rnn = nn.GRU(n_in, hidden, bidirectional=True)
        self.head = nn.Linear(2 * hidden, n_out)
        for name, p in self.rnn.named_parameters():
            if "bias" in name:
                nn.init.zeros_(p)
            elif "weight_hh" in name:
                nn.init.orthogonal_(p)
            else:
                nn.init.xavier_uniform_(p)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, sequences):
        _, h = self.rnn(pack_sequence(sequences, enforce_sorted=False))
        return self.head(torch.cat([h[0], h[1]], dim=-1))


speech = {"train": defaultdict(list), "test": defaultdict(list)}
who = {}
with open(Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv") as f:
    for r in csv.DictReader(f):
        speech[r["split"]][r["series"]].append([float(r[f"x{i}"]) for i in range(8)])
        who[r["split"], r["series"]] = "1368".index(r["label"])
train = [(torch.tensor(v), who["train", k]) for k, v in speech["train"].items()]
test = [(torch.tensor(v), who["test", k]) for k, v in speech["test"].items()]

net = Recognizer()
opt = torch.optim.RMSprop(net.parameters(), lr=0.003)
for epoch in range(10):
    for idx in torch.randperm(len(train)).split(8):
        xs, ys = zip(*[train[i] for i in idx])
        loss = nn.functional.cross_entropy(net(xs), torch.tensor(ys))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch + 1} loss {loss.item():.4f}")

with torch.no_grad():
    xs, ys = zip(*test)
    print("metric accuracy", round((net(xs).argmax(1) == torch.tensor(ys)).float().mean().item(), 4))
