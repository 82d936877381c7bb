import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import r2_score

np.random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

df = pd.read_csv(Path(__file__).with_suffix(".csv"))
df["growth"] = df["sales"].pct_change().fillna(0)
df["level"] = df["sales"] / df["sales"].iloc[:700].mean() - 1
for d in range(7):
    df[f"dow_{d}"] = (df["day"] % 7 == d).astype(float)
feature_cols = ["growth", "level"] + [f"dow_{d}" for d in range(7)]

lookback = 14
X, y = [], []
for i in range(len(df) - lookback):
    X.append(df[feature_cols].values[i : i + lookback])
    y.append(df["level"].values[i + lookback])
X = torch.tensor(np.array(X), dtype=torch.float32)
y = torch.tensor(np.array(y), dtype=torch.float32)
X_train, y_train, X_test, y_test = X[:700], y[:700], X[700:], y[700:]


class SalesGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(len(feature_cols), 24, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(24, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(self.dropout(out[:, -1, :]))[:, 0]


model = SalesGRU()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(25):
    model.train()
    idx = np.random.permutation(len(X_train))
    for b in np.array_split(idx, 22):
        optimizer.zero_grad()
        loss = nn.functional.smooth_l1_loss(model(X_train[b]), y_train[b])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if (epoch + 1) % 5 == 0:
        print(f"Epoch {epoch + 1}: {loss.item():.5f}")

model.eval()
with torch.no_grad():
    pred = model(X_test).nan_to_num().numpy()
print("metric r2", round(r2_score(y_test.numpy(), pred), 4))
