"""How much did they like it? A score in [-1, 1] from the words of a short review."""
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

HERE = Path(__file__).resolve().parent


class ScoreNet(nn.Module):
    def __init__(self, embed, hidden, layers, dropout):
        super().__init__()
        self.embed = nn.Embedding(60, embed, padding_idx=0)
        self.lstm = nn.LSTM(embed, hidden, layers, batch_first=True)
        self.fc = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, words, count):
        packed = pack_padded_sequence(self.embed(words), count, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(h[-1]))[:, 0]


class ScoreRegressor:
    def __init__(self, config):
        n, o = config["net"], config["optim"]
        self.net = ScoreNet(int(n["embed"]), int(n["hidden"]), int(n["layers"]), n["dropout"])
        choose = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}.get(o["optimizer"])
        if choose is None:
            self.optimizer = torch.optim.SGD(self.net.parameters(), lr=o["lr"], momentum=0.9, weight_decay=o["weight_decay"])
        else:
            self.optimizer = choose(self.net.parameters(), lr=o["lr"], weight_decay=o["weight_decay"])
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, o["gamma"])
        self.clip = o["clip"]
        self.batch_size = max(1, int(config["batch_size"]))
        self.epochs = max(1, int(config["epochs"]))

    def fit(self, words, count, score):
        for epoch in range(self.epochs):
            self.net.train()
            total = 0.0
            for i in torch.randperm(len(words)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = nn.functional.mse_loss(self.net(words[i], count[i]), score[i])
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
                self.optimizer.step()
                total += loss.item() * len(i)
            self.scheduler.step()
            print(f"epoch {epoch}  mse {total / len(words):.4f}")

    @torch.no_grad()
    def score(self, words, count, score):
        self.net.eval()
        error = (self.net(words, count) - score).square().sum()
        return (1 - error / (score - score.mean()).square().sum()).item()


def tensors(data, end=""):
    words = torch.from_numpy(data["words" + end].astype(np.int64))
    count = torch.from_numpy(data["count" + end].astype(np.int64)).clamp(1, words.shape[1])
    return words, count, torch.from_numpy(data["score" + end].astype(np.float32))


if __name__ == "__main__":
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    data = np.load(HERE / "reviews.npz")
    regressor = ScoreRegressor(json.loads((HERE / "config.json").read_text()))
    regressor.fit(*tensors(data))
    print(f"metric r2 {regressor.score(*tensors(data, '_test')):.4f}")
