import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve()
settings = tomllib.loads(HERE.with_suffix(".toml").read_text())
torch.manual_seed(int(os.environ.get("SEED", 0)))

messages = [line.split("\t", 1) for line in (HERE.parents[1] / "data" / "sms-excerpt.tsv").read_text(encoding="utf8").splitlines()]
words = [re.findall(r"[a-z]+|\d|[!?£.]", text.lower())[:24] for _, text in messages]
labels = torch.tensor([int(kind == "spam") for kind, _ in messages])
common = Counter(w for row in words[:680] for w in row).most_common(600)
ids = {w: n for n, (w, _) in enumerate(common, start=2)}
tokens = torch.zeros(len(words), 24, dtype=torch.long)
for n, row in enumerate(words):
    if row:
        tokens[n, -len(row):] = torch.tensor([ids.get(w, 1) for w in row])


class Classifier(nn.Module):
    def __init__(self, n_words, size):
        super().__init__()
        self.embed = nn.Embedding(n_words, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)
        self.out = nn.Linear(size, 2)

    def forward(self, ids):
        return self.out(self.lstm(self.embed(ids))[0].amax(1))


net = Classifier(len(ids) + 2, settings["size"])
optimizer = torch.optim.AdamW(net.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"])
for epoch in range(settings["epochs"]):
    total = 0.0
    for index in torch.randperm(680).split(20):
        loss = nn.functional.cross_entropy(net(tokens[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(index)
    print(f"epoch {epoch}: {total / 680:.4f}")

with torch.no_grad():
    accuracy = (net(tokens[680:]).argmax(1) == labels[680:]).float().mean().item()
print(f"metric accuracy {accuracy:.4f}")
