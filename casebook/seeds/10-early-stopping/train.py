import copy
import os
from pathlib import Path

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


class EarlyStopping:
    def __init__(self, patience=4, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_weights, self.counter = float("inf"), None, 0

    def __call__(self, val_loss, model):
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.counter = val_loss, 0
            self.best_weights = copy.deepcopy(model.state_dict())
        else:
            self.counter += 1
        return self.counter >= self.patience


temps = pd.read_csv(Path(__file__).parents[2] / "data" / "daily-min-temperatures.csv")["Temp"].to_numpy("float32")
temps = torch.tensor((temps - temps[:2400].mean()) / temps[:2400].std())
x, y = temps.unfold(0, 14, 1)[:-1].unsqueeze(-1), temps[14:].unsqueeze(-1)
train_set, val_set, test_set = (TensorDataset(x[a:b], y[a:b]) for a, b in ((0, 2400), (2400, 3000), (3000, len(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)

    def forward(self, x):
        return self.fc(self.gru(x)[0][:, -1])


def evaluate(model, dataset):
    model.eval()
    with torch.no_grad():
        x, y = dataset.tensors
        return nn.functional.mse_loss(model(x), y).item()


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
early_stopping = EarlyStopping()
for epoch in range(30):
    model.train()
    for xb, yb in DataLoader(train_set, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(xb), yb).backward()
        optimizer.step()
    val_loss = evaluate(model, val_set)
    print(f"epoch {epoch}: val loss {val_loss:.4f}")
    if early_stopping(val_loss, model):
        print("Early stopping")
        break

model.load_state_dict(early_stopping.best_weights)
print("metric mse", evaluate(model, test_set))
