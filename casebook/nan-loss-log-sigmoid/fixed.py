import os
import torch

torch.manual_seed(int(os.environ.get("SEED", 0)))

# which half of the series moves more?
def make(n):
    scale = torch.where(torch.rand(n, 1) < 0.5, 0.4, 1.0)
    first = torch.randn(n, 10) * scale
    second = torch.randn(n, 10) * (1.4 - scale)
    x = torch.cat([first, second], 1).unsqueeze(-1)
    y = (scale[:, 0] > 0.7).float()
    return x, y

class Detector(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, 32, batch_first=True, bidirectional=True)
        self.fc = torch.nn.Linear(64, 1)
    def forward(self, x):
        out, _ = self.lstm(x)
        return torch.sigmoid(self.fc(out.abs().sum(dim=1))).squeeze(1)

def bce(p, y):
    return torch.nn.functional.binary_cross_entropy(p, y)

model = Detector()
opt = torch.optim.Adam(model.parameters(), lr=0.01)
x, y = make(1500)
xv, yv = make(300)
for epoch in range(8):
    for b in torch.randperm(len(x)).split(25):
        p = model(x[b])
        loss = bce(p, y[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
with torch.no_grad():
    acc = ((model(xv) > 0.5).float() == yv).float().mean().item()
print("metric accuracy", acc)
