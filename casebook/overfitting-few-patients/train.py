import copy
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def patients(n, steps=16):
    x = torch.randn(n, steps, 4)
    risk = 1.2 * x[:, :, 0].mean(1) * 4 ** 0.5 + 0.8 * x[:, -4:, 1].mean(1)
    return x, (risk + 0.8 * torch.randn(n) > 0).float()


x_train, y_train = patients(90)
x_val, y_val = patients(150)
x_test, y_test = patients(600)


class RiskModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 64, num_layers=1, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 1)

    def forward(self, x):
        return self.fc(self.lstm(x)[0].mean(1)).squeeze(1)


def evaluate(model, x, y):
    with torch.no_grad():
        return nn.functional.binary_cross_entropy_with_logits(model(x), y).item()


model = RiskModel()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
best_loss, best_state = float("inf"), None
for epoch in range(60):
    for rows in torch.randperm(len(x_train)).split(15):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    val_loss = evaluate(model, x_val, y_val)
    if val_loss < best_loss:
        best_loss, best_state = val_loss, copy.deepcopy(model.state_dict())
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: train {loss.item():.3f} val {val_loss:.3f} best {best_loss:.3f}")

print("metric log_loss", evaluate(model, x_test, y_test))
