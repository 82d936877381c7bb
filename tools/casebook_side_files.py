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


def main(names: list[str]) -> None:
    for name in names or list(MAKERS):
        folder = CASEBOOK / name
        folder.mkdir(parents=True, exist_ok=True)
        MAKERS[name](folder)


if __name__ == "__main__":
    main(sys.argv[1:])
