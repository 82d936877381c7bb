import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

prices = pd.read_csv(Path(__file__).with_suffix(".csv"))["close"]
returns = np.log(prices).diff().dropna().to_numpy()
returns = (returns / returns[:1100].std()).astype("float32")

window = 15
X = torch.tensor(np.array([returns[i:i + window] for i in range(len(returns) - window)])).unsqueeze(2)
y = torch.tensor(returns[window:]).unsqueeze(1)
X_train, y_train, X_test, y_test = X[:1100], y[:1100], X[1100:], y[1100:]


class LSTMModel(nn.Module):
    def __init__(self, input_dim=1, hidden_dim=16, num_layers=1, output_dim=1):
        super().__init__()
        self.lstm = nn.LSTM(input_dim, hidden_dim, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        out, (hn, cn) = self.lstm(x)
        return self.fc(out[:, -1, :])


model = LSTMModel()
criterion = nn.MSELoss()
optimiser = torch.optim.Adam(model.parameters(), lr=0.003)
for t in range(15):
    for b in torch.randperm(len(X_train)).split(32):
        loss = criterion(model(X_train[b]), y_train[b])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        print("Epoch", t, "train", criterion(model(X_train), y_train).item())

with torch.no_grad():
    r2 = 1 - criterion(model(X_test), y_test) / y_test.var()
print("metric r2", r2.item())
