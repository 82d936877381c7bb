"""Initial weights, loaded from a file, from which nothing is learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from base import Base, Copy, NotHere
from fault import Fault


def change(copy: Copy, edit: Callable[[str, object], object]) -> None:
    """Every tensor of the file of initial weights through `edit(name, tensor)`."""
    import torch

    if not copy.base.weights.endswith((".pt", ".pth")):
        raise NotHere("no initial weights are loaded")
    path = copy.folder / copy.base.weights
    stored = torch.load(path, weights_only=True)
    torch.save({name: edit(name, value) for name, value in stored.items()}, path)


def faults(base: Base) -> Iterator[Fault]:
    if not base.weights:
        return
    import torch

    def times(factor: float) -> Callable[[Copy], None]:
        return lambda copy: change(copy, lambda name, value: value * factor)

    yield Fault("weights-times-30", ("bad-init", "saturated-activations"), times(30.0))
    yield Fault("weights-times-8", ("bad-init", "saturated-activations"), times(8.0))
    yield Fault("weights-times-1e-4", ("bad-init", "symmetric-init", "vanishing-gradients"), times(1e-4))

    def zeros(copy: Copy) -> None:
        change(copy, lambda name, value: torch.zeros_like(value))

    yield Fault("weights-zero", ("symmetric-init", "bad-init"), zeros)

    def constant(copy: Copy) -> None:
        change(copy, lambda name, value: torch.full_like(value, 0.05))

    yield Fault("weights-one-value", ("symmetric-init", "bad-init"), constant)

    def shut(copy: Copy) -> None:
        def edit(name: str, value: object) -> object:
            if "bias_ih" not in name and "bias_hh" not in name:
                return value
            made = value.clone()  # type: ignore[attr-defined]
            made[: len(made) // 2] = -9.0
            return made

        change(copy, edit)

    yield Fault("gates-shut", ("saturated-activations", "bad-init", "vanishing-gradients"), shut)

    def wild(copy: Copy) -> None:
        change(copy, lambda name, value: value * 6 if "weight_hh" in name else value)

    yield Fault("recurrent-weights-times-6", ("bad-init", "exploding-gradients", "saturated-activations"), wild)
