"""A language model of letters. Pages are read in chunks; the state goes on from chunk to chunk within a page."""
import configparser
import math
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
LETTERS = 28


def read_config():
    parser = configparser.ConfigParser()
    parser.read(HERE / "lm.ini")
    return parser["model"], parser["training"]


class CharLM(nn.Module):
    def __init__(self, embed, hidden, layers, dropout):
        super().__init__()
        self.embed = nn.Embedding(LETTERS, embed)
        self.lstm = nn.LSTM(embed, hidden, layers, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.proj = nn.Linear(hidden, LETTERS)

    def forward(self, ids, state=None):
        out, state = self.lstm(self.embed(ids), state)
        return self.proj(self.drop(out)), state


def detach(state):
    return tuple(s.detach() for s in state)


def train_epoch(model, optimizer, pages, batch, chunk, clip, keep):
    model.train()
    total = count = 0
    state = None
    for rows in torch.randperm(len(pages)).split(batch):
        if not keep or state is None or state[0].shape[1] != len(rows):
            state = None
        for start in range(0, pages.shape[1] - 1, chunk):
            stop = min(start + chunk, pages.shape[1] - 1)
            x, y = pages[rows, start:stop], pages[rows, start + 1 : stop + 1]
            logits, state = model(x, state)
            state = detach(state)
            loss = F.cross_entropy(logits.reshape(-1, LETTERS), y.reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total += loss.item()
            count += 1
    return total / count


@torch.no_grad()
def skill(model, pages, train_pages):
    """1 - nll of the model / nll of the letters' frequencies"""
    model.eval()
    logits, _ = model(pages[:, :-1])
    nll = F.cross_entropy(logits.reshape(-1, LETTERS), pages[:, 1:].reshape(-1)).item()
    share = (torch.bincount(train_pages.flatten(), minlength=LETTERS) + 1.0) / (train_pages.numel() + LETTERS)
    base = -share[pages[:, 1:]].log().mean().item()
    return 1 - nll / base if math.isfinite(nll) else float("-inf")


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    net, run = read_config()
    data = np.load(HERE / "text.npz")
    pages = torch.from_numpy(data["pages"].astype(np.int64))
    model = CharLM(16, int(float(net["hidden"])), int(float(net["layers"])), float(net["dropout"]))
    optimizer = torch.optim.Adam(model.parameters(), lr=float(run["lr"]))
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=float(run["gamma"]))
    batch, chunk = max(1, int(float(run["batch"]))), max(1, int(float(run["bptt"])))
    keep = not run.getboolean("reset_state")
    for epoch in range(max(1, int(float(run["epochs"])))):
        loss = train_epoch(model, optimizer, pages, batch, chunk, float(run["clip"]), keep)
        scheduler.step()
        print(f"epoch {epoch} loss {loss:.4f}")
    print("metric skill", round(skill(model, torch.from_numpy(data["pages_test"].astype(np.int64)), pages), 4))


if __name__ == "__main__":
    main()
