import os
import random
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

EPOCHS = 12
BATCH_SIZE = 32
LEARNING_RATE = 3e-3

lines = (Path(__file__).parent.parent / "data" / "names-six.csv").read_text(encoding="utf-8").splitlines()[1:]
rows = [line.rsplit(",", 1) for line in lines]
random.shuffle(rows)
alphabet = {c: i + 1 for i, c in enumerate(sorted({c for n, _ in rows for c in n}))}
languages = sorted({l for _, l in rows})

x = torch.zeros(len(rows), 16, dtype=torch.long)
for i, (name, _) in enumerate(rows):
    codes = [alphabet[c] for c in name][-16:]
    x[i, 16 - len(codes) :] = torch.tensor(codes)
y = torch.tensor([languages.index(l) for _, l in rows])


class NameGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(alphabet) + 1, 24, padding_idx=0)
        self.gru = nn.GRU(24, 48, batch_first=True)
        self.fc = nn.Linear(48, len(languages))

    def forward(self, x):
        return self.fc(self.gru(self.emb(x))[1][0])


loader = DataLoader(TensorDataset(x[300:], y[300:]), batch_size=BATCH_SIZE, shuffle=True)
model = NameGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
criterion = nn.CrossEntropyLoss()
for epoch in range(EPOCHS):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: {loss.item():.3f}")

with torch.no_grad():
    print("metric accuracy", (model(x[:300]).argmax(1) == y[:300]).float().mean().item())
