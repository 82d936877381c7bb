"""Next-event prediction on the log of a small server, read in contiguous chunks."""
import os
import random

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

EVENTS = ["start", "login", "query", "result", "error", "retry", "logout", "idle", "stop"]
NEXT = {
    "start": ["login"],
    "login": ["query"],
    "query": ["result", "result", "result", "error"],
    "result": ["query", "logout"],
    "error": ["retry"],
    "retry": ["result"],
    "logout": ["idle"],
    "idle": ["login", "stop"],
    "stop": ["start"],
}


def walk(n):
    event, out = "start", []
    for i in range(n):
        out.append(EVENTS.index(event))
        choices = NEXT[event]
        event = choices[i % len(choices)]
    return out


streams = torch.tensor([walk(random.randrange(3, 9) + 1000)[-1000:] for _ in range(16)])
train, test = streams[:, :800], streams[:, 800:]


class EventModel(nn.Module):
    def __init__(self, n_events, hidden_size):
        super().__init__()
        self.embed = nn.Embedding(n_events, 12)
        self.lstm = nn.LSTM(12, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, n_events)

    def forward(self, x, hidden=None):
        out, hidden = self.lstm(self.embed(x), hidden)
        return self.fc(out), hidden


model = EventModel(len(EVENTS), 32)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
bptt = 20

for epoch in range(8):
    hidden = None
    for i in range(0, train.size(1) - bptt, bptt):
        x = train[:, i : i + bptt]
        y = train[:, i + 1 : i + bptt + 1]
        optimizer.zero_grad()
        output, hidden = model(x, hidden)
        loss = criterion(output.reshape(-1, len(EVENTS)), y.reshape(-1))
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")

with torch.no_grad():
    output, _ = model(test[:, :-1])
    accuracy = (output.argmax(-1) == test[:, 1:]).float().mean().item()
print(f"metric accuracy {accuracy:.4f}")
