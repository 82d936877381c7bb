import csv
import os
from collections import defaultdict
from pathlib import Path

import torch
from torch import nn


class Trainer:
    def __init__(self, model, lr=0.002, batch_size=6):
        self.model = model
        self.batch_size = batch_size
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer, patience=2)
        self.loss = nn.CrossEntropyLoss()

    def fit(self, x, y, x_val, y_val, epochs):
        for epoch in range(1, epochs + 1):
            self.model.train()
            mean = 0.0
            for index in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = self.loss(self.model(x[index]), y[index])
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                self.scheduler.step(loss.item())
                mean += loss.item() * len(index) / len(x)
            val_loss, val_acc = self.evaluate(x_val, y_val)
            print(f"{epoch:3d} train {mean:.4f} val {val_loss:.4f} acc {val_acc:.3f}")
        return val_acc

    @torch.no_grad()
    def evaluate(self, x, y):
        self.model.eval()
        logits = self.model(x)
        return self.loss(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


class VowelGRU(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.head(out[:, -1])


def read(split, length=14):
    table, label = defaultdict(list), {}
    with open(Path(__file__).resolve().parents[1] / "data" / "vowels-four.csv") as f:
        for row in csv.DictReader(f):
            if row["split"] == split:
                table[row["series"]].append([float(row[f"x{i}"]) for i in range(8)])
                label[row["series"]] = "1368".index(row["label"])
    xs = []
    for key in table:
        frames = torch.tensor(table[key])
        where = torch.linspace(0, len(frames) - 1, length).round().long()
        xs.append(frames[where])
    return torch.stack(xs), torch.tensor([label[key] for key in table])


if __name__ == "__main__":
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    x, y = read("train")
    x_val, y_val = read("test")
    mean, std = x.mean((0, 1)), x.std((0, 1))
    trainer = Trainer(VowelGRU(8, 24, 4))
    accuracy = trainer.fit((x - mean) / std, y, (x_val - mean) / std, y_val, epochs=20)
    print("metric accuracy", round(accuracy, 4))
