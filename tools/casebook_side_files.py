"""Makes the data files that lie beside the cases of the casebook whose fault is in the file, not in the text.

    python tools/casebook_side_files.py [CASE ...]

Writes casebook/CASE/train.* and casebook/CASE/fixed.*, the same bytes at every call (fixed seeds).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CASEBOOK = Path(__file__).resolve().parents[1] / "casebook"
Columns = dict[str, NDArray[Any]]
MAKERS: dict[str, Callable[[Path], None]] = {}


def maker(case: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def register(make: Callable[[Path], None]) -> Callable[[Path], None]:
        MAKERS[case] = make
        return make

    return register


def write_csv(path: Path, columns: dict[str, list[str]]) -> None:
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n")


def text(values: NDArray[Any], form: str) -> list[str]:
    return [format(value, form) for value in values.tolist()]


def smooth(noise: NDArray[Any], keep: float) -> NDArray[Any]:
    """A first-order autoregression of unit variance (time,) driven by unit noise (time,)."""
    out = np.zeros_like(noise)
    out[0] = noise[0]
    for t in range(1, len(noise)):
        out[t] = keep * out[t - 1] + np.sqrt(1 - keep * keep) * noise[t]
    return out


@maker("unscaled-inputs-pump")
def pump(folder: Path) -> None:
    """Pressure in pascal against pressure as a deviation from the standard atmosphere in kPa."""
    rng = np.random.default_rng(11)
    n = 1500
    vibration, temperature, pressure = (smooth(rng.standard_normal(n), k) for k in (0.6, 0.9, 0.97))
    wear = np.zeros(n)
    for t in range(1, n):
        wear[t] = 0.7 * wear[t - 1] + 0.5 * vibration[t] * (temperature[t] > 0) + 0.3 * temperature[t]
    wear += 0.1 * rng.standard_normal(n)
    for stem, shown in (("train", text(101325 + 820 * pressure, ".0f")), ("fixed", text(0.82 * pressure, ".3f"))):
        write_csv(
            folder / f"{stem}.csv",
            {
                "vibration": text(vibration, ".3f"),
                "temperature": text(temperature, ".3f"),
                "pressure": shown,
                "wear": text(wear, ".3f"),
            },
        )


@maker("unscaled-inputs-electrode")
def electrode(folder: Path) -> None:
    """Waveforms of three kinds, in volts (1e-4) and in units of 0.1 mV."""
    rng = np.random.default_rng(12)
    n, steps = 330, 30
    kind = rng.integers(0, 3, n)
    t = np.arange(steps)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    period = np.array([18.0, 9.0, 5.0])[kind][:, None]
    wave = np.sin(2 * np.pi * t / period + phase) + 0.2 * rng.standard_normal((n, steps))
    for stem, unit in (("train", 1e-4), ("fixed", 1.0)):
        np.savez_compressed(folder / f"{stem}.npz", x=(wave * unit).astype(np.float32), y=kind.astype(np.int64))


@maker("unscaled-targets-grid")
def grid(folder: Path) -> None:
    """Load in megawatt (5200 +- 600) and per unit of its spread."""
    rng = np.random.default_rng(13)
    n = 24 * 70
    hour = np.arange(n) % 24
    temperature = 0.7 * np.sin(2 * np.pi * (hour - 9) / 24) + 0.7 * smooth(rng.standard_normal(n), 0.97)
    load = 0.8 * np.sin(2 * np.pi * (hour - 7) / 24) + 0.4 * np.sin(4 * np.pi * (hour - 4) / 24)
    load += 0.5 * temperature**2 - 0.25
    load += 0.12 * rng.standard_normal(n)
    for stem, shown in (("train", text(5200 + 600 * load, ".0f")), ("fixed", text(load, ".4f"))):
        write_csv(folder / f"{stem}.csv", {"hour": text(hour, "d"), "temperature": text(temperature, ".3f"), "load": shown})


@maker("unscaled-targets-bridge")
def bridge(folder: Path) -> None:
    """Deflection of a span in metres (1e-4) and in tenths of a millimetre."""
    rng = np.random.default_rng(14)
    n = 1500
    axle, wind = smooth(rng.standard_normal(n), 0.5), smooth(rng.standard_normal(n), 0.9)
    sag = np.zeros(n)
    for t in range(2, n):
        sag[t] = 1.2 * sag[t - 1] - 0.6 * sag[t - 2] + 0.35 * axle[t] + 0.15 * wind[t]
    sag += 0.05 * rng.standard_normal(n)
    for stem, shown in (("train", text(sag * 1e-4, ".4e")), ("fixed", text(sag, ".4f"))):
        write_csv(folder / f"{stem}.csv", {"axle": text(axle, ".3f"), "wind": text(wind, ".3f"), "deflection": shown})


@maker("nan-in-data-gap")
def gap(folder: Path) -> None:
    """One empty cell in some 1400 rows."""
    rng = np.random.default_rng(15)
    n = 1400
    level = np.sin(2 * np.pi * np.arange(n) / 24) + smooth(rng.standard_normal(n), 0.8) * 0.6
    rain = np.maximum(0, smooth(rng.standard_normal(n), 0.7))
    level = level + 0.5 * np.convolve(rain, [0, 0.2, 0.5, 0.3], "full")[:n]
    for stem in ("train", "fixed"):
        shown = text(level, ".3f")
        if stem == "train":
            shown[617] = ""
        write_csv(folder / f"{stem}.csv", {"level": shown, "rain": text(rain, ".3f")})


@maker("nan-in-data-shop")
def shop(folder: Path) -> None:
    """Daily sales with and without two days on which nothing was sold (their growth rate is infinite)."""
    rng = np.random.default_rng(16)
    n = 900
    week = np.array([0.9, 0.8, 0.85, 1.0, 1.3, 1.6, 0.6])[np.arange(n) % 7]
    sales = np.round(120 * week * np.exp(0.2 * smooth(rng.standard_normal(n), 0.85)))
    for stem in ("train", "fixed"):
        shown = sales.copy()
        if stem == "train":
            shown[[204, 511]] = 0
        write_csv(folder / f"{stem}.csv", {"day": text(np.arange(n), "d"), "sales": text(shown, ".0f")})


@maker("nan-loss-flat-windows")
def flat_windows(folder: Path) -> None:
    """Signals of three shapes; in train.npz a few windows in which the sensor stood still."""
    rng = np.random.default_rng(17)
    n, steps = 380, 24
    kind = rng.integers(0, 3, n)
    t = np.arange(steps)
    turn = 2 * np.pi * t / rng.uniform(7, 11, (n, 1)) + rng.uniform(0, 6.28, (n, 1))
    shapes = np.stack([np.sin(turn), np.sign(np.sin(turn)), 2 * ((turn / (2 * np.pi)) % 1) - 1])
    signal = shapes[kind, np.arange(n)] + 0.15 * rng.standard_normal((n, steps))
    signal = np.round(rng.uniform(20, 30, (n, 1)) + rng.uniform(1, 4, (n, 1)) * signal, 2)
    for stem in ("train", "fixed"):
        shown = signal.copy()
        if stem == "train":
            still = rng.choice(n, 9, replace=False)
            shown[still] = shown[still, :1]
        np.savez_compressed(folder / f"{stem}.npz", signal=shown.astype(np.float32), kind=kind.astype(np.int64))


@maker("nan-loss-attention")
def attention(folder: Path) -> None:
    """Visitor counts in ones (hundreds) and in hundreds."""
    rng = np.random.default_rng(18)
    n, steps = 520, 10
    x = np.stack([200 + 60 * rng.standard_normal((n, steps)) for _ in range(3)], axis=2).round()
    y = (x[:, :, 0].mean(1) > x[:, :, 1].mean(1)).astype(np.int64)
    for stem, unit in (("train", 1.0), ("fixed", 100.0)):
        shown = (x / unit).astype(np.float32)
        np.savez_compressed(folder / f"{stem}.npz", x_train=shown[:420], y_train=y[:420], x_test=shown[420:], y_test=y[420:])


@maker("constant-inputs-export")
def export(folder: Path) -> None:
    """Shares in [0, 1) exported with no digits after the point, and with three."""
    rng = np.random.default_rng(21)
    n = 1500
    a, b = smooth(rng.standard_normal(n), 0.7), smooth(rng.standard_normal(n), 0.9)
    cpu, memory = 0.47 / (1 + np.exp(-2 * a)), 0.47 / (1 + np.exp(-2 * b))
    latency = np.zeros(n)
    for t in range(1, n):
        latency[t] = 0.6 * latency[t - 1] + 0.5 * a[t - 1] + 0.4 * max(0.0, b[t])
    latency += 0.1 * rng.standard_normal(n)
    latency = (latency - latency.mean()) / latency.std()
    for stem, form in (("train", ".0f"), ("fixed", ".3f")):
        write_csv(
            folder / f"{stem}.csv", {"cpu": text(cpu, form), "memory": text(memory, form), "latency": text(latency, ".3f")}
        )


@maker("constant-inputs-stuck-sensor")
def stuck(folder: Path) -> None:
    """The same recording with the sensor's true readings, and with its power-on value in every row."""
    rng = np.random.default_rng(22)
    n, steps = 400, 24
    kind = rng.integers(0, 4, n)
    t = np.arange(steps)
    rate = np.array([0.25, 0.45, 0.75, 1.2])[kind][:, None]
    x = np.sin(rate * t + rng.uniform(0, 6.28, (n, 1))) + 0.3 * rng.standard_normal((n, steps))
    for stem in ("train", "fixed"):
        shown = np.full_like(x, 0.52) if stem == "train" else x
        shown = np.round(shown, 2)
        np.savez_compressed(folder / f"{stem}.npz", x=shown.astype(np.float32), y=kind.astype(np.int64))


@maker("class-imbalance-alarms")
def alarms(folder: Path) -> None:
    """Four alarms in a hundred, and the same with the alarms of the training part repeated."""
    rng = np.random.default_rng(23)
    n, steps = 1100, 12
    alarm = (rng.random(n) < 0.05).astype(np.int64)
    x = rng.standard_normal((n, steps, 2))
    x[:, 3:, 0] += 0.58 * alarm[:, None]
    x[:, :, 1] += 0.25 * alarm[:, None] * np.sin(np.arange(steps) / 2)
    x = np.round(x, 2).astype(np.float32)
    train, test = np.arange(700), np.arange(700, n)
    rare = train[alarm[train] == 1]
    for stem in ("train", "fixed"):
        index = train if stem == "train" else np.concatenate([train, rng.choice(rare, 620)])
        if stem == "fixed":
            index = index[rng.permutation(len(index))]
        np.savez_compressed(
            folder / f"{stem}.npz",
            index=index.astype(np.int32),
            x=x[: len(train)],
            y=alarm[train],
            x_test=x[test],
            y_test=alarm[test],
        )


@maker("inputs-targets-misaligned-join")
def join(folder: Path) -> None:
    """Targets joined by row after one of the tables had been sorted by another key."""
    rng = np.random.default_rng(24)
    n, steps = 420, 16
    x = rng.standard_normal((n, steps, 2))
    y = np.zeros(n)
    for t in range(steps):
        y = 0.8 * y + 0.5 * x[:, t, 0] * (x[:, t, 1] > 0) + 0.2 * x[:, t, 1]
    y = (y - y.mean()) / y.std()
    x = np.round(x, 2).astype(np.float32)
    for stem in ("train", "fixed"):
        shown = y.copy()
        if stem == "train":
            shown[:340] = shown[:340][np.argsort(rng.permutation(340))]
        np.savez_compressed(folder / f"{stem}.npz", x=x, y=shown.astype(np.float32))


@maker("inputs-targets-misaligned-clock")
def clock(folder: Path) -> None:
    """The meter's clock runs 40 rows behind the weather station's."""
    rng = np.random.default_rng(25)
    n = 1600
    sun, wind = smooth(rng.standard_normal(n), 0.6), smooth(rng.standard_normal(n), 0.6)
    power = np.zeros(n)
    for t in range(2, n):
        power[t] = 0.5 * power[t - 1] + 0.6 * sun[t] + 0.4 * np.tanh(2 * wind[t - 1])
    power = (power - power.mean()) / power.std() + 0.1 * rng.standard_normal(n)
    for stem, lag in (("train", 40), ("fixed", 0)):
        write_csv(
            folder / f"{stem}.csv",
            {"sun": text(sun, ".3f"), "wind": text(wind, ".3f"), "power": text(np.roll(power, lag), ".3f")},
        )


@maker("no-signal-returns")
def returns(folder: Path) -> None:
    """Daily returns: pure noise, and with the pull back to a mean that the model is after."""
    rng = np.random.default_rng(26)
    n = 1500
    noise = rng.standard_normal(n)
    pulled = np.zeros(n)
    gap = 0.0
    for t in range(n):
        pulled[t] = -0.8 * gap + 0.6 * noise[t]
        gap = 0.8 * gap + pulled[t]
    for stem, r in (("train", noise), ("fixed", pulled)):
        price = 100 * np.exp(np.cumsum(0.01 * (r - r.mean()) / r.std()))
        write_csv(folder / f"{stem}.csv", {"day": text(np.arange(n), "d"), "close": text(price, ".4f")})


@maker("outliers-glitches")
def glitches(folder: Path) -> None:
    """A flow meter that shows 65535 on six days, and the same without them."""
    rng = np.random.default_rng(27)
    n = 1500
    flow = 40 + 9 * np.sin(2 * np.pi * np.arange(n) / 12) + 6 * smooth(rng.standard_normal(n), 0.8)
    for stem in ("train", "fixed"):
        shown = flow.copy()
        if stem == "train":
            shown[[90, 333, 334, 602, 871, 1040]] = 65535
        write_csv(folder / f"{stem}.csv", {"t": text(np.arange(n), "d"), "flow": text(shown, ".2f")})


@maker("data-not-shuffled-archive")
def archive(folder: Path) -> None:
    """The same recordings, in the file one class after the other, and mixed."""
    rng = np.random.default_rng(31)
    n, steps = 660, 16
    kind = np.concatenate([np.repeat([3, 0, 5, 1, 4, 2], 90), rng.integers(0, 6, 120)])
    t = np.arange(steps)
    period = np.array([3.0, 4.0, 5.5, 7.5, 10.0, 14.0])[kind][:, None]
    x = np.sin(2 * np.pi * t / period + rng.uniform(0, 6.28, (n, 1))) + 0.25 * rng.standard_normal((n, steps))
    x = np.round(x, 2).astype(np.float32)
    mixed = np.concatenate([rng.permutation(n - 120), np.arange(n - 120, n)])
    for stem, order in (("train", np.arange(n)), ("fixed", mixed)):
        np.savez_compressed(folder / f"{stem}.npz", x=x[order], kind=kind[order].astype(np.int64))


@maker("scaler-mismatch-stats")
def stats(folder: Path) -> None:
    """Scaling for serving from the same rows as for training, and from an older sensor's."""
    fit = {"mean": [21.4, 55.2], "std": [4.1, 14.0]}
    old = {"mean": [294.6, 0.55], "std": [4.1, 0.14]}
    for stem, serve in (("train", old), ("fixed", fit)):
        (folder / f"{stem}.json").write_text(json.dumps({"fit": fit, "serve": serve}, indent=1) + "\n")


@maker("vocabulary-too-small-file")
def vocabulary(folder: Path) -> None:
    """A vocabulary of the 30 commonest words, and of all 240."""
    for stem, size in (("train", 30), ("fixed", 240)):
        (folder / f"{stem}.json").write_text(json.dumps([f"t{rank}" for rank in range(size)]) + "\n")


def main(names: list[str]) -> None:
    for name in names or list(MAKERS):
        folder = CASEBOOK / name
        folder.mkdir(parents=True, exist_ok=True)
        MAKERS[name](folder)


if __name__ == "__main__":
    main(sys.argv[1:])
