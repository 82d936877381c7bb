import csv
import os
import random
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

with (Path(__file__).resolve().parents[1] / "data" / "names-six.csv").open(encoding="utf8") as f:
    table = [(row["name"].lower(), row["language"]) for row in csv.DictReader(f)]
random.shuffle(table)
held_back, table = table[:250], table[250:]
signs = {sign: i + 1 for i, sign in enumerate(sorted({s for name, _ in table + held_back for s in name}))}
languages = sorted({language for _, language in table})


def collate(rows):
    names = [torch.tensor([signs[s] for s in name]) for name, _ in rows]
    lengths = torch.tensor([len(name) for name in names])
    return pad_sequence(names, batch_first=True), lengths, torch.tensor([languages.index(l) for _, l in rows])


class Names(nn.Module):
    def __init__(self, emb=20, hidden=24):
        super().__init__()
        self.emb = nn.Embedding(len(signs) + 1, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, len(languages))

    def forward(self, names, lengths):
        packed = pack_padded_sequence(self.emb(names), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(torch.cat([h[0], h[1]], dim=1))


model = Names()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(12):
    random.shuffle(table)
    losses = []
    for start in range(0, len(table), 24):
        names, lengths, target = collate(table[start : start + 24])
        loss = nn.functional.cross_entropy(model(names, lengths), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("epoch", epoch, "loss", sum(losses) / len(losses))

model.eval()
names, lengths, target = collate(held_back)
with torch.no_grad():
    print("metric accuracy", (model(names, lengths).argmax(1) == target).float().mean().item())
