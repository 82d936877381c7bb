# In[1]:
import csv, os
from pathlib import Path
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# In[2]:
with open(Path(__file__).resolve().parents[1] / "data" / "airline-passengers.csv") as f:
    s = torch.tensor([float(row["Passengers"]) for row in csv.DictReader(f)]).log()
diff = s[1:] - s[:-1]
diff = (diff - diff[:108].mean()) / diff[:108].std()
pairs = diff.unfold(0, 14, 1)
train, test = pairs[:95], pairs[95:]

# In[3]:
lstm = nn.LSTM(1, 24, batch_first=True)
dense = nn.Linear(24, 1)
params = list(lstm.parameters()) + list(dense.parameters())

def predict(p):
    return dense(lstm(p[:, :-1, None])[0][:, -1])[:, 0]

# In[4]:
epochs, batch = 60, 12
steps_per_epoch = -(-len(train) // batch)
opt = torch.optim.Adam(params, lr=1e-3)
cycle = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.02, epochs=epochs, steps_per_epoch=steps_per_epoch)
for epoch in range(epochs):
    for p in train[torch.randperm(len(train))].split(batch):
        loss = (predict(p) - p[:, -1]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        cycle.step()
    if epoch % 10 == 0:
        print(epoch, loss.item(), cycle.get_last_lr())

# In[5]:
with torch.no_grad():
    mse = (predict(test) - test[:, -1]).pow(2).mean().item()
print("metric mse", round(mse, 4))
