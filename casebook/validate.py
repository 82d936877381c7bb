"""Does each case keep its word? Runs its scripts as plain Python and looks at the metric.

    python casebook/validate.py                 # every case, seeds 0, 1, 2
    python casebook/validate.py NAME [NAME ...] --jobs 2

A case is right when train.py misses the threshold and fixed.py meets it on every seed (a healthy case:
train.py meets it). Results are kept under .results/ until a file of the case changes; `--fresh` asks again.
Exit status 0 when all are right, 1 when one is not, 2 when a case has not the form.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import CASEBOOK, SEEDS, Case, CaseError, PlainRun, find_cases, run_plain


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases; all of them when none is named")
    parser.add_argument("--root", type=Path, default=CASEBOOK, help="a folder of cases (default: this one)")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one run")
    parser.add_argument("--fresh", action="store_true", help="do not use remembered results")
    parser.add_argument("--slow", type=float, default=8.0, help="mark runs that take more seconds than this")
    args = parser.parse_args(argv)
    try:
        cases = find_cases(args.root, [name.rstrip("/") for name in args.names])
    except CaseError as error:
        print(f"validate: {error}", file=sys.stderr)
        return 2
    wrong = 0
    with ThreadPoolExecutor(max_workers=args.jobs) as pool:
        pending = [
            (case, script, seed, pool.submit(run_plain, case, script, seed, args.timeout, args.fresh))
            for case in cases
            for script in case.scripts
            for seed in args.seeds
        ]
        for case in cases:
            results = [(script, seed, job.result()) for owner, script, seed, job in pending if owner is case]
            wrong += not _print_case(case, results, args.slow)
    print(f"{len(cases) - wrong} of {len(cases)} cases right")
    return 1 if wrong else 0


def _print_case(case: Case, results: list[tuple[str, int, PlainRun]], slow: float) -> bool:
    right = True
    lines = []
    for script in case.scripts:
        wanted = case.healthy or script == "fixed.py"
        marks = []
        for name, _, run in results:
            if name != script:
                continue
            met = run.value is not None and case.meets(run.value)
            # A sick run may end in an error of its own, or in NaN: that misses the threshold too.
            good = met == wanted and (run.value is not None or not wanted)
            right &= good
            shown = "error" if run.value is None else f"{run.value:.4g}"
            marks.append(f"{shown}{'' if good else ' WRONG'} ({run.seconds:.1f}s{' SLOW' if run.seconds > slow else ''})")
            if run.value is None and not (run.status == 0 or good):
                lines.append("      " + run.tail.splitlines()[-1] if run.tail else "      no output")
        lines.append(f"    {script:9} {'  '.join(marks)}")
    sign = ">=" if case.direction == "higher" else "<="
    print(f"{'ok   ' if right else 'WRONG'} {case.id}  [{', '.join(case.causes)}]  {case.metric} {sign} {case.threshold:g}")
    print("\n".join(lines), flush=True)
    return right


if __name__ == "__main__":
    sys.exit(main())
