"""Is a text message spam? Words -> embedding -> LSTM over packed sequences -> one logit."""
import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence

HERE = Path(__file__).resolve().parent
cfg = json.loads((HERE / "params.json").read_text())
torch.manual_seed(int(os.environ.get("SEED", "0")))

VOCAB = int(cfg["data"]["vocab_size"])
PAD_TO = int(cfg["data"]["pad_to"])
data = np.load(HERE / "data.npz")


def load(split):
    words = data[f"x_{split}"][:, :PAD_TO].astype(np.int64)
    words = np.where(words < VOCAB, words, 1)  # the ids are ranks: rare words become <unk>
    lengths = np.clip(data[f"n_{split}"].astype(np.int64), 1, words.shape[1])
    return torch.from_numpy(words), torch.from_numpy(lengths), torch.from_numpy(data[f"y_{split}"].astype(np.float32))


class SpamNet(nn.Module):
    def __init__(self, embed, hidden, layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, embed, padding_idx=0)
        self.drop = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embed, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, words, lengths):
        e = self.drop(self.embedding(words))
        packed = pack_padded_sequence(e, lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.head(self.drop(h[-1])).squeeze(-1)


m, t = cfg["model"], cfg["train"]
model = SpamNet(int(m["embed"]), int(m["hidden"]), int(m["layers"]), float(m["dropout"]))
make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
optimizer = make[t["optimizer"]](model.parameters(), lr=float(t["lr"]), weight_decay=float(t["weight_decay"]))
criterion = nn.BCEWithLogitsLoss()

x, n, y = load("train")
batch_size = max(1, int(t["batch_size"]))
for epoch in range(1, max(1, int(t["epochs"])) + 1):
    model.train()
    total = 0.0
    order = torch.randperm(len(x))
    for idx in order.split(batch_size):
        optimizer.zero_grad()
        loss = criterion(model(x[idx], n[idx]), y[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), float(t["clip"]))
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} loss {total / len(x):.4f}")

model.eval()
with torch.no_grad():
    x, n, y = load("test")
    accuracy = ((model(x, n) > 0).float() == y).float().mean().item()
print("metric accuracy", round(accuracy, 4))
