"""Robot arm: which of six moves is it making? (three joint angles a step)"""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
MOVES, STEPS = 6, 18
direction = torch.tensor([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [1, 1, -1], [-1, -1, 1]]).float()


def moves(n):
    kind = torch.randint(MOVES, (n,))
    speed = direction[kind].unsqueeze(1) * (0.5 + torch.rand(n, STEPS, 1)) * 0.15
    angles = torch.cumsum(speed + 0.15 * torch.randn(n, STEPS, 3), 1) + torch.randn(n, 1, 3)
    return angles, kind


class MoveClassifier(nn.Module):
    def __init__(self, n_in, hidden, n_classes):
        super().__init__()
        self.n_classes = n_classes
        self.lstm = nn.LSTM(n_in, hidden, num_layers=2, batch_first=True)
        self.act = nn.ReLU()
        self.fc = nn.Linear(2 * hidden, n_classes)

    def forward(self, x):
        out, _ = self.lstm(x)
        features = self.act(torch.cat([out[:, -1], out.mean(1)], dim=1))
        return self.fc(features)


model = MoveClassifier(3, 24, MOVES)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for step in range(1, 251):
    x, y = moves(40)
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step} {loss.item():.4f}")

model.eval()
with torch.no_grad():
    x, y = moves(400)
    print("metric accuracy", (model(x).argmax(1) == y).float().mean().item())
