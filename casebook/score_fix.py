"""Do lossdoctor's patches cure? Scores `fix` on the sick cases, from outside.

    python casebook/score_fix.py --jobs 2
    python casebook/score_fix.py --case NAME --subset spread:6 --require-fixed 0.8

Each sick case is copied to a scratch folder, `python -m lossdoctor fix --out DIR SCRIPT` run on its train.py,
DIR/fix.patch applied with `git apply`, and the patched script, run as plain Python without lossdoctor, must meet
the case's own threshold on every seed. Healthy cases must get no patch. Remembered and resumed as score.py does.
Exit status 0, or 1 when the share of cured cases is below what was required, 2 when a case has not the form.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cases import (
    CASEBOOK,
    RESULTS,
    SEEDS,
    Case,
    CaseError,
    find_cases,
    metric_of,
    plain_environment,
    run_command,
    store,
)
from score import SOURCE, source_hash, spread


@dataclass(frozen=True)
class Mended:
    """What `fix` did for one script. `values` are the metrics of the patched script, one a seed; None where it
    failed. `claimed` is its exit status 0 (a verified fix, or none needed). `trials` were run, in all so many times as
    long as one plain run (`plain_runs`); `first` tells that the fix of the first finding was what was verified."""

    claimed: bool
    verified: bool
    patched: bool
    fixes: list[str]
    seconds: float
    values: list[float | None] = field(default_factory=list)
    error: str = ""
    trials: int = 0
    plain_runs: float = 0.0
    first: bool = False

    def cures(self, case: Case) -> bool:
        return bool(self.values) and all(value is not None and case.meets(value) for value in self.values)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", default=[], metavar="NAME", help="only this case (again for more)")
    parser.add_argument("--subset", default="", metavar="spread:N", help="N cases spread over the causes")
    parser.add_argument("--root", type=Path, default=CASEBOOK, help="a folder of cases (default: this one)")
    parser.add_argument("--jobs", type=int, default=1, help="fixes at a time")
    parser.add_argument("--seed", type=int, default=0, help="the seed that `fix` sees")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one fix")
    parser.add_argument("--fresh", action="store_true", help="do not use remembered results")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what each fix wrote below DIR")
    parser.add_argument("--require-fixed", type=float, default=0.0, metavar="SHARE")
    args = parser.parse_args(argv)
    try:
        cases = find_cases(args.root, args.case)
        cases = spread(cases, args.subset) if args.subset else cases
    except CaseError as error:
        print(f"score_fix: {error}", file=sys.stderr)
        return 2
    tool = source_hash()
    results: dict[str, Mended] = {}
    with ThreadPoolExecutor(max_workers=args.jobs) as pool:
        pending = {case.id: pool.submit(mend, case, args, tool) for case in cases}
        for case in cases:
            results[case.id] = mended = pending[case.id].result()
            print(_line(case, mended), flush=True)
    sick = [case for case in cases if not case.healthy]
    cured = [case for case in sick if results[case.id].cures(case)]
    meddled = [case.id for case in cases if case.healthy and results[case.id].patched]
    curable = [case for case in sick if case.curable]
    share = sum(case in cured for case in curable) / len(curable) if curable else 1.0
    seconds = statistics.median([mended.seconds for mended in results.values()] or [0.0])
    print(f"\ncured {share:.1%} of {len(curable)} sick runs that can be ({len(sick) - len(curable)} have lost what it takes); verified but not cured: "
          f"{sum(results[c.id].verified and c not in cured for c in sick)}; "
          f"healthy runs patched: {len(meddled)}; median {seconds:.1f} s")  # fmt: skip
    for words, group in (("verified", [results[c.id] for c in sick if results[c.id].verified]),
                         ("verified, first finding", [results[c.id] for c in sick if results[c.id].verified and results[c.id].first])):
        if group:
            print(f"{words}: {len(group)}, median {statistics.median(m.trials for m in group):g} trials, "
                  f"{statistics.median(m.plain_runs for m in group):.1f} plain runs")
    if args.json:
        table = {case.id: {**asdict(results[case.id]), "cured": case in cured} for case in cases}
        args.json.write_text(json.dumps({"cured": share, "cases": table}, indent=1))
    return 0 if share >= args.require_fixed else 1


def mend(case: Case, args: argparse.Namespace, tool: str) -> Mended:
    """Run `fix` on a copy of the case and try its patch."""
    stored = RESULTS / f"fix-{case.id}-{args.seed}-{case.content_hash('train.py')}-{tool}.json"
    if stored.is_file() and not args.fresh:
        return Mended(**json.loads(stored.read_text()))
    env = plain_environment(args.seed)
    path = os.pathsep.join(filter(None, [str(SOURCE) if SOURCE.is_dir() else "", env.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory() as scratch:
        book = Path(scratch) / "book"
        book.mkdir()
        folder = book / case.id
        shutil.copytree(case.folder, folder, ignore=shutil.ignore_patterns("fixed.*", "case.toml", "__pycache__"))
        if (case.folder.parent / "data").is_dir():
            (book / "data").symlink_to((case.folder.parent / "data").resolve())
        out = Path(scratch) / "out"
        command = [sys.executable, "-m", "lossdoctor", "fix", "--out", str(out), str(folder / "train.py")]
        status, stdout, stderr, seconds = run_command(command, {**env, "PYTHONPATH": path}, folder, args.timeout)
        if args.keep is not None and out.is_dir():
            kept = args.keep / case.id
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(out, kept, ignore=shutil.ignore_patterns("scratch", "trace", "arms"))
            (kept / "stderr.txt").write_text(stderr)
        result = _try_patch(case, folder, out, status, round(seconds, 1), (stderr or stdout).strip())
    if status >= 0:
        store(stored, asdict(result))
    return result


def _try_patch(case: Case, folder: Path, out: Path, status: int, seconds: float, tail: str) -> Mended:
    try:
        said = json.loads((out / "fix.json").read_text())
        best = said.get("best") or {}
        cost = _cost(said, out)
    except (OSError, ValueError) as error:
        why = tail[-300:] or f"fix.json: {error}"
        return Mended(status == 0, False, False, [], seconds, error=why if status not in (0, 1) else "")
    fixes = [fix["id"] for fix in best.get("fixes", [])]
    verified = bool(best.get("verified"))
    patch = out / "fix.patch"
    if not patch.is_file() or not patch.read_text().strip():
        return Mended(status == 0, verified, False, fixes, seconds, **cost)
    applied, _, why, _ = run_command(["git", "apply", str(patch)], dict(os.environ), folder, 30.0)
    if applied != 0:
        return Mended(status == 0, verified, True, fixes, seconds, error=f"git apply: {why.strip()[-300:]}", **cost)
    with ThreadPoolExecutor(max_workers=2) as pool:
        values = list(pool.map(lambda seed: _plainly(case, folder, seed, out.parent / f"seed-{seed}"), SEEDS))
    return Mended(status == 0, verified, True, fixes, seconds, values, **cost)


def _plainly(case: Case, patched: Path, seed: int, place: Path) -> float | None:
    """The metric of the patched script, run in a copy of its own."""
    folder = place / patched.name
    shutil.copytree(patched, folder)
    data = patched.parent / "data"
    if data.is_dir():
        (place / "data").symlink_to(data.resolve())
    ended, stdout, _, _ = run_command([sys.executable, "train.py"], plain_environment(seed), folder, 120.0)
    return metric_of(stdout, case.metric) if ended == 0 else None


def _cost(said: dict[str, Any], out: Path) -> dict[str, Any]:
    """What the search has cost, and whether the first finding was the one that was cured."""
    seconds = said.get("seconds", {})
    plain = seconds.get("plain_run") or 0.0
    report = out / "report.json"
    causes = [finding["cause"] for finding in json.loads(report.read_text())["findings"]] if report.is_file() else []
    return {
        "trials": len(said.get("trials", [])), "plain_runs": round(seconds.get("trials", 0.0) / plain, 2) if plain else 0.0,
        "first": bool(causes) and said.get("confirmed", [])[:1] == causes[:1],
    }  # fmt: skip


def _line(case: Case, mended: Mended) -> str:
    if case.healthy:
        word = "PATCHED" if mended.patched else "left alone"
    else:
        word = "cured" if mended.cures(case) else "NOT CURED" if case.curable else "lost"
    values = " ".join("error" if v is None else f"{v:.3g}" for v in mended.values)
    sign = ">=" if case.direction == "higher" else "<="
    text = f"{word:10}  {case.id}  [{case.causes[0]}]  {'+'.join(mended.fixes) or '-'}{'' if mended.verified else ' (not verified)'}  {mended.seconds:.0f} s"
    if values:
        text += f"  {values} ({case.metric} {sign} {case.threshold:g})"
    return text + (f"\n            {mended.error.splitlines()[-1]}" if mended.error else "")


if __name__ == "__main__":
    sys.exit(main())
