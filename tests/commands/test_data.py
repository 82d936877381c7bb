"""`lossdoctor data`: sick files, their healthy twins, healthy files that look sick, and what cannot be read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from lossdoctor.commands import run_cli

ROOT = Path(__file__).resolve().parents[2]
N = 1200
Columns = Mapping[str, Iterable[Any]]


def written(path: Path, columns: Columns) -> Path:
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(str(cell) for cell in row) for row in rows)]) + "\n")
    return path


def looked(file: Path, *words: str) -> tuple[int, dict[str, Any]]:
    out = file.parent / "out"
    status = run_cli(["data", str(file), "--out", str(out), "--format", "json", *words])
    return status, json.loads((out / "report.json").read_text())


def said(report: dict[str, Any]) -> dict[str, str]:
    return {f["cause"]: f["severity"] for f in report["findings"]}


def why_healthy(report: dict[str, Any], cause: str) -> str:
    return next((h["why"] for h in report["healthy"] if h["cause"] == cause), "")


def dates(count: int) -> list[str]:
    return [str(np.datetime64("2020-01-01T00:00") + np.timedelta64(k, "h")).replace("T", " ") for k in range(count)]


def wave(seed: int = 0, noise: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(N) * 2 * np.pi / 12) + noise * rng.standard_normal(N)


def smooth(seed: int, keep: float = 0.9) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = np.zeros(N)
    for t in range(1, N):
        out[t] = keep * out[t - 1] + np.sqrt(1 - keep**2) * rng.standard_normal()
    return out


# ------------------------------------------------------------------------------------------------ sick, and their twins


def test_gaps_are_a_warning_infinities_an_error(tmp_path: Path) -> None:
    value = wave()
    status, report = looked(written(tmp_path / "whole.csv", {"time": dates(N), "value": value}))
    assert status == 0 and report["verdict"] == "fit" and said(report) == {}
    holes = [f"{v:.4f}" if k % 17 else ("NA" if k % 2 else "") for k, v in enumerate(value)]
    status, report = looked(written(tmp_path / "holes.csv", {"time": dates(N), "value": holes}))
    assert status == 0 and said(report) == {"nan-in-data": "warning"}
    assert report["data"]["columns"][1]["missing"] == 71 and "value" in report["findings"][0]["summary"]
    assert "gets skill" in why_healthy(report, "no-signal")  # what is there is judged all the same
    endless = [f"{v:.4f}" if k != 100 else "inf" for k, v in enumerate(value)]
    file = written(tmp_path / "endless.csv", {"time": dates(N), "value": endless})
    status, report = looked(file)
    assert status == 1 and report["verdict"] == "unfit" and said(report)["nan-in-data"] == "error"
    assert looked(file, "--exit-zero")[0] == 0


def test_a_target_that_never_changes(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", {"time": dates(N), "load": wave(), "target": [3.5] * N})
    status, report = looked(file)
    assert status == 1 and said(report)["no-signal"] == "error" and "never changes" in report["findings"][0]["summary"]
    assert looked(file, "--target", "load")[0] == 0
    status, report = looked(written(tmp_path / "b.csv", {"a": [1.0] * N, "b": [2.0] * N}))
    assert status == 1 and said(report)["no-signal"] == "error"


def test_inputs_that_never_change(tmp_path: Path) -> None:
    file = written(tmp_path / "stuck.csv", {"time": dates(N), "cpu": [0.4] * N, "memory": [0.7] * N, "delay": wave()})
    status, report = looked(file)
    assert status == 0 and said(report) == {"constant-inputs": "warning"} and "cpu, memory" in report["findings"][0]["summary"]
    report = looked(written(tmp_path / "one.csv", {"time": dates(N), "cpu": smooth(20), "memory": [0.7] * N, "delay": wave()}))[1]
    assert said(report) == {} and any(note.startswith("memory never changes") for note in report["notes"])


def test_noise_is_told_from_signal(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal(N)
    status, report = looked(written(tmp_path / "noise.csv", {"value": noise}))
    assert status == 0 and said(report) == {"no-signal": "warning"}  # that nothing was found is no proof
    assert report["data"]["best_window"] is None
    assert "no-signal" not in said(looked(written(tmp_path / "wave.csv", {"value": wave()}))[1])


def test_unrelated_wanderers_tell_nothing_of_each_other(tmp_path: Path) -> None:
    """Two slow series that have nothing to do with each other: neighbouring windows on both sides of a split would find much."""
    file = written(tmp_path / "a.csv", {"x": smooth(1, 0.98), "y": (smooth(2, 0.98) > 0).astype(int)})
    report = looked(file, "--target", "y", "--horizon", "0")[1]
    assert said(report).get("no-signal") == "warning"


def test_scale_is_at_most_a_warning(tmp_path: Path) -> None:
    pascal = 101325 + 820 * smooth(3)
    status, report = looked(written(tmp_path / "pascal.csv", {"time": dates(N), "flow": smooth(4), "pressure": pascal}))
    assert status == 0 and said(report) == {"unscaled-inputs": "warning", "unscaled-targets": "warning"}
    assert "pressure" in report["findings"][0]["summary"] and report["findings"][0]["fixes"]
    scaled = (pascal - pascal.mean()) / pascal.std()
    report = looked(written(tmp_path / "scaled.csv", {"time": dates(N), "flow": smooth(4), "pressure": scaled}))[1]
    assert said(report) == {}


def test_a_window_that_is_too_short(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal(N)
    y = np.concatenate([rng.standard_normal(9), x[:-9]]) + 0.1 * rng.standard_normal(N)
    file = written(tmp_path / "a.csv", {"time": dates(N), "x": x, "y": y})
    status, report = looked(file, "--target", "y", "--window", "4")
    assert status == 0 and said(report)["sequence-too-short"] == "warning"
    curve = {w["window"]: w["skill"] for w in report["data"]["windows"]}
    assert curve[4] < 0.1 < 0.9 < curve[16] and report["data"]["best_window"] == 16
    assert "sequence-too-short" not in said(looked(file, "--target", "y", "--window", "16")[1])


def test_a_column_that_knows_the_future(tmp_path: Path) -> None:
    y = smooth(6, 0.7)
    x = smooth(7)
    ahead = np.concatenate([y[1:], [0.0]])
    report = looked(written(tmp_path / "leak.csv", {"time": dates(N), "x": x, "next": ahead, "y": y}), "--target", "y")[1]
    assert said(report)["leakage"] == "warning"
    near = ahead + 0.5 * np.random.default_rng(8).standard_normal(N)
    report = looked(written(tmp_path / "forecast.csv", {"time": dates(N), "x": x, "next": near, "y": y}), "--target", "y")[1]
    assert "leakage" not in said(report)


def test_spikes_in_a_sensor(tmp_path: Path) -> None:
    value = wave()
    report = looked(written(tmp_path / "clean.csv", {"value": value}))[1]
    assert "outliers" not in said(report)
    broken = value.copy()
    broken[np.random.default_rng(9).integers(0, N, 9)] = 9999.0
    status, report = looked(written(tmp_path / "spikes.csv", {"value": broken}))
    assert status == 0 and said(report)["outliers"] == "warning"
    assert 0 < report["data"]["columns"][0]["extreme"] < 0.02


def test_pairs_sorted_shuffled_apart_or_sound(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    x = rng.standard_normal((600, 20, 2)).astype(np.float32)
    y = np.digitize(x[:, -5:, 0].mean(axis=1), [-0.2, 0.2])
    np.savez(tmp_path / "sound.npz", x=x, y=y)
    status, report = looked(tmp_path / "sound.npz")
    assert status == 0 and said(report) == {} and report["data"]["form"] == "pairs" and report["data"]["classes"] == 3
    order = np.argsort(y, kind="stable")
    np.savez(tmp_path / "sorted.npz", x=x[order], y=y[order])
    status, report = looked(tmp_path / "sorted.npz")
    assert status == 0 and said(report) == {"data-not-shuffled": "warning"}
    np.savez(tmp_path / "apart.npz", x=x, y=rng.permutation(y))
    assert said(looked(tmp_path / "apart.npz")[1]) == {"no-signal": "warning"}
    np.savez(tmp_path / "off.npz", X_train=x[3:], y_train=x[:-3, -5:, 0].mean(axis=1))
    status, report = looked(tmp_path / "off.npz")
    assert status == 1 and said(report) == {"inputs-targets-misaligned": "error"}
    np.savez(tmp_path / "same.npz", x=np.ones((200, 20, 2)), y=rng.standard_normal(200))
    status, report = looked(tmp_path / "same.npz")
    assert status == 1 and said(report)["constant-inputs"] == "error"
    x[7, 3, 1] = np.nan
    np.savez(tmp_path / "nan.npz", x=x, y=y)
    status, report = looked(tmp_path / "nan.npz")
    assert status == 1 and said(report) == {"nan-in-data": "error"}  # nothing stands between pairs and the net


def test_padding_at_the_end_of_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    lengths = rng.integers(8, 30, 400)
    x = rng.standard_normal((400, 50, 3))
    y = x[:, 0, 0] + 0.1 * rng.standard_normal(400)
    front = x.copy()
    for k, length in enumerate(lengths):
        x[k, length:] = 0.0
        front[k] = np.roll(x[k], 50 - length, axis=0)
    np.savez(tmp_path / "end.npz", x=x, y=y)
    np.savez(tmp_path / "front.npz", x=front, y=y)
    assert said(looked(tmp_path / "end.npz")[1]).get("padding-dominates") == "warning"
    assert "padding-dominates" not in said(looked(tmp_path / "front.npz")[1])


def test_rare_classes(tmp_path: Path) -> None:
    x = smooth(12)
    for cut, rare in ((2.0, True), (0.0, False)):
        file = written(tmp_path / f"{cut}.csv", {"time": dates(N), "x": x, "state": np.where(x > cut, "alarm", "calm")})
        report = looked(file, "--target", "state")[1]
        assert ("class-imbalance" in said(report)) == rare and report["data"]["classes"] == 2 and report["data"]["horizon"] == 0


# ------------------------------------------------------------------------------------------------ healthy, and looking sick


def test_a_sparse_column_that_tells(tmp_path: Path) -> None:
    """Nearly always 0: no outlier, no constant, and it is what tells the target."""
    rng = np.random.default_rng(13)
    event = (rng.random(N) < 0.03).astype(int)
    answer = np.convolve(event, [0, 0, 1.0, 0.8, 0.5, 0.2])[:N] + 0.05 * rng.standard_normal(N)
    report = looked(written(tmp_path / "a.csv", {"time": dates(N), "event": event, "answer": answer}), "--target", "answer")[1]
    assert report["verdict"] == "fit" and not set(said(report)) - {"unscaled-targets"}
    alone = looked(written(tmp_path / "b.csv", {"event": event * 3.0}), "--window", "12")[1]
    assert not set(said(alone)) & {"padding-dominates", "constant-inputs", "outliers"}
    assert report["data"]["inputs"] == ["event", "answer"] and report["baselines"]["ridge on 24 rows"] > 0.7


def test_counts_with_a_heavy_tail(tmp_path: Path) -> None:
    """Bursts are what the series is about: a ridge forecasts them, so nothing is to be cut off."""
    level = np.exp(1.2 * smooth(14, 0.97) + 1)
    counts = np.random.default_rng(15).poisson(level)
    report = looked(written(tmp_path / "a.csv", {"time": dates(N), "calls": counts}))[1]
    assert report["verdict"] == "fit" and set(said(report)) <= {"unscaled-inputs", "unscaled-targets"}


def test_a_random_walk_is_no_fault_and_no_skill(tmp_path: Path) -> None:
    walk = np.cumsum(np.random.default_rng(16).standard_normal(N)) / 20
    status, report = looked(written(tmp_path / "a.csv", {"time": dates(N), "price": walk}))
    assert status == 0 and not set(said(report)) & {"no-signal", "data-not-shuffled", "leakage", "sequence-too-short"}
    assert any("no more than that" in note and "predict the change" in note for note in report["notes"])


def test_a_counter_is_no_trend(tmp_path: Path) -> None:
    """It rises as a trend does, and tells the place of the row alone: neither an input nor what is to be told."""
    report = looked(written(tmp_path / "a.csv", {"value": wave(), "n": range(5000, 5000 + 3 * N, 3)}))[1]
    data = report["data"]
    assert data["clock"]["column"] == "n" and data["target"] == "value" and data["inputs"] == ["value"] and said(report) == {}
    line = looked(written(tmp_path / "b.csv", {"value": np.arange(N) * 0.5}))[1]
    assert line["data"]["target"] == "value" and line["verdict"] == "fit"  # alone it is the series


def test_series_one_after_the_other(tmp_path: Path) -> None:
    rng = np.random.default_rng(17)
    kind = rng.integers(0, 2, 120)
    x = np.concatenate([np.sin(np.arange(10) * (0.5 + k)) + 0.2 * rng.standard_normal(10) for k in kind])
    file = written(tmp_path / "a.csv", {"id": np.repeat(range(120), 10), "step": list(range(10)) * 120, "x": x, "label": np.repeat(kind, 10)})
    data = looked(file, "--window", "6")[1]["data"]
    assert data["inputs"] == ["x"] and data["target"] == "label" and data["samples"] == 120 * 5
    assert {c["name"]: c["why"] for c in data["columns"]}["id"] == "names the series"


# ------------------------------------------------------------------------------------------------ time


def test_the_clock(tmp_path: Path) -> None:
    when, value = dates(N), wave()
    rows = [k for k in range(N) if not 300 <= k < 310]
    rows.insert(50, 49)
    report = looked(written(tmp_path / "gaps.csv", {"when": [when[k] for k in rows], "value": value[rows]}))[1]
    clock = report["data"]["clock"]
    assert (clock["column"], clock["step"], clock["gaps"], clock["longest_gap"], clock["duplicates"]) == ("when", "1 h", 1, "11 h", 1)
    assert any("gap" in note for note in report["notes"])
    report = looked(written(tmp_path / "newest.csv", {"when": when[::-1], "value": value[::-1]}))[1]
    assert any("newest first" in note for note in report["notes"])


def test_the_hour_of_the_day_goes_on_after_midnight(tmp_path: Path) -> None:
    data = looked(written(tmp_path / "a.csv", {"time": [f"{k % 24:02d}:00" for k in range(N)], "value": wave()}))[1]["data"]
    assert data["clock"]["regular"] == 1.0 and data["clock"]["backwards"] == 0 and data["samples"] == N - 24


def test_too_little_to_say_anything(tmp_path: Path) -> None:
    report = looked(written(tmp_path / "a.csv", {"value": wave()[:30]}))[1]
    assert report["verdict"] == "fit" and "too few" in report["answer"] and {"no-signal"} <= {n["cause"] for n in report["not_judged"]}


def test_months_are_regular(tmp_path: Path) -> None:
    months = [f"{1949 + k // 12}-{k % 12 + 1:02d}" for k in range(144)]
    clock = looked(written(tmp_path / "a.csv", {"Month": months, "n": wave()[:144]}))[1]["data"]["clock"]
    assert clock["step"] == "1 month" and clock["gaps"] == 0 and clock["regular"] == 1.0


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("kind", ["semicolon", "tabs", "blanks", "bare", "gzip", "bom", "npy", "npz", "json", "jsonl", "utf16"])
def test_one_series_in_many_files(tmp_path: Path, kind: str) -> None:
    x, y = np.round(smooth(18), 3), np.round(wave(), 3)
    table = [f"{a},{b}" for a, b in zip(x, y, strict=True)]
    text = "\n".join(["x,y", *table]) + "\n"
    file = tmp_path / "a.csv"
    if kind == "semicolon":
        file.write_text(text.replace(",", ";").replace(".", ","))
    elif kind == "tabs":
        file.write_text("# measured in May\n" + text.replace(",", "\t"))
    elif kind == "blanks":
        file.write_text(text.replace(",", "  "))
    elif kind == "bare":
        file.write_text("\n".join(table))
    elif kind == "gzip":
        file = tmp_path / "a.csv.gz"
        file.write_bytes(gzip.compress(text.encode()))
    elif kind == "bom":
        file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    elif kind == "utf16":
        file.write_text(text, encoding="utf-16")
    elif kind == "npy":
        file = tmp_path / "a.npy"
        np.save(file, np.stack([x, y], axis=1))
    elif kind == "npz":
        file = tmp_path / "a.npz"
        np.savez(file, x=x, y=y)
    else:
        rows = [{"x": float(a), "y": float(b)} for a, b in zip(x, y, strict=True)]
        file = tmp_path / f"a.{kind}"
        file.write_text(json.dumps(rows) if kind == "json" else "\n".join(map(json.dumps, rows)))
    named = "column 2" if kind in ("bare", "npy") else "y"
    status, report = looked(file)
    data = report["data"]
    assert status == 0 and data["rows"] == N and data["target"] == named and len(data["inputs"]) == 2
    assert data["columns"][1]["mean"] == pytest.approx(float(y.mean())) and data["columns"][0]["low"] == pytest.approx(float(x.min()))


def test_stray_words_count_as_missing(tmp_path: Path) -> None:
    value = [f"{v:.3f}" if k % 100 else "offline" for k, v in enumerate(wave())]
    report = looked(written(tmp_path / "a.csv", {"value": value}))[1]
    assert report["data"]["columns"][0]["missing"] == 12 and any("offline" in note for note in report["notes"])


def bad(kind: str, folder: Path) -> tuple[Path, list[str]]:
    file = folder / "bad.csv"
    if kind == "folder":
        return folder, []
    if kind == "empty":
        file.write_text("")
    elif kind == "blank":
        file.write_text("\n\n")
    elif kind == "words":
        file.write_text("name,city\nann,rome\nbob,oslo\n")
    elif kind == "one row":
        file.write_text("a,b\n")
    elif kind == "few rows":
        file.write_text("a\n1\n2\n")
    elif kind == "junk":
        file.write_bytes(bytes(range(256)) * 40)
    elif kind == "cut gzip":
        file.write_bytes(gzip.compress(b"a,b\n1,2\n" * 1000)[:40])
    elif kind == "objects":
        file = folder / "bad.npy"
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    elif kind == "not npy":
        file = folder / "bad.npy"
        file.write_text("1,2,3")
    elif kind == "not npz":
        file = folder / "bad.npz"
        file.write_bytes(b"PK\x03\x04 no")
    elif kind == "windows alone":
        file = folder / "bad.npy"
        np.save(file, np.zeros((5, 4, 3)))
    elif kind == "no pairs":
        file = folder / "bad.npz"
        np.savez(file, x=np.zeros((5, 4, 3)), y=np.zeros(6))
    elif kind == "not json":
        file = folder / "bad.json"
        file.write_text("{oops")
    elif kind in ("target", "time", "window"):
        written(file, {"load": wave(), "heat": wave()})
        return file, {"target": ["--target", "lod"], "time": ["--time", "clock"], "window": ["--window", "5000"]}[kind]
    elif kind == "format":
        return written(file, {"load": wave()}), ["--format", "txet"]
    return file, []


BAD = {
    "missing": "there is no file", "folder": "is a folder", "empty": "is empty", "blank": "is empty", "words": "name, city", "one row": "single row",
    "few rows": "too few", "junk": "no text", "cut gzip": "damaged", "objects": "Python objects", "not npy": "cannot be read", "not npz": "cannot be read",
    "windows alone": "targets are not there", "no pairs": "no pairs", "not json": "neither JSON", "target": "did you mean load", "time": "load, heat",
    "window": "too few", "format": "did you mean text",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_sentence(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    file, words = bad(kind, tmp_path)
    status = run_cli(["data", str(file), "--out", str(tmp_path / "out"), *words])
    told = capsys.readouterr()
    assert status == 2 and not told.out and told.err.count("\n") == 1
    assert BAD[kind].lower() in told.err.lower() and "Traceback" not in told.err


def test_a_large_file_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossdoctor.datafile.text.MOST_CELLS", 800)
    status, report = looked(written(tmp_path / "a.csv", {"a": wave(), "b": wave(1)}))
    assert status == 0 and report["data"]["rows"] == 400 and any("first 400 rows" in note for note in report["notes"])


# ------------------------------------------------------------------------------------------------ what is written


def test_every_form_and_width(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"time": dates(N), **{f"a rather long name {k} [b]|x|": smooth(k) * 100 for k in range(30)}, "y": wave()}
    columns["y"] = [v if k % 9 else "" for k, v in enumerate(columns["y"])]
    file = written(tmp_path / "a.csv", columns)
    for width in (34, 60, 100, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        assert run_cli(["data", str(file), "--out", str(tmp_path / "out")]) == 0
        text = capsys.readouterr().out
        assert "FIT" in text and "asked" in text and max(map(len, text.splitlines())) <= min(120, max(40, width))
        assert "causes that need a watched run" in " ".join(text.split())
    assert run_cli(["data", str(file), "--out", str(tmp_path / "out"), "--format", "markdown"]) == 0
    text = capsys.readouterr().out
    assert len(text) < 4000 and "nan-in-data" in text and "asked: y" in text and "| column |" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "What the file holds" in page and "What a ridge gets" in page and "[b]|x|" in page
    assert run_cli(["report", str(tmp_path / "out"), "--format", "markdown"]) == 0
    assert capsys.readouterr().out == text
    (tmp_path / "out" / "report.json").rename(tmp_path / "report.json")
    assert run_cli(["report", str(tmp_path / "out")]) == 0 and "nan-in-data" in capsys.readouterr().out  # from the trace alone
    schema = json.loads((ROOT / "schema" / "report-1.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text()), schema)


def test_no_framework_is_imported(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", {"value": wave()})
    code = (
        "import sys; from lossdoctor.commands import run_cli; "
        f"status = run_cli(['data', {str(file)!r}, '--out', {str(tmp_path / 'out')!r}]); "
        "assert not {'torch', 'pandas', 'sklearn', 'tensorflow'} & set(sys.modules); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert done.returncode == 0, done.stderr
