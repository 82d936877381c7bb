import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

STEPS = 12
FEATURES = ["vibration", "temperature", "pressure"]

df = pd.read_csv(Path(__file__).with_suffix(".csv"))


def make_windows(frame):
    x = frame[FEATURES].to_numpy(dtype=np.float32)
    y = frame["wear"].to_numpy(dtype=np.float32)
    xs = np.stack([x[i - STEPS + 1 : i + 1] for i in range(STEPS - 1, len(frame))])
    return torch.from_numpy(xs), torch.from_numpy(y[STEPS - 1 :])[:, None]


cut = int(len(df) * 0.8)
x_train, y_train = make_windows(df.iloc[:cut])
x_test, y_test = make_windows(df.iloc[cut:])
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True)


class WearModel(nn.Module):
    def __init__(self, n_features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.out(h[:, -1])


model = WearModel(len(FEATURES), 32)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()

for epoch in range(15):
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch + 1}: loss {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    pred = model(x_test)
r2 = 1 - ((pred - y_test) ** 2).sum() / ((y_test - y_test.mean()) ** 2).sum()
print(f"metric r2 {r2.item():.4f}")
