"""The same script under another seed, also where it seeds itself: each seed that it gives is shifted by so much.

Both arms of a pair are shifted alike. A generator that the script leaves unseeded is given a known start, so that a
pair differs in nothing but the fix.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .imports import Watch, when_imported

LARGEST = 2**32
"""NumPy's seeds are 32 bits wide."""
BASE = 20_001
"""The start of generators that the script does not seed."""


def reseed(shift: int) -> list[Watch]:
    """Shift every whole number that seeds Python's, NumPy's or torch's generators from now on."""
    _shift_method(random.Random, "seed", 1, shift)
    random.seed = functools.partial(random.Random.seed, random._inst)
    random.seed(BASE)

    def numpy(module: ModuleType) -> None:
        _shift(module.random, "seed", shift)
        _shift(module.random, "default_rng", shift, unseeded=BASE)
        module.random.seed(BASE)

    def torch(module: ModuleType) -> None:
        for owner in (module, module.random, module.cuda, module.cuda.random):
            for name in ("manual_seed", "manual_seed_all"):
                _shift(owner, name, shift)
        module.manual_seed(BASE)

    # numpy.random is imported with numpy itself.
    return [when_imported("numpy", numpy), when_imported("torch", torch)]


def _shifted(value: Any, shift: int) -> Any:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return value
    return (int(value) + shift) % LARGEST


def _shift(owner: Any, name: str, shift: int, unseeded: int | None = None) -> None:
    original: Callable[..., Any] | None = getattr(owner, name, None)
    if original is None or hasattr(original, "_reseeded"):
        return
    count = 0

    @functools.wraps(original)
    def seed(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        if args:
            args = (_shifted(args[0], shift), *args[1:])
        kwargs = {key: _shifted(value, shift) if key == "seed" else value for key, value in kwargs.items()}
        if unseeded is not None and (args[0] if args else kwargs.get("seed")) is None:
            count += 1
            return original([unseeded, shift, count])
        return original(*args, **kwargs)

    seed._reseeded = True  # type: ignore[attr-defined]
    setattr(owner, name, seed)


def _shift_method(owner: type, name: str, place: int, shift: int) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def seed(self: Any, a: Any = None, *args: Any, **kwargs: Any) -> Any:
        return original(self, _shifted(a, shift), *args, **kwargs)

    setattr(owner, name, seed)
