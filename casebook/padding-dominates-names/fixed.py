import os
import random
from pathlib import Path

import torch
import torch.nn as nn

random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

rows = [r.rsplit(",", 1) for r in (Path(__file__).parent.parent / "data" / "names-six.csv").read_text(encoding="utf-8").split("\n")[1:] if r]
random.shuffle(rows)
letters = sorted(set("".join(name for name, _ in rows).lower()))
languages = sorted(set(language for _, language in rows))
MAXLEN = 80

def tensorize(rows):
    x = torch.zeros(len(rows), MAXLEN, dtype=torch.long)
    lens = torch.tensor([len(name) for name, _ in rows])
    for i, (name, _) in enumerate(rows):
        for j, ch in enumerate(name.lower()):
            x[i, j] = letters.index(ch) + 1
    return x, lens, torch.tensor([languages.index(l) for _, l in rows])

class NameLSTM(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.embedding = nn.Embedding(len(letters) + 1, 24, padding_idx=0)
        self.lstm = nn.LSTM(24, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, len(languages))

    def forward(self, x, lens):
        x = self.embedding(x)
        x = nn.utils.rnn.pack_padded_sequence(x, lens, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(x)
        return self.fc(h[-1])

x, lens, y = tensorize(rows)
x_tr, l_tr, y_tr, x_te, l_te, y_te = x[300:], lens[300:], y[300:], x[:300], lens[:300], y[:300]
model = NameLSTM()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
crit = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    for b in torch.randperm(len(x_tr)).split(24):
        opt.zero_grad()
        loss = crit(model(x_tr[b], l_tr[b]), y_tr[b])
        loss.backward()
        opt.step()
    print("epoch", epoch + 1, "loss", loss.item())
with torch.no_grad():
    print("metric accuracy", (model(x_te, l_te).argmax(1) == y_te).float().mean().item())
