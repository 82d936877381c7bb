import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))

df = pd.read_csv(Path(__file__).parents[2] / "data" / "beijing-spring-2013.csv").interpolate(limit_direction="both")
X = df[["DEWP", "PRES", "TEMP"]].values[:-1]
y = df[["TEMP"]].values[1:]
X_train, X_test = X[:1600], X[1600:]
y_train, y_test = y[:1600], y[1600:]

scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
y_train = scaler.fit_transform(y_train)


def scale_features(values):
    return (values - scaler.mean_) / scaler.scale_


X_test = scale_features(X_test)

SEQ = 8


def windows(features, target=None):
    x = torch.tensor(np.stack([features[i:i + SEQ] for i in range(len(features) - SEQ + 1)]), dtype=torch.float32)
    return x if target is None else (x, torch.tensor(target[SEQ - 1:], dtype=torch.float32))


x_tr, y_tr = windows(X_train, y_train)
x_te = windows(X_test)

model = nn.ModuleList([nn.LSTM(3, 32, batch_first=True), nn.Linear(32, 1)])
lstm, linear = model
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    for idx in torch.randperm(len(x_tr)).split(32):
        optimizer.zero_grad()
        out, _ = lstm(x_tr[idx])
        loss = nn.functional.mse_loss(linear(out[:, -1]), y_tr[idx])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1} loss {loss.item():.4f}")

with torch.no_grad():
    predictions = linear(lstm(x_te)[0][:, -1]).numpy()
predictions = scaler.inverse_transform(predictions)
rmse = np.sqrt(((predictions - y_test[SEQ - 1:]) ** 2).mean())
print("metric rmse", rmse)
