"""Runs a script watched, every iteration looked into: what the laws forbid has the most chances to happen.

Usage: watched_entry.py TRACE [dense|seldom] SCRIPT ARGS. TRACE gets the trace.
"""

from __future__ import annotations

import sys


def command() -> None:
    trace, how, script, *args = sys.argv[1:]
    from lossdoctor.frameworks import sampling
    from lossdoctor.launch.execute import leave
    from lossdoctor.session.order import WatchOrder
    from lossdoctor.session.watch import Watch

    if how == "dense":
        sampling.Sampler.wants = lambda self, iteration: True  # type: ignore[method-assign]
    order = WatchOrder("script", script, tuple(args), trace, budget=0.02)
    leave(Watch(order).run())


if __name__ == "__main__":
    command()
