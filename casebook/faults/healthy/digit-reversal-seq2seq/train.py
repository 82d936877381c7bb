import os
import random
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn

DIGITS = 10
START = DIGITS


class Encoder(nn.Module):
    def __init__(self, embedding, hidden, layers, dropout):
        super().__init__()
        self.embed = nn.Embedding(DIGITS, embedding)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(embedding, hidden, layers, batch_first=True)

    def forward(self, source):
        _, state = self.gru(self.dropout(self.embed(source)))
        return state


class Decoder(nn.Module):
    def __init__(self, embedding, hidden, layers, dropout):
        super().__init__()
        self.embed = nn.Embedding(DIGITS + 1, embedding)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(embedding, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, DIGITS)

    def forward(self, tokens, state):
        output, state = self.gru(self.dropout(self.embed(tokens)), state)
        return self.out(output), state


class Seq2Seq(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.encoder = Encoder(**sizes)
        self.decoder = Decoder(**sizes)

    def forward(self, source, target):
        """Logits with the true previous digit as the decoder's input."""
        start = torch.full_like(target[:, :1], START)
        logits, _ = self.decoder(torch.cat([start, target[:, :-1]], dim=1), self.encoder(source))
        return logits

    def greedy(self, source, steps):
        """Logits with the decoder's own previous digit as its input."""
        state = self.encoder(source)
        token = torch.full_like(source[:, :1], START)
        logits = []
        for _ in range(steps):
            step, state = self.decoder(token, state)
            token = step.argmax(-1)
            logits.append(step)
        return torch.cat(logits, dim=1)


here = Path(__file__).resolve().parent
settings = tomllib.loads((here / "settings.toml").read_text())
seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

arrays = np.load(here / "digits.npz")
source, target = (torch.from_numpy(arrays[k].astype(np.int64)) for k in ("source_train", "target_train"))
source_test, target_test = (torch.from_numpy(arrays[k].astype(np.int64)) for k in ("source_test", "target_test"))

model = Seq2Seq(**settings["model"])
optim = settings["optim"]
kinds = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
optimizer = kinds[optim["name"]](model.parameters(), lr=optim["lr"], weight_decay=optim["weight_decay"])
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=optim["gamma"])
criterion = nn.CrossEntropyLoss()

for epoch in range(settings["epochs"]):
    model.train()
    total = 0.0
    for rows in torch.randperm(len(source)).split(settings["batch_size"]):
        src, tgt = source[rows], target[rows]
        if random.random() < settings["teacher_forcing"]:
            logits = model(src, tgt)
        else:
            logits = model.greedy(src, tgt.shape[1])
        loss = criterion(logits.reshape(-1, DIGITS), tgt.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), optim["clip"])
        optimizer.step()
        total += loss.item() * len(rows)
    scheduler.step()
    print(f"epoch {epoch + 1:2d}  loss {total / len(source):.4f}")

model.eval()
with torch.no_grad():
    guess = model.greedy(source_test, target_test.shape[1]).argmax(-1)
print("metric accuracy", (guess == target_test).float().mean().item())
