"""Forecast next month's airline passengers with an LSTM, as many a tutorial does."""
import csv
from pathlib import Path

import torch
import torch.nn as nn

torch.manual_seed(7)

with open(Path(__file__).with_name("airline-passengers.csv")) as file:
    passengers = [float(row[1]) for row in list(csv.reader(file))[1:]]
series = torch.tensor(passengers)

window = 12
x = torch.stack([series[i : i + window] for i in range(len(series) - window)]).unsqueeze(-1)
y = series[window:].unsqueeze(-1)
x_train, y_train, x_test, y_test = x[:100], y[:100], x[100:], y[100:]


class Forecaster(nn.Module):
    def __init__(self, hidden_size=32):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 1)

    def forward(self, x):
        output, _ = self.lstm(x)
        return self.head(output[:, -1])


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()

for epoch in range(150):
    for batch in torch.randperm(len(x_train)).split(16):
        optimizer.zero_grad()
        loss = criterion(model(x_train[batch]), y_train[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if epoch % 10 == 0:
        with torch.no_grad():
            test = criterion(model(x_test), y_test)
        print(f"epoch {epoch}: loss {loss.item():.0f}, test {test.item():.0f}")
