import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class StatefulLSTM(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)
        self.hidden = None

    def reset_hidden(self):
        self.hidden = None

    def forward(self, x):
        out, self.hidden = self.lstm(x, self.hidden)
        self.hidden = tuple(h.detach() for h in self.hidden)
        return self.fc(out)


# 16 streams, cut into consecutive chunks of 25 steps
streams, chunk, n_chunks = 16, 25, 26
hit = torch.rand(streams, chunk * n_chunks) < 0.04
pulse = torch.where(hit, torch.randn(hit.shape).sign(), torch.zeros(hit.shape))
memory = torch.zeros(streams, chunk * n_chunks)
for t in range(1, chunk * n_chunks):
    memory[:, t] = torch.where(hit[:, t], (pulse[:, t] > 0).float(), memory[:, t - 1])

train_chunks = 20
model = StatefulLSTM(24)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(20):
    model.reset_hidden()
    total = 0.0
    for k in range(train_chunks):
        piece = slice(k * chunk, (k + 1) * chunk)
        optimizer.zero_grad()
        loss = criterion(model(pulse[:, piece, None]).squeeze(-1), memory[:, piece])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / train_chunks:.4f}")

right = seen = 0
with torch.no_grad():
    for k in range(train_chunks, n_chunks):
        piece = slice(k * chunk, (k + 1) * chunk)
        guess = model(pulse[:, piece, None]).squeeze(-1) > 0
        right += (guess == (memory[:, piece] > 0.5)).sum().item()
        seen += guess.numel()
print("metric accuracy", right / seen)
