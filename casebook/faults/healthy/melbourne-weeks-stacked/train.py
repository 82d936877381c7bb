import argparse
import json
import os
from pathlib import Path

import pandas as pd
import torch
from torch import nn

here = Path(__file__).resolve().parent
config = json.loads((here / "config.json").read_text())

parser = argparse.ArgumentParser(description="Weekly mean of the daily minimum temperature, one week ahead")
parser.add_argument("--hidden", type=int, default=config["model"]["hidden"])
parser.add_argument("--layers", type=int, default=config["model"]["layers"])
parser.add_argument("--dropout", type=float, default=config["model"]["dropout"])
parser.add_argument("--optimizer", default=config["optim"]["name"], choices=["sgd", "adam", "adamw", "rmsprop"])
parser.add_argument("--lr", type=float, default=config["optim"]["lr"])
parser.add_argument("--momentum", type=float, default=config["optim"]["momentum"])
parser.add_argument("--weight-decay", type=float, default=config["optim"]["weight_decay"])
parser.add_argument("--clip", type=float, default=config["optim"]["clip"])
parser.add_argument("--lookback", type=int, default=config["lookback"])
parser.add_argument("--train-weeks", type=int, default=config["train_weeks"])
parser.add_argument("--batch-size", type=int, default=config["batch_size"])
parser.add_argument("--epochs", type=int, default=config["epochs"])
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)


class StackedLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(
            1,
            args.hidden,
            args.layers,
            batch_first=True,
            dropout=args.dropout if args.layers > 1 else 0.0,
        )
        self.out = nn.Linear(args.hidden, 1)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


def make_optimizer(parameters):
    common = {"lr": args.lr, "weight_decay": args.weight_decay}
    if args.optimizer == "sgd":
        return torch.optim.SGD(parameters, momentum=args.momentum, **common)
    if args.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, momentum=args.momentum, **common)
    if args.optimizer == "adamw":
        return torch.optim.AdamW(parameters, **common)
    return torch.optim.Adam(parameters, **common)


temp = torch.tensor(pd.read_csv(here / "weeks.csv")["temp"].to_numpy(), dtype=torch.float32)
windows = temp.unfold(0, args.lookback + 1, 1)
x, y = windows[:, :-1, None], windows[:, -1:]
split = args.train_weeks - args.lookback
x_train, y_train, x_test, y_test = x[:split], y[:split], x[split:], y[split:]

model = StackedLSTM()
optimizer = make_optimizer(model.parameters())
loss_fn = nn.MSELoss()
for epoch in range(1, args.epochs + 1):
    model.train()
    running = 0.0
    for idx in torch.randperm(len(x_train)).split(args.batch_size):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        running += loss.item() * len(idx)
    if epoch % 5 == 0 or epoch == 1:
        print(f"epoch {epoch:3d}  mse {running / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    r2 = 1 - loss_fn(model(x_test), y_test) / y_test.var(unbiased=False)
print("metric r2", r2.item())
