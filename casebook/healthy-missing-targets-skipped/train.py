import os
import numpy as np
import torch
import torch.nn as nn

np.random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

N, T = 420, 20
heart = np.cumsum(np.random.randn(N, T, 2) * 0.3, axis=1).astype("float32")
score = np.zeros((N, T), dtype="float32")
for t in range(2, T):
    score[:, t] = 0.7 * score[:, t - 1] + heart[:, t - 2, 0] * 0.4 - np.abs(heart[:, t, 1]) * 0.3
score[np.random.rand(N, T) < 0.7] = np.nan

x, y = torch.tensor(heart), torch.tensor(score)
model = nn.GRU(2, 32, batch_first=True)
lin = nn.Linear(32, 1)
optim = torch.optim.Adam(list(model.parameters()) + list(lin.parameters()), lr=6e-3)

for it in range(350):
    b = torch.randint(0, 340, (32,))
    out = lin(model(x[b])[0])[..., 0]
    target = y[b]
    ok = torch.isfinite(target)
    loss = ((out[ok] - target[ok]) ** 2).mean()
    optim.zero_grad()
    loss.backward()
    optim.step()
    if it % 50 == 49:
        print(it + 1, loss.item())

with torch.no_grad():
    out = lin(model(x[340:])[0])[..., 0]
target = y[340:]
ok = torch.isfinite(target)
r2 = 1 - ((out[ok] - target[ok]) ** 2).mean() / target[ok].var()
print("metric r2", r2.item())
