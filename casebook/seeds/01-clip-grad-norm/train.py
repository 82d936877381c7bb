import os

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(int(os.environ.get("SEED", 0)))


class LSTMModel(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(LSTMModel, self).__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        out, _ = self.lstm(x)
        out = self.fc(out[:, -1, :])
        return out


def get_batch(n, steps=12):
    """Adding problem: the sum of the two marked values."""
    values = torch.rand(n, steps)
    marks = torch.zeros(n, steps)
    half = steps // 2
    first, second = torch.randint(0, half, (n,)), torch.randint(half, steps, (n,))
    marks[torch.arange(n), first] = 1
    marks[torch.arange(n), second] = 1
    return torch.stack([values, marks], 2), (values * marks).sum(1, keepdim=True)


model = LSTMModel(2, 32, 1)
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)

for step in range(600):
    inputs, targets = get_batch(32)
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = criterion(outputs, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    if step % 100 == 0:
        print(f"Step {step}, Loss: {loss.item():.4f}")

inputs, targets = get_batch(500)
with torch.no_grad():
    print("metric mse", criterion(model(inputs), targets).item())
