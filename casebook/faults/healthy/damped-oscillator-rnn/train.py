import os
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim

here = Path(__file__).resolve().parent
with open(here / "oscillator.toml", "rb") as f:
    p = tomllib.load(f)
torch.manual_seed(int(os.environ.get("SEED", 0)))

data = np.load(here / "signals.npz")
signal_train = torch.from_numpy(data["signal_train"])
params_train = torch.from_numpy(data["params_train"])  # frequency and damping, standardised
signal_test = torch.from_numpy(data["signal_test"])
params_test = torch.from_numpy(data["params_test"])


class ParameterNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(
            input_size=signal_train.shape[-1],
            hidden_size=p["hidden"],
            num_layers=p["layers"],
            nonlinearity=p["nonlinearity"],
            batch_first=True,
        )
        self.head = nn.Linear(p["hidden"], params_train.shape[1])

    def forward(self, x):
        out, h_n = self.rnn(x)
        return self.head(out[:, -1, :])


model = ParameterNet()
makers = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD, "rmsprop": optim.RMSprop}
optimizer = makers[p["optimizer"]](model.parameters(), lr=p["lr"], weight_decay=p["weight_decay"])
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=p["step_size"], gamma=p["gamma"])
loss_fn = nn.MSELoss()

for epoch in range(p["epochs"]):
    model.train()
    epoch_loss = []
    for batch in torch.randperm(len(signal_train)).split(p["batch_size"]):
        prediction = model(signal_train[batch])
        loss = loss_fn(prediction, params_train[batch])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), p["clip"])
        optimizer.step()
        epoch_loss.append(loss.item())
    scheduler.step()
    print(f"{epoch:3d}  {sum(epoch_loss) / len(epoch_loss):.4f}  lr {scheduler.get_last_lr()[0]:.2e}")

model.eval()
with torch.no_grad():
    residual = (model(signal_test) - params_test).square().mean(0)
    r2 = 1 - residual / params_test.var(0, unbiased=False)
print(f"frequency {r2[0]:.3f}  damping {r2[1]:.3f}")
print("metric r2", r2.mean().item())
