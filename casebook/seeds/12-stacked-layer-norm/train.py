import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class StackedLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers, output_size):
        super().__init__()
        self.layers = nn.ModuleList()
        self.norms = nn.ModuleList()
        for i in range(num_layers):
            self.layers.append(nn.LSTM(input_size if i == 0 else hidden_size, hidden_size, batch_first=True))
            self.norms.append(nn.LayerNorm(hidden_size))
        self.fc = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        for lstm, norm in zip(self.layers, self.norms):
            x, _ = lstm(x)
            x = norm(x)
        return self.fc(x)


def brackets(n, steps=24):
    """Depth of nesting after each bracket, up to 5; closing at depth 0 is ignored."""
    opening = torch.rand(n, steps) < 0.5
    depth = torch.zeros(n, dtype=torch.long)
    depths = []
    for t in range(steps):
        depth = torch.where(opening[:, t], (depth + 1).clamp(max=5), (depth - 1).clamp(min=0))
        depths.append(depth)
    return nn.functional.one_hot(opening.long(), 2).float(), torch.stack(depths, 1)


model = StackedLSTM(2, 32, 3, 6)
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
criterion = nn.CrossEntropyLoss()
for step in range(250):
    x, y = brackets(24)
    loss = criterion(model(x).reshape(-1, 6), y.reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())

x, y = brackets(200)
with torch.no_grad():
    print("metric accuracy", (model(x).argmax(-1) == y).float().mean().item())
