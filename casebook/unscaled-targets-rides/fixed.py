import os
import math
import random

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)


def daily_rides(n_days):
    """Rides a day of a bike-share scheme, with weather in [-1, 1]."""
    rides, weather = [], []
    w = 0.0
    for day in range(n_days):
        w = 0.7 * w + random.gauss(0, 0.4)
        season = math.sin(2 * math.pi * day / 365.0)
        weekend = 1.0 if day % 7 >= 5 else 0.0
        rides.append(4600 + 900 * season + 1100 * math.tanh(w) - 800 * weekend + random.gauss(0, 150))
        weather.append([math.tanh(w), weekend, season])
    return torch.tensor(weather), torch.tensor(rides)


x, y = daily_rides(1100)
seq_len = 7
windows = x.unfold(0, seq_len, 1).transpose(1, 2)
targets = y[seq_len - 1:]
train_x, train_y = windows[:900], targets[:900]
test_x, test_y = windows[900:], targets[900:]
mean, std = train_y.mean(), train_y.std()
train_y = (train_y - mean) / std

rnn = nn.GRU(input_size=3, hidden_size=32, batch_first=True)
fc = nn.Linear(32, 1)
params = list(rnn.parameters()) + list(fc.parameters())
optimizer = torch.optim.Adam(params, lr=0.001)
loss_function = nn.MSELoss()

iteration = 0
for epoch in range(25):
    for start in range(0, 900, 30):
        xb, yb = train_x[start:start + 30], train_y[start:start + 30]
        optimizer.zero_grad()
        _, hidden = rnn(xb)
        output = fc(hidden[0]).squeeze(1)
        loss = loss_function(output, yb)
        loss.backward()
        optimizer.step()
        iteration += 1
        if iteration % 150 == 0:
            print("iteration", iteration, "loss", loss.item())

with torch.no_grad():
    output = fc(rnn(test_x)[1][0]).squeeze(1) * std + mean
    mae = (output - test_y).abs().mean().item()
print("metric mae_rides", mae)
