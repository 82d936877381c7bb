import os
import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

csv_path = Path(__file__).resolve().parents[1] / "data" / "airline-passengers.csv"
with open(csv_path) as f:
    values = np.array([float(row["Passengers"]) for row in csv.DictReader(f)], dtype=np.float32)

n_train = 108
log_values = np.log(values)
mean, std = log_values[:n_train].mean(), log_values[:n_train].std()
series = torch.tensor((log_values - mean) / std)

lookback = 12
X = torch.stack([series[i:i + lookback] for i in range(len(series) - lookback)]).unsqueeze(-1)
y = series[lookback:].unsqueeze(-1)
split = n_train - lookback
X_train, y_train, X_test, y_test = X[:split], y[:split], X[split:], y[split:]


class AirModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=32, batch_first=True)
        self.linear = nn.Linear(32, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x[:, -1, :])


model = AirModel()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
loss_fn = nn.MSELoss()
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X_train, y_train), shuffle=True, batch_size=16)

n_epochs = 100
for epoch in range(n_epochs):
    model.train()
    for X_batch, y_batch in loader:
        y_pred = model(X_batch)
        loss = loss_fn(y_pred, y_batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 20 != 0:
        continue
    model.eval()
    with torch.no_grad():
        train_rmse = loss_fn(model(X_train), y_train).sqrt().item()
        test_rmse = loss_fn(model(X_test), y_test).sqrt().item()
    print("Epoch %d: train RMSE %.4f, test RMSE %.4f" % (epoch, train_rmse, test_rmse))

model.eval()
with torch.no_grad():
    test_rmse = loss_fn(model(X_test), y_test).sqrt().item()
print("metric rmse", round(test_rmse, 4))
