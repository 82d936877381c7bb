# train a small classifier on accelerometer windows
import os, sys
from pathlib import Path
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

class GaitNet(nn.Module):
    def __init__(self):
        super(GaitNet, self).__init__()
        self.conv = nn.Conv1d(1, 8, kernel_size=3, padding=1)
        self.lstm = nn.LSTM(8, 24, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(48, 4)

    def forward(self, x):
        x = torch.relu(self.conv(x.unsqueeze(1)))
        _, (h, _) = self.lstm(x.permute(0, 2, 1))
        return self.fc(torch.cat([h[0], h[1]], dim=1))

def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).max(1)[1] == y).sum().item() / len(y)

torch.manual_seed(int(os.environ.get("SEED", 0)))
blob = np.load(Path(sys.argv[0]).resolve().with_suffix(".npz"))
X, Y = torch.Tensor(blob["x"]), torch.LongTensor(blob["y"])
idx = torch.randperm(len(X))
X, Y = X[idx], Y[idx]
X_train, Y_train, X_val, Y_val = X[:300], Y[:300], X[300:], Y[300:]

net = GaitNet()
optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
for epoch in range(20):
    net.train()
    total_loss = 0
    for i in range(0, 300, 20):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X_train[i:i+20]), Y_train[i:i+20])
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    if epoch % 4 == 3:
        print("Epoch: {} Loss: {:.4f} Acc: {:.3f}".format(epoch + 1, total_loss / 15, accuracy(net, X_val, Y_val)))
print("metric accuracy", accuracy(net, X_val, Y_val))
