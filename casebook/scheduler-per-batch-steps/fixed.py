import os

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 0)))


class ParenthesesDataset(Dataset):
    """Strings of brackets; the label is the largest depth reached, cut at 4."""

    def __init__(self, n, length=20):
        steps = torch.where(torch.rand(n, length) < 0.5, 1, -1)
        depth = torch.zeros(n, dtype=torch.long)
        deepest = torch.zeros(n, dtype=torch.long)
        for t in range(length):
            depth = (depth + steps[:, t]).clamp(min=0)
            deepest = torch.maximum(deepest, depth)
        self.x = (steps > 0).long()
        self.y = deepest.clamp(max=6) // 2

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class DepthNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(2, 8)
        self.lstm = nn.LSTM(8, 40, batch_first=True)
        self.fc = nn.Linear(40, 4)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x))
        return self.fc(out[:, -1])


data = ParenthesesDataset(2300)
train_data, val_data = random_split(data, [2000, 300])
train_loader = DataLoader(train_data, batch_size=40, shuffle=True)
val_loader = DataLoader(val_data, batch_size=300)

model = DepthNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)

for epoch in range(12):
    model.train()
    total = 0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()

    model.eval()
    with torch.no_grad():
        inputs, targets = next(iter(val_loader))
        accuracy = (model(inputs).argmax(1) == targets).float().mean().item()
    print(f"Epoch {epoch + 1}: loss {total / len(train_loader):.4f}, val accuracy {accuracy:.3f}")

print(f"metric accuracy {accuracy:.4f}")
