import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# a slow and a fast tone with random phases, a little noise on top
t = torch.arange(60).float()
phase = torch.rand(700, 2) * 6.283
series = torch.sin(0.21 * t + phase[:, :1]) + 0.5 * torch.sin(0.9 * t + phase[:, 1:])
series = series + 0.05 * torch.randn_like(series)
x = series[:, :40].unsqueeze(-1)
y = series[:, 42].unsqueeze(-1)
x_train, y_train, x_test, y_test = x[:500], y[:500], x[500:], y[500:]


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


model = Forecaster()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)

for epoch in range(20):
    order = torch.randperm(len(x_train))
    total = 0.0
    for i in range(0, len(order), 30):
        idx = order[i : i + 30]
        pred = model(x_train[idx])
        loss = criterion(pred, y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1:2d}  loss {total / len(order):.4f}")

with torch.no_grad():
    rmse = criterion(model(x_test), y_test).sqrt().item()
print(f"metric rmse {rmse:.4f}")
