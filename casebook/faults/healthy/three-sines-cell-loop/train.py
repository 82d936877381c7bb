import configparser
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

here = Path(__file__).resolve().parent
cfg = configparser.ConfigParser()
cfg.read(here / "settings.ini")
net, training = cfg["net"], cfg["training"]

torch.manual_seed(int(os.environ.get("SEED", 0)))
waves = np.load(here / "waves.npz")
x_train, y_train, x_test, y_test = (torch.from_numpy(waves[k]) for k in ("x_train", "y_train", "x_test", "y_test"))


class CellStack(nn.Module):
    """Reads a sum of three sines step by step and says where it will be four steps later."""

    def __init__(self, hidden, layers, dropout):
        super().__init__()
        self.hidden = hidden
        self.cells = nn.ModuleList(nn.LSTMCell(1 if i == 0 else hidden, hidden) for i in range(layers))
        self.drop = nn.Dropout(dropout)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, x):
        states = [(x.new_zeros(len(x), self.hidden), x.new_zeros(len(x), self.hidden)) for _ in self.cells]
        for t in range(x.shape[1]):
            signal = x[:, t]
            for i, cell in enumerate(self.cells):
                states[i] = cell(signal, states[i])
                signal = states[i][0]
        return self.readout(self.drop(signal)).squeeze(1)


model = CellStack(net.getint("hidden"), net.getint("layers"), net.getfloat("dropout"))
lr, decay, momentum = (training.getfloat(k) for k in ("base_lr", "weight_decay", "momentum"))
kind = training["optimizer"]
if kind == "sgd":
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=decay)
elif kind == "rmsprop":
    opt = torch.optim.RMSprop(model.parameters(), lr=lr, momentum=momentum, weight_decay=decay)
elif kind == "adamw":
    opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay)
else:
    opt = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=decay)

batch_size = training.getint("batch")
for epoch in range(training.getint("epochs")):
    order = torch.randperm(len(x_train))
    total = 0.0
    model.train()
    for i in range(0, len(order), batch_size):
        b = order[i : i + batch_size]
        loss = F.mse_loss(model(x_train[b]), y_train[b])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), training.getfloat("clip"))
        opt.step()
        total += loss.item() * len(b)
    print("epoch", epoch, "loss", round(total / len(order), 4))

model.eval()
with torch.no_grad():
    mse = F.mse_loss(model(x_test), y_test).item()
print("metric r2", 1 - mse / y_test.var(unbiased=False).item())
