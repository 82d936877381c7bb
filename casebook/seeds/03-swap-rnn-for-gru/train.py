import os

import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))


class SequenceClassifier(nn.Module):
    cells = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}

    def __init__(self, cell, vocab_size, hidden_size, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 16)
        self.rnn = self.cells[cell](16, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, n_classes)

    def forward(self, x):
        output, _ = self.rnn(self.embedding(x))
        return self.fc(output[:, -1, :])


def recall_batch(n, steps=70):
    """The class is the first symbol; blanks and a few clicks follow."""
    y = torch.randint(0, 4, (n,))
    x = torch.full((n, steps), 4)
    x[:, 1:] += (torch.rand(n, steps - 1) < 0.1).long()
    x[:, 0] = y
    return x, y


def train(cell, steps=420):
    torch.manual_seed(SEED)
    model = SequenceClassifier(cell, 10, 32, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    for i in range(steps):
        x, y = recall_batch(32)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (i + 1) % 150 == 0:
            print(f"{cell} step {i + 1}: loss {loss.item():.3f}")
    return model


model = train("rnn")
x, y = recall_batch(500)
with torch.no_grad():
    print("metric accuracy", (model(x).argmax(1) == y).float().mean().item())
