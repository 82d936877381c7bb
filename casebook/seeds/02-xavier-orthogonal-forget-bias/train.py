import os
from pathlib import Path

import pandas as pd
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

temps = pd.read_csv(Path(__file__).parents[2] / "data" / "daily-min-temperatures.csv")["Temp"].values
temps = torch.tensor((temps - temps[:2800].mean()) / temps[:2800].std(), dtype=torch.float32)


class LSTM(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.lstm = nn.LSTM(input_dim, hidden_dim, batch_first=True)
        self.linear = nn.Linear(hidden_dim, output_dim)
        self.init_weights()

    def init_weights(self):
        for name, param in self.lstm.named_parameters():
            if "weight_ih" in name:
                nn.init.xavier_uniform_(param.data)
            elif "weight_hh" in name:
                nn.init.orthogonal_(param.data)
            elif "bias" in name:
                param.data.fill_(0)
                if "bias_ih" in name:
                    param.data[self.hidden_dim : 2 * self.hidden_dim].fill_(1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.linear(h[:, -1])


window = 30
x = temps.unfold(0, window, 1)[:-1].unsqueeze(-1)
y = temps[window:].unsqueeze(-1)
x_train, y_train, x_test, y_test = x[:2770], y[:2770], x[2770:], y[2770:]

model = LSTM(1, 24, 1)
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    for batch in torch.randperm(len(x_train)).split(64):
        loss = loss_fn(model(x_train[batch]), y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("Epoch: %d, loss: %1.5f" % (epoch, loss.item()))

with torch.no_grad():
    print("metric mse", loss_fn(model(x_test), y_test).item())
