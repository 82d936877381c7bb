"""How good is lossdoctor? Scores it on the casebook, from outside.

    python casebook/score.py --jobs 2
    python casebook/score.py --case NAME            # one case; may be given again
    python casebook/score.py --subset spread:12     # a dozen, spread over the causes
    python casebook/score.py --require-first 0.95 --require-three 0.99 --max-false-alarms 0

Talks to lossdoctor only as a user does: `python -m lossdoctor check --out DIR --format json SCRIPT`, then
reads DIR/report.json. Runs train.py and fixed.py of every case (healthy: train.py). A run that is done is
remembered under .results/ until the case or lossdoctor changes, so a score that was stopped goes on where it
was; `--resume` also keeps results of an earlier lossdoctor, `--fresh` none.
Exit status 0, or 1 when the score is below what was required, 2 when a case has not the form.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cases import CASEBOOK, RESULTS, Case, CaseError, find_cases, plain_environment, run_command, run_plain, store

SOURCE = CASEBOOK.parent / "src"


@dataclass(frozen=True)
class Finding:
    cause: str
    severity: str


@dataclass(frozen=True)
class Checked:
    """One `check` of one script. `findings` in order of rank; `error` is empty when it worked."""

    status: int
    seconds: float
    plain_seconds: float
    verdict: str = ""
    steps: int = 0
    findings: list[Finding] = field(default_factory=list)
    error: str = ""

    def alarms(self) -> list[str]:
        return [finding.cause for finding in self.findings if finding.severity == "error"]

    def rank_of(self, causes: Sequence[str]) -> int | None:
        """0-based place of the first finding that names an accepted cause."""
        return next((i for i, finding in enumerate(self.findings) if finding.cause in causes), None)


@dataclass(frozen=True)
class Totals:
    """Shares in [0, 1]. `false_alarms` counts findings of severity error on fixed.py and healthy runs."""

    sick: int
    sound: int
    first: float
    three: float
    false_alarms: int
    verdicts: float
    failures: int
    seconds: float
    plain_seconds: float
    steps: float


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="only this case (again for more)")
    parser.add_argument("--subset", default="", metavar="spread:N", help="N cases spread over the causes")
    parser.add_argument("--cause", action="append", default=[], metavar="ID", help="only cases with this cause")
    parser.add_argument("--root", type=Path, default=CASEBOOK, help="a folder of cases (default: this one)")
    parser.add_argument("--jobs", type=int, default=1, help="checks at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=180.0, help="seconds for one check")
    parser.add_argument("--fresh", action="store_true", help="do not use remembered results")
    parser.add_argument("--resume", action="store_true", help="keep results of an earlier lossdoctor too")
    parser.add_argument("--no-plain", action="store_true", help="do not time the plain scripts beside the checks")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep each run's output folder under DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--require-first", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--require-three", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--max-false-alarms", type=int, default=None, metavar="N")
    args = parser.parse_args(argv)
    try:
        cases = find_cases(args.root.resolve(), args.case)
        if args.cause:
            cases = [case for case in cases if set(args.cause) & set(case.causes)]
        cases = spread(cases, args.subset) if args.subset else cases
    except CaseError as error:
        print(f"score: {error}", file=sys.stderr)
        return 2
    tool = "any" if args.resume else source_hash()
    width = max((len(case.id) for case in cases), default=4)
    print(_row(width, "case", "expected", "first finding", "top3", "alarms", "verdict", "steps", "check s", "plain s"))
    table: dict[str, dict[str, Checked]] = {}
    with ThreadPoolExecutor(max_workers=args.jobs) as pool:
        pending = {
            (case.id, script): pool.submit(check, case, script, args, tool) for case in cases for script in case.scripts
        }
        for case in cases:
            table[case.id] = {script: pending[case.id, script].result() for script in case.scripts}
            _print_case(width, case, table[case.id])
    totals = total(cases, table)
    _print_totals(totals)
    _print_by_readability(cases, table)
    if args.json:
        args.json.write_text(json.dumps(_as_json(cases, table, totals), indent=1))
    return 0 if good_enough(totals, args.require_first, args.require_three, args.max_false_alarms) else 1


def check(case: Case, script: str, args: argparse.Namespace, tool: str) -> Checked:
    """One script under `lossdoctor check`, or what was remembered of it."""
    stem = f"check-{case.id}-{Path(script).stem}-{args.seed}-{case.content_hash(script)}"
    stored = RESULTS / f"{stem}-{tool}.json"
    if args.resume:
        known = sorted(RESULTS.glob(f"{stem}-*.json"), key=lambda path: path.stat().st_mtime)
        stored = known[-1] if known else stored
    if stored.is_file() and not args.fresh:
        record = json.loads(stored.read_text())
        record["findings"] = [Finding(**finding) for finding in record["findings"]]
        return Checked(**record)
    plain_seconds = 0.0 if args.no_plain else run_plain(case, script, args.seed, args.timeout).seconds
    env = plain_environment(args.seed)
    if SOURCE.is_dir():
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SOURCE), env.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory() as scratch:
        out = args.keep.resolve() / case.id / Path(script).stem if args.keep else Path(scratch) / "out"
        out.mkdir(parents=True, exist_ok=True)
        cwd = Path(scratch) / "cwd"
        cwd.mkdir()
        command = [sys.executable, "-m", "lossdoctor", "check", "--out", str(out), "--format", "json"]
        (out / "report.json").unlink(missing_ok=True)
        status, stdout, stderr, seconds = run_command([*command, str(case.folder / script)], env, cwd, args.timeout)
        result = _read(out / "report.json", status, round(seconds, 2), plain_seconds, (stderr or stdout).strip())
    if not result.error:
        store(stored, asdict(result))
    return result


def _read(report: Path, status: int, seconds: float, plain_seconds: float, tail: str) -> Checked:
    if status not in (0, 1):
        return Checked(status, seconds, plain_seconds, error=tail[-400:] or f"exit status {status}")
    try:
        table = json.loads(report.read_text())
        return Checked(
            status, seconds, plain_seconds, table["verdict"], int(table["steps"]),
            [Finding(finding["cause"], finding["severity"]) for finding in table["findings"]],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"report.json: {type(error).__name__}: {error}"
        return Checked(status, seconds, plain_seconds, error=f"{tail[-400:]}\n{why}")


def source_hash() -> str:
    """Changes when lossdoctor does."""
    digest = hashlib.sha256()
    for path in sorted((SOURCE / "lossdoctor").rglob("*.py")):
        digest.update(str(path.relative_to(SOURCE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def spread(cases: list[Case], subset: str) -> list[Case]:
    """`spread:N`: first one case of every cause in turn, then a second one ..., evenly thinned to N.

    The same N always gives the same cases. Raises CaseError for another form.
    """
    kind, _, number = subset.partition(":")
    if kind != "spread" or not number.isdigit() or int(number) < 1:
        raise CaseError(f"--subset {subset!r}: the form is spread:N")
    by_cause: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: (case.causes[0], case.id)):
        by_cause.setdefault(case.causes[0], []).append(case)
    wanted = min(int(number), len(cases))
    healthy = by_cause.pop("healthy", [])
    # Healthy cases keep their share, so that false alarms weigh as much as in the whole book.
    sound = _thin(healthy, min(len(healthy), round(wanted * len(healthy) / max(1, len(cases)))))
    sick: list[Case] = []
    depth = 0
    while len(sick) < wanted - len(sound) and any(len(group) > depth for group in by_cause.values()):
        layer = [group[depth] for group in by_cause.values() if len(group) > depth]
        sick += _thin(layer, min(len(layer), wanted - len(sound) - len(sick)))
        depth += 1
    return sorted(sick + sound, key=lambda case: case.id)


def _thin(cases: list[Case], count: int) -> list[Case]:
    return [cases[i * len(cases) // count] for i in range(count)]


def total(cases: list[Case], table: dict[str, dict[str, Checked]]) -> Totals:
    sick = [(case, table[case.id]["train.py"]) for case in cases if not case.healthy]
    sound = [(case, checked) for case in cases for script, checked in table[case.id].items()
             if case.healthy or script == "fixed.py"]  # fmt: skip
    runs = [checked for scripts in table.values() for checked in scripts.values()]
    ranks = [checked.rank_of(case.causes) for case, checked in sick]
    right = [verdict_right(case, script, checked) for case in cases for script, checked in table[case.id].items()]
    worked = [checked for checked in runs if not checked.error]
    return Totals(
        sick=len(sick),
        sound=len(sound),
        first=_share([rank == 0 for rank in ranks]),
        three=_share([rank is not None and rank < 3 for rank in ranks]),
        false_alarms=sum(len(checked.alarms()) for _, checked in sound),
        verdicts=_share(right),
        failures=len(runs) - len(worked),
        seconds=statistics.median([checked.seconds for checked in worked] or [0.0]),
        plain_seconds=statistics.median([checked.plain_seconds for checked in worked] or [0.0]),
        steps=statistics.median([checked.steps for checked in worked] or [0]),
    )


def verdict_right(case: Case, script: str, checked: Checked) -> bool:
    return checked.verdict in (case.verdict_fixed if script == "fixed.py" else case.verdict)


def good_enough(totals: Totals, first: float, three: float, false_alarms: int | None) -> bool:
    """A check that could not be done is a miss, and, on a sound run, cannot count as silence."""
    silent = false_alarms is None or (totals.false_alarms <= false_alarms and totals.failures == 0)
    return totals.first >= first and totals.three >= three and silent


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else 1.0


def _print_case(width: int, case: Case, scripts: dict[str, Checked]) -> None:
    for script, checked in scripts.items():
        sick = script == "train.py" and not case.healthy
        rank = checked.rank_of(case.causes)
        first = checked.findings[0].cause if checked.findings else "-"
        if checked.error:
            first = "FAILED"
        mark = "" if not sick else "first" if rank == 0 else "yes" if rank is not None and rank < 3 else "NO"
        alarms = "" if sick else (",".join(checked.alarms()) or "0")
        verdict = checked.verdict + ("" if verdict_right(case, script, checked) else " WRONG")
        expected = "/".join(case.causes) if sick else "healthy"
        name = case.id if script == "train.py" else "  fixed"
        print(_row(width, name, expected, first, mark, alarms, verdict, str(checked.steps),
                   f"{checked.seconds:.1f}", f"{checked.plain_seconds:.1f}"))  # fmt: skip
        if checked.error:
            print("    " + "\n    ".join(checked.error.strip().splitlines()[-2:]))
    sys.stdout.flush()


def _row(width: int, *cells: str) -> str:
    widths = (width, 28, 28, 6, 10, 20, 6, 8, 8)
    return "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True)).rstrip()


def _print_totals(totals: Totals) -> None:
    print()
    print(f"cause named first        {totals.first:7.1%}   of {totals.sick} sick runs")
    print(f"cause in the first three {totals.three:7.1%}")
    print(f"false alarms             {totals.false_alarms:5d}     on {totals.sound} sound runs")
    print(f"verdict right            {totals.verdicts:7.1%}")
    print(f"could not be checked     {totals.failures:5d}")
    print(f"median                   {totals.seconds:6.1f} s a check, {totals.plain_seconds:.1f} s the plain script, "
          f"{totals.steps:.0f} steps")  # fmt: skip


def _print_by_readability(cases: list[Case], table: dict[str, dict[str, Checked]]) -> None:
    """What stands in the text, and what only the data, a setting or a checkpoint tell."""
    for readable in (True, False):
        ranks = [table[c.id]["train.py"].rank_of(c.causes) for c in cases if not c.healthy and c.readable is readable]
        if ranks:
            first, three = _share([r == 0 for r in ranks]), _share([r is not None and r < 3 for r in ranks])
            kind = "readable" if readable else "unreadable"
            print(f"{kind:<24} {first:7.1%}   first, {three:.1%} in the first three, of {len(ranks)}")


def _as_json(cases: list[Case], table: dict[str, dict[str, Checked]], totals: Totals) -> dict[str, object]:
    return {
        "totals": asdict(totals),
        "cases": {
            case.id: {
                "causes": list(case.causes),
                "readable": case.readable,
                "runs": {script: asdict(checked) for script, checked in table[case.id].items()},
            }
            for case in cases
        },
    }


if __name__ == "__main__":
    sys.exit(main())
