"""What does lint say of packages that train? Each folder is one unpacked package; every alarm is to be judged by a human.

    python bench/lint_packages.py FOLDER ...

Prints a row for each package (files, files that train, alarms, seconds), then every alarm with its lines.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lossdoctor.lint import lint_paths
from lossdoctor.words import Finding


def main(folders: list[str]) -> int:
    if not folders:
        sys.stderr.write("name the folders of unpacked packages\n")
        return 2
    every: list[Finding] = []
    total, seconds = 0, 0.0
    print(f"{'package':32} {'files':>6} {'train':>6} {'unread':>6} {'alarms':>6} {'s':>6}")
    for folder in folders:
        began = time.process_time()
        looked = list(lint_paths([folder]))
        took = time.process_time() - began
        found = [f for one in looked for f in one.findings]
        unread = [one.unread for one in looked if one.unread is not None]
        training = sum(b".backward(" in one.path.read_bytes() for one in looked)
        print(f"{Path(folder).name:32} {len(looked):6} {training:6} {len(unread):6} {len(found):6} {took:6.2f}")
        every += found
        total, seconds = total + len(looked), seconds + took
    print(f"{'all':32} {total:6} {'':6} {'':6} {len(every):6} {seconds:6.2f}  ({1000 * seconds / max(1, total):.2f} s a thousand files)")
    for finding in every:
        where = finding.where
        if where is not None:
            print(f"\n{where.file}:{where.line}: {finding.severity} {finding.cause} ({finding.id})\n    {finding.summary}")
            lines = Path(where.file).read_text(errors="replace").splitlines() if Path(where.file).exists() else []
            for number in range(max(1, where.line - 3), min(len(lines), where.line + 3) + 1):
                print(f"    {number:5} {lines[number - 1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
