"""The harness of the causes' tests and the traces of the signs' tests stand beside them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("causes", "signs")]
