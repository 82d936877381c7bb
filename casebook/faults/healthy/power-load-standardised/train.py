"""Next hour's power load from a day of load, temperature and workday flag."""

import os
from configparser import ConfigParser
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parent


class Hours(Dataset):
    def __init__(self, values, window):
        self.values, self.window = values, window

    def __len__(self):
        return len(self.values) - self.window

    def __getitem__(self, i):
        return self.values[i : i + self.window], self.values[i + self.window, 0]


class LoadNet(nn.Module):
    def __init__(self, n_features, section):
        super().__init__()
        hidden = section.getint("hidden")
        self.lstm = nn.LSTM(n_features, hidden, section.getint("layers"), batch_first=True)
        self.dropout = nn.Dropout(section.getfloat("dropout"))
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.linear(self.dropout(out[:, -1])).squeeze(-1)


def main():
    config = ConfigParser()
    config.read(ROOT / "config.ini")
    data, optim = config["data"], config["optim"]
    torch.manual_seed(int(os.environ.get("SEED", 0)))

    series = np.load(ROOT / "load.npz")["series"]  # MW, degrees, 0 or 1
    n_train = data.getint("train_hours")
    mean, std = series[:n_train].mean(axis=0), series[:n_train].std(axis=0) + 1e-8
    dtype = getattr(torch, config["model"]["dtype"])
    scaled = torch.tensor((series - mean) / std).to(dtype)

    window = data.getint("window")
    train_set, test_set = Hours(scaled[:n_train], window), Hours(scaled[n_train:], window)
    train_loader = DataLoader(train_set, data.getint("batch_size"), shuffle=data.getboolean("shuffle"))
    test_loader = DataLoader(test_set, 256)

    model = LoadNet(series.shape[1], config["model"]).to(dtype)
    optimizers = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop,
    }
    optimizer = optimizers[optim["name"]](
        model.parameters(), lr=optim.getfloat("lr"), weight_decay=optim.getfloat("weight_decay")
    )
    loss_fn = nn.MSELoss()

    for epoch in range(optim.getint("epochs")):
        model.train()
        seen = total = 0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), optim.getfloat("clip"))
            optimizer.step()
            total += loss.item() * len(y)
            seen += len(y)
        print(f"epoch {epoch + 1}: {total / seen:.4f}")

    model.eval()
    forecast, actual = [], []
    with torch.no_grad():
        for x, y in test_loader:
            forecast.append(model(x).float() * std[0] + mean[0])
            actual.append(y.float() * std[0] + mean[0])
    forecast, actual = torch.cat(forecast), torch.cat(actual)
    print(f"mean absolute error {(forecast - actual).abs().mean():.1f} MW")
    print("metric r2", 1 - ((forecast - actual).square().mean() / actual.var(unbiased=False)).item())


if __name__ == "__main__":
    main()
