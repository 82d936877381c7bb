import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class BalanceModel(nn.Module):
    """Running balance of an account from its bookings."""

    def __init__(self, hidden_size=32):
        super().__init__()
        self.hidden_size = hidden_size
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)
        self.state = None

    def init_hidden(self, batch_size):
        self.state = (torch.zeros(1, batch_size, self.hidden_size), torch.zeros(1, batch_size, self.hidden_size))

    def forward(self, bookings):
        out, (h, c) = self.lstm(bookings, self.state)
        self.state = (h.detach(), c.detach())
        return self.fc(out)


bookings = 0.4 * torch.randn(480, 24, 1)
balance = bookings.cumsum(1)
train_x, train_y = bookings[:400], balance[:400]
test_x, test_y = bookings[400:], balance[400:]

model = BalanceModel()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()
batch_size = 20
model.init_hidden(batch_size)
for epoch in range(22):
    running = 0.0
    for accounts in torch.randperm(400).split(batch_size):
        loss = criterion(model(train_x[accounts]), train_y[accounts])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch} loss {running / 20:.4f}")

with torch.no_grad():
    sse = 0.0
    for accounts in torch.arange(80).split(batch_size):
        sse += (model(test_x[accounts]) - test_y[accounts]).pow(2).sum().item()
print("metric r2", 1 - sse / (test_y - test_y.mean()).pow(2).sum().item())
