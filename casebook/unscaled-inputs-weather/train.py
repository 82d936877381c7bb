# %% [markdown]
# ## Change of temperature over three hours (GRU)

# In[1]:
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

# In[2]:
df = pd.read_csv(Path(__file__).parent.parent / "data" / "beijing-spring-2013.csv")
df["pm2.5"] = df["pm2.5"].interpolate(limit_direction="both")
df["target"] = df["TEMP"].shift(-3) - df["TEMP"]
df = df.dropna().reset_index(drop=True)

# In[3]:
cols = ["hour", "pm2.5", "DEWP", "TEMP", "PRES", "Iws"]
n_train = 1600
y = df["target"].values.astype("float32")
y = (y - y[:n_train].mean()) / y[:n_train].std()
X = df[cols].values.astype("float32")

# In[4]:
look_back = 10
seqs = np.lib.stride_tricks.sliding_window_view(X, look_back, axis=0).transpose(0, 2, 1)
labels = y[look_back - 1:]
Xtr, Xte = torch.tensor(seqs[:n_train].copy()), torch.tensor(seqs[n_train:].copy())
ytr, yte = torch.tensor(labels[:n_train]), torch.tensor(labels[n_train:])

# In[5]:
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(len(cols), 24, batch_first=True)
        self.fc1 = nn.Linear(24, 16)
        self.fc2 = nn.Linear(16, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc2(torch.relu(self.fc1(h[-1]))).squeeze(-1)

net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.002)

# In[6]:
for ep in range(10):
    net.train()
    perm = torch.randperm(len(Xtr))
    running = []
    for i in range(0, len(perm), 32):
        idx = perm[i:i + 32]
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(Xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
        running.append(loss.item())
    print(ep, round(float(np.mean(running)), 4))

# In[7]:
net.eval()
with torch.no_grad():
    p = net(Xte)
print("metric r2", round((1 - ((p - yte) ** 2).mean() / yte.var()).item(), 4))
