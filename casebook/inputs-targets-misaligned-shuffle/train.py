import os

import numpy as np
import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))
np.random.seed(SEED)
torch.manual_seed(SEED)


def make_data(n=700, steps=15):
    X = np.random.randn(n, steps, 2).astype(np.float32)
    balance = (X[:, :, 0] * np.linspace(0.2, 1.0, steps)).sum(1) + 0.5 * X[:, :, 1].max(1)
    return X, (balance > np.median(balance)).astype(np.int64)


X, y = make_data()
X_test, y_test = X[560:], y[560:]
X_train, y_train = X[:560], y[:560]

model = nn.GRU(2, 32, batch_first=True)
fc = nn.Linear(32, 2)
opt = torch.optim.Adam(list(model.parameters()) + list(fc.parameters()), lr=3e-3)
lossf = nn.CrossEntropyLoss()

n_batches, bs = 28, 20
for epoch in range(12):
    np.random.shuffle(X_train)
    np.random.shuffle(y_train)
    epoch_loss = 0.0
    for i in range(n_batches):
        xb = torch.from_numpy(X_train[i * bs:(i + 1) * bs])
        yb = torch.from_numpy(y_train[i * bs:(i + 1) * bs])
        opt.zero_grad()
        loss = lossf(fc(model(xb)[1][-1]), yb)
        loss.backward()
        opt.step()
        epoch_loss += loss.item()
    print("Epoch", epoch, "Loss", epoch_loss / n_batches)

with torch.no_grad():
    pred = fc(model(torch.from_numpy(X_test))[1][-1]).argmax(1).numpy()
print("metric accuracy", (pred == y_test).mean())
