"""Find the failing pumps, one in ten, from three sensors."""
import configparser
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent


@dataclass
class Settings:
    hidden: int
    layers: int
    dropout: float
    lr: float
    batch_size: int
    epochs: int
    clip: float
    optimizer: str
    class_weights: bool

    @classmethod
    def read(cls, path):
        p = configparser.ConfigParser()
        p.read(path)
        net, fit = p["network"], p["fit"]
        whole = lambda s: max(1, int(float(s)))
        return cls(
            whole(net["hidden"]), whole(net["layers"]), float(net["dropout"]), float(fit["lr"]), whole(fit["batch_size"]),
            whole(fit["epochs"]), float(fit["clip"]), fit["optimizer"], fit.getboolean("class_weights"),
        )


class FaultDetector(nn.Module):
    def __init__(self, sensors, s):
        super().__init__()
        self.gru = nn.GRU(sensors, s.hidden, num_layers=s.layers, batch_first=True)
        self.dropout = nn.Dropout(s.dropout)
        self.linear = nn.Linear(s.hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.linear(self.dropout(h[-1])).squeeze(1)


class Trainer:
    def __init__(self, model, settings, signals, fault):
        self.model, self.settings, self.signals, self.fault = model, settings, signals, fault
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
        self.optimizer = kind[settings.optimizer](model.parameters(), lr=settings.lr)
        positives = fault.sum().clamp(min=1)
        weight = (len(fault) - positives) / positives if settings.class_weights else None
        self.loss_fn = nn.BCEWithLogitsLoss(pos_weight=weight)

    def run(self):
        for epoch in range(self.settings.epochs):
            self.model.train()
            total = 0.0
            batches = torch.randperm(len(self.signals)).split(self.settings.batch_size)
            for index in batches:
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(self.signals[index]), self.fault[index])
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
                self.optimizer.step()
                total += loss.item()
            if epoch % 4 == 3:
                print(f"epoch {epoch + 1} loss {total / len(batches):.4f}")


@torch.no_grad()
def balanced_accuracy(model, signals, fault):
    model.eval()
    alarm = model(signals) > 0
    return ((alarm[fault == 1]).float().mean() + (~alarm[fault == 0]).float().mean()).item() / 2


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    settings = Settings.read(ROOT / "settings.ini")
    d = {k: torch.from_numpy(v.astype(np.float32)) for k, v in np.load(ROOT / "sensors.npz").items()}
    model = FaultDetector(d["signals"].shape[2], settings)
    Trainer(model, settings, d["signals"], d["fault"]).run()
    print(f"metric balanced_accuracy {balanced_accuracy(model, d['signals_test'], d['fault_test']):.4f}")


if __name__ == "__main__":
    main()
