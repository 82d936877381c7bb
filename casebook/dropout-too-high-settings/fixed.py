import json
import os
from pathlib import Path

import pandas as pd
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

config = json.loads("""
{"hidden": 24, "layers": 2, "dropout": 0.1, "lr": 0.005, "epochs": 10, "batch": 16}
""")

frame = pd.read_csv(Path(__file__).parent.parent / "data" / "vowels-four.csv")
columns = [c for c in frame if c.startswith("x")]
labels = {s: i for i, s in enumerate(sorted(frame["label"].unique()))}


def load(split):
    groups = [g for _, g in frame[frame["split"] == split].groupby("series")]
    x = nn.utils.rnn.pad_sequence([torch.tensor(g[columns].to_numpy(), dtype=torch.float32).flip(0) for g in groups], batch_first=True)
    return x.flip(1), torch.tensor([labels[g["label"].iloc[0]] for g in groups])


class SpeakerNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.gru = nn.GRU(len(columns), cfg["hidden"], cfg["layers"], batch_first=True, dropout=cfg["dropout"])
        self.drop = nn.Dropout(cfg["dropout"])
        self.fc = nn.Linear(cfg["hidden"], len(labels))

    def forward(self, x):
        out, _ = self.gru(self.drop(x))
        return self.fc(self.drop(out[:, -1]))


x_train, y_train = load("train")
x_test, y_test = load("test")
net = SpeakerNet(config)
optimizer = torch.optim.Adam(net.parameters(), lr=config["lr"])
for epoch in range(config["epochs"]):
    net.train()
    total = 0.0
    for rows in torch.randperm(len(x_train)).split(config["batch"]):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    print(f"epoch {epoch}: {total / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    print("metric accuracy", (net(x_test).argmax(1) == y_test).float().mean().item())
