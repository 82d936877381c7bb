from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from fits import fit, noise, windows
from harness import found, healthy, not_judged, said, watched
from nets import groups, sums

from lossdoctor.causes.data.scaler_mismatch import refitted
from lossdoctor.frameworks.sklearn_scalers import ScalerWatch
from lossdoctor.trace.events import ScalerUsed
from lossdoctor.trace.reader import read_trace
from lossdoctor.trace.writer import TraceWriter
from lossdoctor.words import Finding

CAUSE = "scaler-mismatch"


def test_statistics_of_another_file() -> None:
    x, y = sums(320)
    found(watched(partial(fit, x, y, asked=(4.0 * noise(300, 6, 2) + 9.0,))), CAUSE, severity="warning")


def test_both_sets_span_exactly_nought_to_one() -> None:
    x, y = sums(320)
    other = noise(64, 6, 2, seed=7)
    scaled = [(a - a.amin((0, 1))) / (a.amax((0, 1)) - a.amin((0, 1))) for a in (x, other)]
    answer = said(watched(partial(fit, scaled[0], y, epochs=10, asked=(scaled[1],))), CAUSE)
    assert isinstance(answer, Finding) and answer.severity == "warning" and "0 to 1" in answer.summary


def test_the_twin_with_one_scaler() -> None:
    x, y = sums(320)
    healthy(watched(partial(fit, x, y, asked=(noise(300, 6, 2),))), CAUSE)


def test_a_series_that_has_risen_since() -> None:
    series = noise(420, 1) * 0.1 + np.linspace(0, 4, 420)[:, None].astype("float32")
    x, y = windows(series, 8)
    healthy(watched(partial(fit, x[:300], y[:300], epochs=8, asked=(x[330:],))), CAUSE)


def drifting() -> np.ndarray:
    made = np.random.default_rng(6)
    return np.cumsum(0.2 * made.normal(size=(460, 3)), axis=0).astype("float32") / 3


def test_a_series_of_another_unit() -> None:
    """No drift makes all features twenty times as wide."""
    x, y = windows(torch.from_numpy(drifting()), 8)
    asked = 20 * x[330:]
    found(watched(partial(fit, x[:300], y[:300], epochs=8, asked=(asked,))), CAUSE, severity="warning")


def test_a_series_that_has_calmed_down_in_one_sensor() -> None:
    series = drifting()
    series[340:, 0] = series[340, 0] + 0.02 * series[340:, 0]
    x, y = windows(torch.from_numpy(series), 8)
    healthy(watched(partial(fit, x[:300], y[:300], epochs=8, asked=(x[345:],))), CAUSE)


def by_class(x: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(x[ids == k] for k in range(3))


def test_classes_that_are_tested_one_after_the_other() -> None:
    """Each lies elsewhere, as the classes do."""
    x, ids = groups(300)
    asked = by_class(*groups(300, seed=9))
    healthy(watched(partial(fit, 4 * x, ids, outputs=3, asked=(4 * asked[0], 4 * asked[1]))), CAUSE)


def test_classes_on_another_scale() -> None:
    x, ids = groups(300)
    other, _ = groups(120, seed=9)
    found(watched(partial(fit, x, ids, outputs=3, asked=(5 * other + 9, 5 * other + 9))), CAUSE, severity="warning")


def test_nothing_held_back() -> None:
    not_judged(watched(partial(fit, *sums())), CAUSE)


def scalers(folder: Path) -> list[ScalerUsed]:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    writer = TraceWriter(folder)
    watch = ScalerWatch(lambda: writer, lambda: 0)
    before = preprocessing.MinMaxScaler.fit
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 2)), rng.normal(size=(100, 2)) + 2
    plain = preprocessing.MinMaxScaler().fit_transform(train)
    watch.install(preprocessing)
    try:
        scaler = preprocessing.MinMaxScaler()
        assert np.array_equal(scaler.fit_transform(train), plain)
        scaler.inverse_transform(scaler.fit_transform(test))
        with pytest.raises(ValueError, match=r"NaN|expected|array"):
            scaler.fit(np.empty((0, 2)))
    finally:
        watch.close()
    assert preprocessing.MinMaxScaler.fit is before
    writer.close()
    return read_trace(folder).of(ScalerUsed)


def test_scalers_are_looked_at_and_left_as_they_are(tmp_path: Path) -> None:
    seen = scalers(tmp_path / "trace")
    assert [s.how for s in seen] == ["fit", "fit", "inverse"] or [s.how for s in seen if s.how != "transform"] == ["fit", "fit", "inverse"]
    fits = [s for s in seen if s.how == "fit"]
    assert [s.rows for s in fits] == [300, 100] and fits[0].scaler == fits[1].scaler
    assert all(s.file == __file__ for s in seen)
    assert refitted(fits) is not None


def test_scalers_of_inputs_and_targets_are_two(tmp_path: Path) -> None:
    first = ScalerUsed(0, 0, "MinMaxScaler", "fit", 1, 300, 1, (0.0,), (4.0,), (2.0,), (1.0,))
    second = ScalerUsed(0, 1, "MinMaxScaler", "fit", 1, 300, 1, (1.0,), (9.0,), (4.0,), (2.0,))
    assert refitted([first, second]) is None
