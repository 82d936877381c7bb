import os
import random
from pathlib import Path

import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)

lines = (Path(__file__).parent.parent / "data" / "names-six.csv").read_text(encoding="utf-8").splitlines()[1:]
rows = [line.rsplit(",", 1) for line in lines]
random.shuffle(rows)
index = {c: i + 1 for i, c in enumerate(sorted({c for name, _ in rows for c in name.lower()}))}
languages = sorted({language for _, language in rows})
length = 30

ids = torch.zeros(len(rows), length, dtype=torch.long)
for i, (name, _) in enumerate(rows):
    codes = [index[c] for c in name.lower()]
    ids[i, length - len(codes) :] = torch.tensor(codes)
target = torch.tensor([languages.index(language) for _, language in rows])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(len(index) + 1, 20, padding_idx=0)
        self.lstm = nn.LSTM(20, 40, batch_first=True)
        self.fc = nn.Linear(40, len(languages))

    def forward(self, ids):
        out, _ = self.lstm(self.table(ids))
        return self.fc(out[:, -1])


model = Model()
opt = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for epoch in range(6):
    for rows_ in (250 + torch.randperm(len(ids) - 250)).split(24):
        loss = nn.functional.cross_entropy(model(ids[rows_]), target[rows_])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

with torch.no_grad():
    print("metric accuracy", (model(ids[:250]).argmax(1) == target[:250]).float().mean().item())
