import os

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)


class Sequence(nn.Module):
    def __init__(self, hidden=20):
        super().__init__()
        self.hidden = hidden
        self.lstm1 = nn.LSTMCell(1, hidden)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, input, future=0):
        outputs = []
        h = torch.zeros(input.size(0), self.hidden)
        c = torch.zeros(input.size(0), self.hidden)
        for input_t in input.split(1, dim=1):
            h, c = self.lstm1(input_t, (h, c))
            output = self.linear(h)
            outputs.append(output)
        for _ in range(future):
            h, c = self.lstm1(output, (h, c))
            output = self.linear(h)
            outputs.append(output)
        return torch.cat(outputs, dim=1)


# damped pendulums released at different angles
t = np.arange(60) * 0.35
angle = np.random.uniform(0.5, 1.5, (60, 1)) * np.exp(-0.02 * t) * np.cos(t + np.random.uniform(0, 6, (60, 1)))
data = torch.tensor(angle, dtype=torch.float32)
input, target = data[12:, :-1], data[12:, 1:]
test_input, test_target = data[:12, :-1], data[:12, 1:]

seq = Sequence()
criterion = nn.MSELoss()
optimizer = optim.LBFGS(seq.parameters(), lr=0.8, max_iter=10)

for i in range(9):

    def closure():
        optimizer.zero_grad()
        out = seq(input)
        loss = criterion(out, target)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    print("STEP:", i, "loss:", loss.item())

with torch.no_grad():
    pred = seq(test_input)
    rmse = criterion(pred[:, 10:], test_target[:, 10:]).sqrt().item()
print(f"metric rmse {rmse:.5f}")
