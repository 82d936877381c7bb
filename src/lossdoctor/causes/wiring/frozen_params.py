"""Weights that the task needs are frozen.

## What happens
Some parameters have `requires_grad` set to False, so no gradient is computed for them. A freeze that was meant
for a pretrained encoder also covers layers that start at random, or is never lifted, or happens before the
checkpoint is loaded, or a whole model is built under a helper that freezes it.

## How it looks
- The loss falls a little, as far as the free layers (often just the head) can bring it, and then stays.
- Frozen weights are bit for bit those of the start after every epoch.
- With everything frozen, `backward()` raises an error.

## Why it keeps the loss from falling
A random recurrent layer is a fixed random filter. The layers above see only what happens to survive it, and for
most tasks that is too little.

## How lossdoctor tells
It lists the model's parameters with `requires_grad` False (those of norm layers left out). If that is all of them,
nothing can learn, which is an error by structure. Else it asks what would happen with them free: the what-if arm
`unfreeze` runs the same steps again. If the arm cures, that is the proof; if it makes no difference, the cause is
ruled out. Without an arm it compares the frozen weights with what their layer's own initialiser makes (spread and
bounds): if at least half of them look freshly drawn and they are at least 5% of the model, it warns. Healthy:
nothing frozen, weights that look trained, or a run that learns with the rest (skill of at least 0.8). Not judged: no
forward pass seen.

## Not to be confused with
- `params-not-in-optimizer`: the parameters want a gradient and get one, but nobody steps them.
- `detached-graph`: `requires_grad` is True, and the path to the loss is cut.
- An encoder that was trained before and is frozen on purpose, or an echo state network: both learn with the
  rest.

## What to do
`unfreeze`: free what the task needs, and make the optimizer afterwards.
Where a settings file asks for it: `change-setting`.

    for p in model.lstm.parameters():
        p.requires_grad_(True)
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=1e-3)

To fine-tune, give the freed part a lower rate in a parameter group of its own. Keras: `layer.trainable = True`,
then `compile()` again.

## References
- Yosinski et al. 2014, How transferable are features in deep neural networks? (arXiv 1411.1792).
- Jaeger 2001, The echo state approach: frozen recurrence on purpose.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import loss_place


def judge(signs: Signs) -> Judgement:
    wiring = signs.wiring
    if not wiring.models:
        return CAUSE.not_judged("a model's forward pass")
    fell = wiring.fell_away & wiring.in_model
    frozen = frozenset(i for i in wiring.frozen | fell if wiring.facts[i].role != "norm")
    if not frozen:
        return CAUSE.healthy("no parameter of the model is frozen")
    total = wiring.size(wiring.in_model)
    share = wiring.size(frozen) / max(1, total)
    untrained = frozenset(i for i in frozen if _fresh(signs, i))
    if _nothing_left(signs):
        return finding(
            CAUSE.id, "Every parameter of the model is frozen: none wants a gradient, so nothing can learn.",
            [("parameters that want a gradient", 0, f"{len(wiring.in_model)}")],
            confidence=0.97, where=loss_place(signs), since_step=0, panels=("loss",),
        )  # fmt: skip
    arm = signs.arm("unfreeze")
    if learned(signs) and not (arm is not None and arm.cures):
        return CAUSE.healthy(f"{share:.0%} of the weights are frozen, and the run learns with the rest")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        ("share of the weights that is frozen", share, "0, or trained before"),
        ("frozen weights that look freshly initialised, share", wiring.size(untrained) / max(1, wiring.size(frozen)), "0"),
    ]
    if arm is not None and arm.took_hold and arm.skill is not None:
        evidence.append(("skill with them free, over the same steps", arm.skill, ""))
        evidence.append(("skill as it is", arm.original, ""))
        if arm.cures:
            return finding(
                CAUSE.id,
                f"Frozen weights are needed: {wiring.names(frozen)} want no gradient; set free, the run reaches skill "
                f"{arm.skill:.2f} instead of {arm.original if arm.original is not None else float('nan'):.2f}.",
                evidence, confidence=0.95, proof="intervention", where=loss_place(signs), panels=("what-if", "loss"),
            )  # fmt: skip
        return CAUSE.healthy(f"set free, the frozen weights make no difference ({arm.outcome})")
    if wiring.size(untrained) < 0.5 * wiring.size(frozen) or share < 0.05:
        return CAUSE.healthy("the frozen weights do not look freshly initialised: frozen on purpose")
    return finding(
        CAUSE.id,
        f"{wiring.names(untrained)} are frozen at their random start: {share:.0%} of the weights cannot learn.",
        evidence, confidence=0.7, severity="warning", where=loss_place(signs),
    )  # fmt: skip


def _nothing_left(signs: Signs) -> bool:
    return not (signs.wiring.in_model & signs.wiring.trainable)


def _fresh(signs: Signs, index: int) -> bool:
    """Does it look like its module's own initialisation: its deviation, and uniform within its bound?"""
    fact = signs.wiring.facts[index]
    if fact.default_std is None or fact.default_std <= 0:
        return False
    if fact.role == "embedding":
        return abs(fact.std / fact.default_std - 1) < 0.08 and abs(fact.mean) < 0.1
    bound = fact.default_std * 3**0.5
    spread = abs(fact.std / fact.default_std - 1)
    return spread < max(0.1, 2.5 / fact.numel**0.5) and fact.max_abs <= bound * 1.001


CAUSE = Cause("frozen-params", judge, __doc__, needs=("model",), fixes=("unfreeze", "change-setting"))
