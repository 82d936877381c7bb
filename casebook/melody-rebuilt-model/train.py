# In[1]:
import os
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# In[2]:
# melodies: a short motif, repeated, each time one step higher
def melodies(n, motif=5, repeats=4, scale=12):
    first = torch.randint(scale, (n, motif))
    return torch.cat([(first + r) % scale for r in range(repeats)], dim=1)

train = melodies(600)
valid = melodies(150)
train.shape

# In[3]:
class MelodyLSTM(nn.Module):
    def __init__(self, notes=12, dim=24, hidden=64):
        super().__init__()
        self.embed = nn.Embedding(notes, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.head = nn.Linear(hidden, notes)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x))
        return self.head(out)

model = MelodyLSTM()
print(sum(p.numel() for p in model.parameters()), "parameters")

# In[4]:
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()

# In[9]:
# a little larger
model = MelodyLSTM(dim=32, hidden=80)

# In[10]:
for epoch in range(18):
    model.train()
    total = 0
    for idx in torch.randperm(len(train)).split(25):
        x, target = train[idx, :-1], train[idx, 1:]
        optimizer.zero_grad()
        logits = model(x)
        loss = criterion(logits[:, 4:].reshape(-1, 12), target[:, 4:].reshape(-1))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, total / 24)

# In[11]:
model.eval()
with torch.no_grad():
    guess = model(valid[:, :-1])[:, 4:].argmax(-1)
print("metric token_accuracy", (guess == valid[:, 5:]).float().mean().item())
