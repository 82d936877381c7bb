import os
from pathlib import Path

import torch
import pandas as pd
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(int(os.environ.get("SEED", 0)))


class RiverDataset(Dataset):
    def __init__(self, frame, seq_len=24):
        self.values = torch.tensor(frame[["level", "rain"]].values, dtype=torch.float32)
        self.seq_len = seq_len

    def __len__(self):
        return len(self.values) - self.seq_len

    def __getitem__(self, i):
        return self.values[i:i + self.seq_len], self.values[i + self.seq_len, 0]


frame = pd.read_csv(Path(__file__).with_suffix(".csv"))
n_train = 1120
mean, std = frame.iloc[:n_train].mean(), frame.iloc[:n_train].std()
frame = (frame - mean) / std
train_set, test_set = RiverDataset(frame.iloc[:n_train]), RiverDataset(frame.iloc[n_train:])


class River(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(2, 24, batch_first=True)
        self.out = torch.nn.Linear(24, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1]).squeeze(-1)


model = River()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(8):
    model.train()
    for x, y in DataLoader(train_set, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}  train loss {loss.item():.4f}")

model.eval()
se = n = 0
with torch.no_grad():
    for x, y in DataLoader(test_set, batch_size=128):
        se += ((model(x) - y) ** 2).sum().item()
        n += len(y)
print("metric mse", se / n)
