import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def windows(n, share=0.04, steps=16):
    """Vibration windows of motors; a faulty bearing adds a faint regular knock."""
    fault = (torch.rand(n) < share).float()
    x = torch.randn(n, steps, 1)
    knock = (torch.arange(steps) % 4 == 0).float()
    return x + 0.95 * fault[:, None, None] * knock[None, :, None], fault


train_x, train_y = windows(2400)
test_x, test_y = windows(1500)
loader = DataLoader(TensorDataset(train_x, train_y), batch_size=64, shuffle=True)


class FaultDetector(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out.mean(1)).squeeze(1)


model = FaultDetector()
criterion = nn.BCEWithLogitsLoss(pos_weight=(1 - train_y).sum() / train_y.sum())
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(14):
    right = 0
    for x, y in loader:
        logits = model(x)
        loss = criterion(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right += ((logits > 0).float() == y).sum().item()
    print(f"epoch {epoch + 1}: loss {loss.item():.4f} accuracy {right / len(train_x):.3f}")

with torch.no_grad():
    hit = model(test_x) > 0
sensitivity = hit[test_y == 1].float().mean()
specificity = (~hit[test_y == 0]).float().mean()
print("metric balanced_accuracy", (0.5 * (sensitivity + specificity)).item())
