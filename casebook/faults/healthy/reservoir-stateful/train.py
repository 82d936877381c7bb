import ast
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent


def read_settings(path):
    settings = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, value = (part.strip() for part in line.split("=", 1))
            if value in ("true", "false"):
                settings[key] = value == "true"
            else:
                try:
                    settings[key] = ast.literal_eval(value)
                except (ValueError, SyntaxError):
                    settings[key] = value
    return settings


class LevelModel(nn.Module):
    """Next hour's level from inflow and gate alone, hour by hour; the level itself is not measured."""

    def __init__(self, inputs, hidden, layers):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        h, state = self.lstm(x, state)
        return self.out(h).squeeze(-1), state


def detach(state):
    return tuple(part.detach() for part in state)


def make_optimizer(model, s):
    name, extra = s["optimizer"], {"lr": s["lr"], "weight_decay": s["weight_decay"]}
    if name == "sgd":
        return torch.optim.SGD(model.parameters(), momentum=s["momentum"], **extra)
    if name == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), momentum=s["momentum"], **extra)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](model.parameters(), **extra)


s = read_settings(HERE / "run.cfg")
torch.manual_seed(int(os.environ.get("SEED", 0)))
series = torch.from_numpy(np.load(HERE / "reservoir.npz")["series"])
x, y = series[:-1, 1:], series[1:, 0]
x_train, y_train = x[: s["train_hours"]], y[: s["train_hours"]]
x_test, y_test = x[s["train_hours"] :], y[s["train_hours"] :]

# the series is cut into lanes that run side by side; each lane is walked in contiguous chunks
lanes = min(s["lanes"], len(x_train) // s["chunk"])
length = len(x_train) // lanes
x_lanes = x_train[: length * lanes].reshape(lanes, length, -1)
y_lanes = y_train[: length * lanes].reshape(lanes, length)

model = LevelModel(x.shape[1], s["hidden"], s["layers"])
optimizer = make_optimizer(model, s)
criterion = nn.MSELoss()
state = None
for epoch in range(s["epochs"]):
    model.train()
    if s["reset_state"]:
        state = None
    losses = []
    for t in range(0, length, s["chunk"]):
        prediction, state = model(x_lanes[:, t : t + s["chunk"]], state)
        state = detach(state)
        loss = criterion(prediction, y_lanes[:, t : t + s["chunk"]])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), s["clip"])
        optimizer.step()
        losses.append(loss.item())
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}")

model.eval()
with torch.no_grad():
    _, state = model(x_train[None])
    prediction, _ = model(x_test[None], state)
    r2 = 1 - (prediction[0] - y_test).square().mean() / y_test.var(unbiased=False)
print("metric r2", r2.item())
