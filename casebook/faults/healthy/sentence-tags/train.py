# Tag the words of short sentences; most words can be several things, the words around them decide.
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

here = Path(__file__).resolve().parent
hp = json.load(open(here / "hyper.json"))
torch.manual_seed(int(os.environ.get("SEED", 0)))
IGNORE = -1
corpus = np.load(here / "corpus.npz")


class Tagger(nn.Module):
    def __init__(self, words, embed, hidden, tags, layers, dropout, bidirectional):
        super().__init__()
        self.embed = nn.Embedding(words, embed, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embed, hidden, layers, batch_first=True, bidirectional=bidirectional)
        self.fc = nn.Linear(hidden * (2 if bidirectional else 1), tags)

    def forward(self, words):
        out, _ = self.lstm(self.dropout(self.embed(words)))
        return self.fc(self.dropout(out))


def dataset(suffix=""):
    return TensorDataset(torch.from_numpy(corpus["words" + suffix].astype("int64")), torch.from_numpy(corpus["tags" + suffix].astype("int64")))


train_loader = DataLoader(dataset(), batch_size=max(1, int(hp["batch_size"])), shuffle=bool(hp["shuffle"]))
test_loader = DataLoader(dataset("_test"), batch_size=50)

model = Tagger(60, int(hp["embed"]), int(hp["hidden"]), 9, int(hp["layers"]), hp["dropout"], bool(hp["bidirectional"]))
optimizer = torch.optim.Adam(model.parameters(), lr=hp["lr"], weight_decay=hp["weight_decay"])
criterion = nn.CrossEntropyLoss(ignore_index=IGNORE)

for epoch in range(max(1, int(hp["epochs"]))):
    model.train()
    running = 0.0
    for words, tags in train_loader:
        optimizer.zero_grad()
        scores = model(words)
        loss = criterion(scores.transpose(1, 2), tags)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), hp["grad_clip"])
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1:2d}  loss {running / len(train_loader):.4f}")

model.eval()
right = total = 0
with torch.no_grad():
    for words, tags in test_loader:
        known = tags != IGNORE
        right += (model(words).argmax(-1)[known] == tags[known]).sum().item()
        total += known.sum().item()
print("metric accuracy", round(right / total, 4))
