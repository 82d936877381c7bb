# Stiffness of a spring from its swing
import os
import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.RandomState(seed)
torch.manual_seed(seed)

n, steps = 1000, 30
k = rng.uniform(0.5, 2.0, n)
t = np.arange(steps) * 0.4
swing = np.exp(-0.05 * t) * np.cos(np.sqrt(k)[:, None] * t * 1.5 + rng.uniform(0, 6.28, (n, 1)))
X = torch.from_numpy((swing + rng.normal(0, 0.03, swing.shape)).astype("float32")[:, :, None])
Y = torch.from_numpy(((k - k.mean()) / k.std()).astype("float32"))

lstm = nn.LSTM(1, 32, batch_first=True)
lin = nn.Linear(32, 1)
opt = torch.optim.Adam(list(lstm.parameters()) + list(lin.parameters()), lr=0.01)

def predict(x):
    h = lstm(x)[0]
    return lin(h.mean(1))

for epoch in range(14):
    p = torch.randperm(800)
    for i in range(0, 800, 40):
        j = p[i:i + 40]
        loss = ((predict(X[j]) - Y[j]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 2 == 0:
        print(epoch, float(loss))

with torch.no_grad():
    err = predict(X[800:])[:, 0] - Y[800:]
print("metric rmse", float((err ** 2).mean() ** 0.5))
