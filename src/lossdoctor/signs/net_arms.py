"""When an arm that changes the net or its steps points at what it changes, and when it only looks so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arms import ArmSign
from .net import autocast, composition, dropouts, hidden_sizes, precision, recurrent_layers, rows, skill_without_noise

if TYPE_CHECKING:
    from .chart import Signs

STRONG_DROPOUT = 0.65
DEEP = 4
NARROW = 4
FEW_UPDATES = 400
USUAL_STEP = 2e-3
"""Update / weight of a step that gets somewhere: Adam at 1e-3 starts near 1.4e-2, a good SGD between 4e-3 and 4e-2."""


def points(signs: Signs, arm: ArmSign) -> bool | None:
    """Is there an independent sign for what this arm changes? None for arms that change something else."""
    if arm.fix == "set-dropout":
        noise = dropouts(signs)
        return bool(noise) and noise[0].p >= STRONG_DROPOUT
    if arm.fix == "reset-state":
        return any(c.carried for c in signs.wiring.calls)
    if arm.fix == "use-float32":
        return bool(precision(signs) or autocast(signs))
    if arm.fix == "weigh-loss-term":
        return composition(signs) is not None
    if arm.fix == "shallower":
        return recurrent_layers(signs) >= DEEP
    if arm.key == "longer-window":
        return True
    if arm.key == "narrow":
        return False
    if arm.fix == "widen":
        sizes = hidden_sizes(signs)
        return bool(sizes) and sizes[0] <= NARROW
    if arm.fix == "set-batch":
        count = rows(signs)
        if count is None:
            return False
        return count <= 4 if "times" in arm.args else count >= 256 and signs.updates <= FEW_UPDATES
    return None


def believed(signs: Signs, arm: ArmSign) -> bool:
    """False where the arm's gain has another reason than what it changes: dropout makes the training loss worse than
    the net is; a wider net learns faster, whatever its size; more updates help whatever is slow."""
    if arm.fix == "set-dropout":
        quiet = skill_without_noise(signs)
        return quiet is None or arm.skill is None or arm.skill - quiet > 0.5 * max(0.1, 1 - quiet)
    if arm.fix in ("widen", "shallower"):
        gain, z = signs.loss.still_falling
        return not (z < -2.3 and gain > 0.1 * max(0.1, 1 - (signs.loss.skill or 0.0)))
    if arm.fix == "set-batch" and "parts" in arm.args:
        return signs.update.ratio(0, max(10, signs.updates // 10)) >= USUAL_STEP
    return True
