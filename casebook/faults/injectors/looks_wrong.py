"""What looks wrong and is healthy: odd, and made up for elsewhere. Named `healthy` where the run still learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from base import Base, Copy, NotHere
from fault import Fault
from parts import edit, held, loss, model, negated, optimizer, with_penalty
from source import after_call, before_call, change_calls, code, named


def faults(base: Base) -> Iterator[Fault]:
    def odd(name: str, change: Callable[[str], str]) -> Fault:
        return Fault(f"odd-{name}", ("healthy",), edit(change), readable=True)

    def setting(name: str, role: str, value: object, needed: Callable[[Copy], bool] = lambda copy: True) -> Fault:
        def put(copy: Copy) -> None:
            if not needed(copy):
                raise NotHere("it would do harm")
            copy.set(role, value)

        return Fault(f"odd-{name}", ("healthy",), put)

    def adaptive(copy: Copy) -> bool:
        return "optimizer" not in base.roles or "adam" in str(copy.get("optimizer")).lower()

    yield odd("zeroed-after-the-step", lambda t: after_call(t, "step", f"{optimizer(t)}.zero_grad()", optimizer(t)))
    yield odd("zeroed-twice", lambda t: before_call(t, "backward", f"{optimizer(t)}.zero_grad(set_to_none=False)"))
    yield odd("graph-kept", lambda t: change_calls(t, named("backward"), lambda c: code(c).replace("()", "(retain_graph=True)")))
    yield odd("loss-times-a-hundredth", lambda t: scaled(t, "0.01"))
    yield odd("loss-times-thousand", lambda t: scaled(t, "1000"))
    yield odd("negated-twice", lambda t: negated(before_call(t, "backward", f"{loss(t)} = -{loss(t)}")))
    yield odd("a-light-penalty", lambda t: with_penalty(t, "1e-6"))
    yield odd("parameters-as-list", lambda t: held(t, f"[p for p in {model(t)}.parameters() if p.requires_grad]"))
    yield odd("clipped-hard-under-adam", lambda t: hard(t))
    yield setting("tight-clip-under-adam", "clip", 0.01, adaptive)
    yield setting("narrow", "hidden", 6)
    yield setting("batch-of-two", "batch", 2)
    yield setting("second-layer", "layers", 2)
    yield setting("half-dropped", "dropout", 0.5)
    for factor in (3.0, 1 / 3):

        def rate(copy: Copy, factor: float = factor) -> None:
            copy.scale("lr", factor)

        yield Fault(f"odd-rate-times-{factor:.2g}", ("healthy",), rate)

    for factor, offset in ((3.0, 2.0), (0.1, 0.0)):

        def inputs(copy: Copy, factor: float = factor, offset: float = offset) -> None:
            for role in ("x", "x_test"):
                x = copy.array(role)
                if x.dtype.kind != "f":
                    raise NotHere("tokens")
                copy.put(role, (x * factor + offset).astype("float32"))

        yield Fault(f"odd-inputs-times-{factor:g}-plus-{offset:g}", ("healthy",), inputs)


def scaled(text: str, factor: str) -> str:
    if not any(name in text for name in ("Adam", "RMSprop")):
        raise NotHere("the rate would be another")
    return change_calls(text, named("backward"), lambda c: f"({factor} * " + code(c).replace(".backward", ").backward", 1))


def hard(text: str) -> str:
    if "Adam" not in text or "clip_grad_norm_" in text:
        raise NotHere("it would do harm, or is there")
    return after_call(text, "backward", f"torch.nn.utils.clip_grad_norm_({model(text)}.parameters(), 0.01)")

