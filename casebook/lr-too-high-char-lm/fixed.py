import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


@dataclass
class Config:
    lr: float
    hidden: int
    layers: int
    batch_size: int
    steps: int

    @classmethod
    def load(cls):
        return cls(**json.loads(Path(__file__).with_suffix(".json").read_text()))


class CharLM(nn.Module):
    def __init__(self, vocab, cfg):
        super().__init__()
        self.emb = nn.Embedding(vocab, 24)
        self.rnn = nn.RNN(24, cfg.hidden, cfg.layers, batch_first=True)
        self.next_char = nn.Linear(cfg.hidden, vocab)

    def forward(self, tokens):
        h, _ = self.rnn(self.emb(tokens))
        return self.next_char(h)

    def loss(self, lines):
        logits = self(lines[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), lines[:, 1:].flatten(), ignore_index=0)


def read_names(length=14):
    with open(Path(__file__).resolve().parents[1] / "data" / "names-six.csv", encoding="utf8") as f:
        names = [row["name"].lower()[:length - 2] for row in csv.DictReader(f)]
    index = {c: i + 2 for i, c in enumerate(sorted(set("".join(names))))}
    lines = torch.zeros(len(names), length, dtype=torch.long)
    for i, name in enumerate(names):
        ids = [1] + [index[c] for c in name] + [1]
        lines[i, :len(ids)] = torch.tensor(ids)
    return lines, len(index) + 2


def main():
    cfg = Config.load()
    torch.manual_seed(int(os.environ.get("SEED", "0")))
    lines, vocab = read_names()
    lines = lines[torch.randperm(len(lines))]
    held_back, lines = lines[:250], lines[250:]
    model = CharLM(vocab, cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        opt.zero_grad()
        loss = model.loss(lines[torch.randint(0, len(lines), (cfg.batch_size,))])
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"step={step} loss={loss.item():.4f}")
    with torch.no_grad():
        print(f"metric nats_per_char {model.loss(held_back).item():.4f}")


if __name__ == "__main__":
    main()
