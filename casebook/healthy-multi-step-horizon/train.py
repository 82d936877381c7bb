import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

LOOKBACK, HORIZON = 24, 12
passengers = np.log(pd.read_csv(Path(__file__).parent.parent / "data" / "airline-passengers.csv")["Passengers"].to_numpy(float))
season = np.diff(passengers)
mean, std = season[:96].mean(), season[:96].std()
z = torch.tensor((season - mean) / std, dtype=torch.float32)

starts = range(len(z) - LOOKBACK - HORIZON + 1)
x = torch.stack([z[s : s + LOOKBACK] for s in starts]).unsqueeze(-1)
y = torch.stack([z[s + LOOKBACK : s + LOOKBACK + HORIZON] for s in starts])
n_train = 96 - LOOKBACK - HORIZON + 1
test = slice(96 - LOOKBACK, None)


class YearAhead(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 32, batch_first=True)
        self.fc = nn.Linear(32, HORIZON)

    def forward(self, x):
        return self.fc(self.rnn(x)[1][0])


model = YearAhead()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(220):
    loss = nn.functional.mse_loss(model(x[:n_train]), y[:n_train])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 40 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    r2 = 1 - nn.functional.mse_loss(model(x[test]), y[test]) / y[test].var()
print("metric r2", r2.item())
