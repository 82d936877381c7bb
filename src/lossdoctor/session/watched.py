"""The entry of a watched child process: `python -m lossdoctor.session.watched ORDER.json`."""

from __future__ import annotations

import sys
from pathlib import Path

from .order import WatchOrder


def main(argv: list[str]) -> None:
    from ..launch.execute import leave
    from .watch import Watch

    order = WatchOrder.load(Path(argv[1]))
    if order.mode == "trial":
        from ..launch.stop import end_with_parent

        end_with_parent()
    leave(Watch(order).run())


if __name__ == "__main__":
    main(sys.argv)
