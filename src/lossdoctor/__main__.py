"""`python -m lossdoctor` and the `lossdoctor` command."""

from __future__ import annotations

import sys


def main() -> None:
    from .commands import run_cli

    sys.exit(run_cli(sys.argv[1:]))


if __name__ == "__main__":
    main()
