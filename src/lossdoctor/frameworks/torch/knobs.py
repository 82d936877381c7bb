"""The live half of every fix: which knob takes hold of a run, by the fix's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .data_knobs import make_data_knob
from .held_out import HoldOut
from .knob import Knob
from .net_knobs import make_net_knob
from .optimizer_knobs import make_optimizer_knob
from .row_knobs import make_row_knob
from .scale_knobs import make_scale_knob
from .start_knobs import make_start_knob
from .step_knobs import make_step_knob

MAKERS = (make_optimizer_knob, make_scale_knob, make_start_knob, make_row_knob, make_data_knob, make_net_knob, make_step_knob)


def make_knob(fix: str, args: Mapping[str, Any]) -> Knob | None:
    """The knob of a fix, or None where it has none."""
    if fix == "hold-out":
        return HoldOut(int(args["parts"]))
    return next((knob for make in MAKERS if (knob := make(fix, args)) is not None), None)
