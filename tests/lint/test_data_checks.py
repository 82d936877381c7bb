"""Scalers, splits and schedulers: sick, its healthy twin, and healthy code that looks sick."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_scripts import NET, checks, program

SCALER = """
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, StandardScaler, LabelEncoder
scaler = StandardScaler()
"""


def scheduled(made: str, step: str, outer: str = "") -> str:
    return program(NET, f"""
scheduler = {made}
for epoch in range(20):
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        {step}
    {outer or 'pass'}
""")  # fmt: skip


S = "torch.optim.lr_scheduler"

SICK = {
    "scaled before the split": ("early-scaler", program(SCALER, "X = scaler.fit_transform(X)\na, b, c, d = train_test_split(X, y)")),
    "scaled before the cut": ("early-scaler", program(SCALER, """
        data = scaler.fit_transform(df.values.reshape(-1, 1))
        n = int(len(data) * 0.8)
        train, test = data[:n], data[n:]
    """)),
    "held-back fitted again": ("refitted-scaler", program(SCALER, "X_train = scaler.fit_transform(X_train)\nX_test = scaler.fit_transform(X_test)")),
    "held-back fitted again, slices": ("refitted-scaler", program(SCALER, """
        train_scaled = scaler.fit_transform(train.values)
        valid_scaled = scaler.fit_transform(valid.values)
    """)),
    "one for two things": ("refitted-scaler", program(SCALER, """
        X_train = scaler.fit_transform(X_train)
        y_train = scaler.fit_transform(y_train.reshape(-1, 1))
        X_test = scaler.transform(X_test)
    """)),
    "exponential per batch": ("rate-per-batch", scheduled(f"{S}.ExponentialLR(optimizer, 0.9)", "scheduler.step()")),
    "steps per batch": ("rate-per-batch", scheduled(f"{S}.StepLR(optimizer, step_size=5, gamma=0.5)", "scheduler.step()")),
    "plateau of a batch": ("rate-per-batch", scheduled(f"{S}.ReduceLROnPlateau(optimizer)", "scheduler.step(loss.item())")),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_sick(tmp_path: Path, name: str) -> None:
    check, text = SICK[name]
    assert checks(tmp_path, text) == [check]


HEALTHY = {
    "split first": program(SCALER, """
        X_train, X_test, y_train, y_test = train_test_split(X, y)
        X_train = scaler.fit_transform(X_train)
        X_test = scaler.transform(X_test)
    """),
    "fitted on the head": program(SCALER, "n = 80\nscaler.fit(data[:n])\ndata = scaler.transform(data)\ntrain, test = data[:n], data[n:]"),
    "fit_transform of a head": program(SCALER, "n = 80\ntrain = scaler.fit_transform(data[:n])\ntest = scaler.transform(data[n:])"),
    "labels encoded before the split": program(SCALER, "y = LabelEncoder().fit_transform(y)\na, b, c, d = train_test_split(X, y)"),
    "windows of all": program(SCALER, "data = scaler.fit_transform(data)\nfor i in range(9):\n    rows.append(data[i:i + 5])"),
    "scaler each": program(SCALER, """
        y_scaler = MinMaxScaler()
        X_train = scaler.fit_transform(X_train)
        y_train = y_scaler.fit_transform(y_train)
        X_test = scaler.transform(X_test)
        y_test = y_scaler.transform(y_test)
    """),
    "scaler made again": program(SCALER, """
        X_train = scaler.fit_transform(X_train)
        scaler = StandardScaler()
        y_train = scaler.fit_transform(y_train)
        X_test = x_scaler.transform(X_test)
    """),
    "inverse of the last": program(SCALER, """
        X = scaler.fit_transform(X_train)
        y = scaler.fit_transform(y_train)
        out = scaler.inverse_transform(y_pred)
    """),
    "scaler of each series": program(SCALER, "for name in names:\n    data[name] = scaler.fit_transform(data[name])"),
    "scaler of one's own": program("from mine import StandardScaler", "s = StandardScaler()\nX = s.fit_transform(X)\na, b = train_test_split(X)"),
    "exponential per epoch": scheduled(f"{S}.ExponentialLR(optimizer, 0.9)", "pass", "scheduler.step()"),
    "exponential per batch, slowly": scheduled(f"{S}.ExponentialLR(optimizer, 0.9999)", "scheduler.step()"),
    "one cycle per batch": scheduled(f"{S}.OneCycleLR(optimizer, 0.1, total_steps=900)", "scheduler.step()"),
    "warm restarts per batch": scheduled(f"{S}.CosineAnnealingWarmRestarts(optimizer, 10)", "scheduler.step(epoch + i / n)"),
    "warm-up per batch": scheduled(f"{S}.LambdaLR(optimizer, lambda s: min(1, s / 100))", "scheduler.step()"),
    "cyclic per batch": scheduled(f"{S}.CyclicLR(optimizer, 1e-4, 1e-2)", "scheduler.step()"),
    "steps counted in batches": scheduled(f"{S}.StepLR(optimizer, step_size=10000, gamma=0.1)", "scheduler.step()"),
    "steps by a setting": scheduled(f"{S}.StepLR(optimizer, step_size=args.step, gamma=args.gamma)", "scheduler.step()"),
    "plateau of the epoch": scheduled(f"{S}.ReduceLROnPlateau(optimizer)", "pass", "scheduler.step(val_loss)"),
    "one loop over steps": program(NET, f"""
        scheduler = {S}.ExponentialLR(optimizer, 0.9)
        for step in range(50):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
            scheduler.step()
    """),
    "now and then": scheduled(f"{S}.StepLR(optimizer, 1, 0.5)", "if i % 1000 == 0: scheduler.step()"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy(tmp_path: Path, name: str) -> None:
    assert checks(tmp_path, HEALTHY[name]) == []
