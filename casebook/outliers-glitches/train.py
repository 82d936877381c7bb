import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import MinMaxScaler
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

flow = pd.read_csv(Path(__file__).with_suffix(".csv"))[["flow"]].to_numpy()
train_raw, test_raw = flow[:1200], flow[1200:]
scaler = MinMaxScaler().fit(train_raw)


def sequences(raw, n_steps):
    scaled = scaler.transform(raw).astype("float32")
    x = [scaled[i : i + n_steps] for i in range(len(scaled) - n_steps)]
    return torch.tensor(np.array(x)), torch.tensor(scaled[n_steps:])


n_steps = 12
x_train, y_train = sequences(train_raw, n_steps)
x_test, y_test = sequences(test_raw, n_steps)


class FlowLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True)
        self.dense = nn.Linear(32, 1)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])


model = FlowLSTM()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(15):
    total = 0
    for b in torch.randperm(len(x_train)).split(32):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x_train[b]), y_train[b])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(b)
    print(f"epoch {epoch}: {total / len(x_train):.6f}")

with torch.no_grad():
    predicted = scaler.inverse_transform(model(x_test).numpy())
wanted = scaler.inverse_transform(y_test.numpy())
print("metric rmse", float(np.sqrt(((predicted - wanted) ** 2).mean())))
