import os
from pathlib import Path

import pandas as pd
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.norm = nn.LayerNorm(1)
        self.rnn = nn.LSTM(1, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        x = self.norm(x)
        out, _ = self.rnn(x)
        return self.out(out[:, -1])


class Trainer:
    def __init__(self, model, x, y, batch_size=64, lr=3e-3):
        self.model, self.x, self.y, self.batch_size = model, x, y, batch_size
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.MSELoss()

    def one_epoch(self):
        self.model.train()
        total = 0.0
        for rows in torch.randperm(len(self.x)).split(self.batch_size):
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(self.x[rows]), self.y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(self.x)

    def run(self, epochs):
        for epoch in range(epochs):
            print(f"epoch {epoch}: {self.one_epoch():.4f}")


if __name__ == "__main__":
    file = Path(__file__).parent.parent / "data" / "daily-min-temperatures.csv"
    series = torch.tensor(pd.read_csv(file)["Temp"].to_numpy(dtype="float32"))
    series = (series - series[:2900].mean()) / series[:2900].std()
    x = series.unfold(0, 12, 1)[:-1].unsqueeze(-1)
    y = series[12:].unsqueeze(-1)
    trainer = Trainer(Forecaster(), x[:2900], y[:2900])
    trainer.run(9)
    trainer.model.eval()
    with torch.no_grad():
        mse = trainer.criterion(trainer.model(x[2900:]), y[2900:]).item()
    print("metric mse", mse)
