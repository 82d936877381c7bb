import csv
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

np.random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

path = Path(__file__).resolve().parents[1] / "data" / "beijing-spring-2013.csv"
with open(path) as f:
    raw = np.array([[float(r["TEMP"]), float(r["DEWP"]), float(r["PRES"]), float(r["hour"])] for r in csv.DictReader(f)])
hour = 2 * np.pi * raw[:, 3] / 24
features = np.column_stack([raw[:, :3], np.sin(hour), np.cos(hour)]).astype("float32")
n_train, past, ahead = 1500, 12, 6
mean, std = features[:n_train].mean(0), features[:n_train].std(0)
features = (features - mean) / std
X = torch.tensor(np.stack([features[i - past:i] for i in range(past, len(features) - ahead)]))
Y = torch.tensor(features[past + ahead - 1:-1, 0] - features[past - 1:-ahead - 1, 0]).unsqueeze(1)
train_X, train_Y = X[:n_train - past - ahead], Y[:n_train - past - ahead]
test_X, test_Y = X[n_train:], Y[n_train:]


class Model(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.gru = nn.GRU(n_features, 32, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
        nn.init.constant_(self.mlp[0].bias, 0.0)

    def forward(self, x):
        _, h = self.gru(x)
        return self.mlp(h[-1])


model = Model(X.shape[-1])
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    batch_losses = []
    for index in torch.randperm(len(train_X)).split(32):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(train_X[index]), train_Y[index])
        loss.backward()
        optimizer.step()
        batch_losses.append(loss.item())
    print(f"epoch {epoch + 1} mse {np.mean(batch_losses):.4f}")

with torch.no_grad():
    skill = 1 - nn.functional.mse_loss(model(test_X), test_Y) / nn.functional.mse_loss(train_Y.mean().expand_as(test_Y), test_Y)
print(f"metric skill {skill.item():.4f}")
