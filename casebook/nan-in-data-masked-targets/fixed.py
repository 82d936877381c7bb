import os
import numpy as np
import torch
from torch import nn, optim

rng = np.random.default_rng(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

# patients: three vital signs an hour, a lab value that is measured now and then
N, T = 400, 18
vitals = rng.normal(size=(N, T, 3)).astype("float32")
lab = np.zeros((N, T), dtype="float32")
for t in range(1, T):
    lab[:, t] = 0.8 * lab[:, t - 1] + 0.5 * vitals[:, t, 0] - 0.3 * vitals[:, t - 1, 1]
lab += rng.normal(scale=0.1, size=lab.shape).astype("float32")
lab[rng.random(lab.shape) < 0.6] = np.nan

x = torch.from_numpy(vitals)
y = torch.from_numpy(lab)
observed = ~torch.isnan(y)
y = torch.nan_to_num(y)
x_tr, y_tr, m_tr = x[:320], y[:320], observed[:320].float()
x_te, y_te, m_te = x[320:], y[320:], observed[320:]


class LabModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 32, batch_first=True)
        self.lin = nn.Linear(32, 1)

    def forward(self, v):
        return self.lin(self.rnn(v)[0])[..., 0]


def masked_mse(pred, target, mask):
    return ((pred - target) ** 2 * mask).sum() / mask.sum()


net = LabModel()
opt = optim.Adam(net.parameters(), lr=1e-2)
for step in range(300):
    rows = torch.randint(0, 320, (32,))
    loss = masked_mse(net(x_tr[rows]), y_tr[rows], m_tr[rows])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())

with torch.no_grad():
    p = net(x_te)[m_te]
t = y_te[m_te]
print("metric r2", (1 - ((p - t) ** 2).mean() / t.var()).item())
