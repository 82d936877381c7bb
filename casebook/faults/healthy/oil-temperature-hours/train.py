import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

here = Path(__file__).resolve().parent
settings = json.loads((here / "settings.json").read_text())
torch.manual_seed(int(os.environ.get("SEED", 0)))

# hourly values of a transformer: oil temperature, load, outdoor temperature (standardised on the first 1100 hours)
series = torch.tensor(np.load(here / "transformer.npz")["series"])
window, horizon = settings["window"], settings["horizon"]


def cut(part):
    starts = range(len(part) - window - horizon + 1)
    x = torch.stack([part[s : s + window] for s in starts])
    y = torch.stack([part[s + window + horizon - 1, 0] for s in starts])
    return x, y


x_train, y_train = cut(series[: settings["train_hours"]])
x_test, y_test = cut(series[settings["train_hours"] :])


class OilTemperature(nn.Module):
    def __init__(self, features, hidden, layers, dropout):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        output, _ = self.lstm(x)
        return self.head(self.dropout(output[:, -1])).squeeze(-1)


model = OilTemperature(series.shape[1], settings["hidden"], settings["layers"], settings["dropout"])
kinds = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
optimizer = kinds[settings["optimizer"]](
    model.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"]
)
criterion = nn.MSELoss()

for epoch in range(settings["epochs"]):
    model.train()
    total = 0.0
    for batch in torch.randperm(len(x_train)).split(settings["batch_size"]):
        optimizer.zero_grad()
        loss = criterion(model(x_train[batch]), y_train[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings["clip"])
        optimizer.step()
        total += loss.item() * len(batch)
    print(f"epoch {epoch + 1}: loss {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    error = criterion(model(x_test), y_test)
print("metric r2", 1 - (error / y_test.var(unbiased=False)).item())
