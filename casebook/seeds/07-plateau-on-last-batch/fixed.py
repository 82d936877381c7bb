import os

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

torch.manual_seed(int(os.environ.get("SEED", 0)))


def make(n, steps=20):
    x = torch.randn(n, steps, 1)
    level = torch.zeros(n)
    for t in range(steps):
        level = 0.9 * level + torch.sin(2 * x[:, t, 0]) * 0.5
    return x, (level + 0.35 * torch.randn(n)).unsqueeze(1)


x_train, y_train = make(600)
x_val, y_val = make(300)

model = nn.LSTM(1, 32, batch_first=True)
fc = nn.Linear(32, 1)
parameters = list(model.parameters()) + list(fc.parameters())
optimizer = torch.optim.Adam(parameters, lr=0.003)
scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=2)
criterion = nn.MSELoss()

num_epochs = 60
for epoch in range(num_epochs):
    for idx in torch.randperm(600).split(25):
        outputs = fc(model(x_train[idx])[0][:, -1])
        loss = criterion(outputs, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        epoch_loss = criterion(fc(model(x_train)[0][:, -1]), y_train)
    scheduler.step(epoch_loss)
    if epoch % 5 == 0:
        print(f"Epoch [{epoch}/{num_epochs}] loss {loss.item():.4f} lr {optimizer.param_groups[0]['lr']:.1e}")

with torch.no_grad():
    val = criterion(fc(model(x_val)[0][:, -1]), y_val).item()
print("metric r2", 1 - val / y_val.var().item())
