import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class SineLSTM(nn.Module):
    def __init__(self, hidden_size=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


def waves(n):
    t = torch.arange(21.0)
    s = torch.sin(t * (0.2 + 0.6 * torch.rand(n, 1)) + 6.28 * torch.rand(n, 1)) + 0.05 * torch.randn(n, 21)
    return s[:, :-1, None], s[:, -1:]


x_train, y_train = waves(400)
x_test, y_test = waves(200)
model = SineLSTM()
criterion = nn.MSELoss()

optimizers = {
    "Adam": torch.optim.Adam(model.parameters(), lr=0.005),
    "RMSprop": torch.optim.RMSprop(model.parameters(), lr=0.001),
    "SGD": torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
}
results = {}
for name, optimizer in optimizers.items():
    for epoch in range(15):
        for idx in torch.randperm(400).split(25):
            optimizer.zero_grad()
            loss = criterion(model(x_train[idx]), y_train[idx])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        results[name] = criterion(model(x_test), y_test).item()
    print(f"{name}: test loss {results[name]:.5f}")

best = min(results, key=results.get)
print("best optimizer:", best)
print("metric mse", results[best])
