from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from nasty import nasty_report

from lossdoctor.reports.demo import demo_report
from lossdoctor.reports.folder import write_folder
from lossdoctor.reports.json import panels_json, read_report, report_json
from lossdoctor.reports.schema import panels_schema, report_schema
from lossdoctor.words import Arm, Evidence, Report, UserError

ROOT = Path(__file__).resolve().parents[2]

CONTRACT: dict[str, Any] = {
    "": "schema lossdoctor script framework versions seed verdict skill skill_held_back steps seconds "
    "overhead findings healthy not_judged notes trainings arms baselines",
    "findings": "id cause severity confidence explained_by summary evidence where since_step fixes proof training",
    "healthy": "cause why",
    "not_judged": "cause needs",
}


def strict(text: str) -> Any:
    def refuse(name: str) -> float:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_never_fewer_keys_than_the_contract() -> None:
    body = strict(report_json(demo_report()))
    for where, keys in CONTRACT.items():
        found = body if not where else body[where][0]
        assert set(keys.split()) <= set(found)
    first = body["findings"][0]
    assert set(first["evidence"][0]) >= {"what", "value", "healthy"}
    assert set(first["where"]) >= {"file", "line"}
    assert set(first["fixes"][0]) >= {"id", "args", "title", "snippet", "safety"}
    assert body["schema"] == 1 and body["lossdoctor"] == "0.1.0"
    assert "panels" not in body and "pages" not in body


@pytest.mark.parametrize("make", [demo_report, nasty_report])
def test_what_is_written_is_read_back(make: Any, tmp_path: Path) -> None:
    write_folder(make(), tmp_path, html=False)
    assert read_report(tmp_path) == make()
    assert read_report(tmp_path / "report.json") == make()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("make", [demo_report, nasty_report])
def test_fits_the_published_schema(make: Any) -> None:
    for text, name in ((report_json(make()), "report-1.json"), (panels_json(make()), "panels-1.json")):
        schema = json.loads((ROOT / "schema" / name).read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(strict(text), schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("findings", 0, "severity"), "fatal"),
        (("findings", 0, "confidence"), 2),
        (("findings", 0, "where", "line"), "41"),
        (("arms", 0, "curve"), [[1.0]]),
        (("schema",), 2),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[Any, ...], value: object) -> None:
    body = strict(report_json(demo_report()))
    here = body
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, report_schema())


def test_a_missing_key_is_refused() -> None:
    body = strict(report_json(demo_report()))
    for key in CONTRACT[""].split():
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in body.items() if k != key}, report_schema())


def test_the_published_schema_is_what_the_dataclasses_say() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "write_schema.py"), "--check"],
        env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert panels_schema()["$defs"]


def test_what_is_not_finite_is_null_with_a_reason_and_comes_back(tmp_path: Path) -> None:
    report = demo_report()
    first = report.findings[0]
    evidence = (Evidence("a/b~c", math.nan), Evidence("loss", -math.inf), Evidence("norm", math.inf))
    report = dataclasses.replace(
        report,
        skill=math.inf,
        baselines={"last/value": math.nan},
        findings=(dataclasses.replace(first, evidence=evidence), *report.findings[1:]),
    )
    body = strict(report_json(report))
    assert body["skill"] is None and body["baselines"]["last/value"] is None
    assert [e["value"] for e in body["findings"][0]["evidence"]] == [None, None, None]
    assert {n["was"] for n in body["not_finite"]} == {"NaN", "inf", "-inf"} and len(body["not_finite"]) == 5
    assert all(n["why"] for n in body["not_finite"])
    jsonschema.validate(body, report_schema())
    write_folder(report, tmp_path)
    back = read_report(tmp_path)
    assert back.skill == math.inf and math.isnan(back.baselines["last/value"])
    assert math.isnan(float(back.findings[0].evidence[0].value or 0))
    assert [e.value for e in back.findings[0].evidence[1:]] == [-math.inf, math.inf]


def test_a_curve_that_ends_in_nan_has_gaps() -> None:
    arm = Arm("x", {}, "x", "worse", 3, math.nan, math.nan, ((0.0, 1.0, 2.0), (0.1, math.nan, math.inf)))
    body = strict(report_json(dataclasses.replace(demo_report(), arms=(arm,))))
    assert body["arms"][0]["curve"] == [[0.0, 1.0, 2.0], [0.1, None, None]]


def test_scalars_of_an_array_library_become_plain_numbers() -> None:
    report = demo_report()
    values = (np.float32(0.5), np.int64(3), np.bool_(True), np.float64(2.0))
    evidence = tuple(Evidence("x", v) for v in values)  # type: ignore[arg-type]
    report = dataclasses.replace(report, findings=(dataclasses.replace(report.findings[0], evidence=evidence),))
    found = strict(report_json(report))["findings"][0]["evidence"]
    assert [e["value"] for e in found] == [0.5, 3, True, 2.0]


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="/versions/torch"):
        report_json(dataclasses.replace(demo_report(), versions={"torch": object()}))  # type: ignore[dict-item]


def test_a_file_name_that_is_no_utf8(tmp_path: Path) -> None:
    report = dataclasses.replace(demo_report(), script="caf\udce9.py")
    write_folder(report, tmp_path)
    assert read_report(tmp_path).script == "caf?.py"


def test_any_cut_of_the_file_is_a_sentence(tmp_path: Path) -> None:
    text = report_json(demo_report())
    file = tmp_path / "report.json"
    for cut in range(0, len(text) - 2, 487):
        file.write_text(text[:cut])
        with pytest.raises(UserError, match=r"^cannot read .*report\.json: it is damaged or cut off"):
            read_report(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2, "lossdoctor": "9.0"}, "written by a newer lossdoctor (9.0), schema 2"),
        ({"schema": None}, 'no number under "schema"'),
        ({"schema": True}, 'no number under "schema"'),
        ({"verdict": "fine"}, "verdict is 'fine', and not one of learning"),
        ({"findings": [{"cause": "x"}]}, "findings[0].severity is missing"),
        ({"findings": {}}, "findings is dict, and not a list"),
        ({"steps": "many"}, "steps is str, and not a whole number"),
        ({"seconds": "long"}, "seconds is 'long', and not a number"),
        ({"sources": {"a.py": {"x": "line"}}}, "has the key 'x', and not a number"),
    ],
)
def test_a_file_that_does_not_fit_is_a_sentence(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    body = {**strict(report_json(demo_report())), **change}
    (tmp_path / "report.json").write_text(json.dumps(body))
    with pytest.raises(UserError) as caught:
        read_report(tmp_path)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_json_that_is_no_report(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(UserError, match="holds no lossdoctor report"):
        read_report(tmp_path)


def test_no_report_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no such file\. Try lossdoctor check"):
        read_report(tmp_path)


def test_keys_of_a_later_minor_are_passed_over(tmp_path: Path) -> None:
    body = strict(report_json(demo_report()))
    body["new"] = 1
    body["findings"][0]["new"] = {"x": 1}
    (tmp_path / "report.json").write_text(json.dumps(body))
    assert read_report(tmp_path) == dataclasses.replace(demo_report(), panels=(), pages={})


def test_only_the_least_is_needed(tmp_path: Path) -> None:
    least = {"schema": 1, "script": "a.py", "framework": "torch", "verdict": "too-short", "answer": ""}
    least |= {"steps": 0, "seconds": 0}
    (tmp_path / "report.json").write_text(json.dumps(least))
    assert read_report(tmp_path) == Report("a.py", "torch", "too-short", "", 0, 0.0)


@pytest.mark.parametrize("text", ["", "{", '{"panels": [{"kind": "pie"}]}', '{"panels": 3}'])
def test_damaged_pictures_cost_the_pictures_alone(text: str, tmp_path: Path) -> None:
    write_folder(demo_report(), tmp_path, html=False)
    (tmp_path / "panels.json").write_text(text)
    back = read_report(tmp_path)
    assert back.findings == demo_report().findings and back.panels == ()
    assert back.notes[-1].startswith("pictures left out: ")
