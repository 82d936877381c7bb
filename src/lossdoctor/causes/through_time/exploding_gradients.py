"""The gradient grows through time or depth until it blows the weights apart.

## What happens
On its way back through the time steps (or layers) the gradient is multiplied again and again by the recurrent
matrix. If that stretches it by more than it squashes, the gradient grows exponentially with the length of the
sequence.

## How it looks
- The gradient norm jumps by a factor of 10 to 1e6 from one batch to the next, then the loss does.
- NaN after a while, earlier with longer sequences. Typical for ReLU or linear recurrences and large recurrent
  weights; rarer in an LSTM.
- With clipping the same script learns.

## Why it keeps the loss from falling
One huge step throws the weights far away, and what had been learned is lost. The loss surface of a recurrent
net has cliffs: almost flat in front, a wall behind.

## How lossdoctor tells
The replay gives dL/dh for every time step; growth means at least a factor 1.02 a step and a hundredfold over
the sequence. A jump is a gradient norm above 10 times the median of those before. Both are evidence. What
decides is the arm `add-clip` (the gradient clipped by norm, all else equal): it must lead the panel. Without a
panel there is at most a warning, when the gradient grows and the loss has stopped being a number. Healthy: no
growth and no jump, or clipping changes nothing. Not judged: no recurrent layer that a replay can follow, or
growth without a panel.

## Not to be confused with
- `lr-too-high`: look at the first bad step. A usual gradient and a large update is the rate.
- `bad-init`: the recurrent matrix starts too large; a standard one cures without clipping.
- `outliers`: a single sample makes the norm jump. `reduction="sum"` makes all gradients large, not growing.
- `nan-loss`: one operation is undefined; nothing grew before.

## What to do
`add-clip`: by the total norm, between `backward()` and `step()`, at about the usual norm.

    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()

`reinit` with an orthogonal recurrent matrix, an LSTM or GRU instead of a plain RNN, and shorter chunks take
away the growth itself. Keras: `global_clipnorm=1.0` of the optimizer.

## References
- Bengio, Simard, Frasconi 1994, Learning long-term dependencies with gradient descent is difficult.
- Pascanu, Mikolov, Bengio 2013, On the difficulty of training recurrent neural networks (arXiv 1211.5063).
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.standing import gradient_grows
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    worst = signs.time.worst_growth
    spike = signs.step.first_spike
    arm = lead(signs, "add-clip")
    evidence: list[tuple[str, float | int | str | bool | None, str]] = []
    if worst is not None:
        evidence.append(("growth of dL/dh for each step back in time", worst[0], "at most 1"))
        evidence.append((f"its growth over {worst[2].time} steps, factor", float(10.0 ** min(300.0, worst[1])), "below 100"))
    if spike is not None:
        evidence.append((f"jump of the gradient norm at step {spike[0]}, factor", spike[1], "below 10"))
    if arm is not None:
        return finding(
            CAUSE.id,
            "The gradients explode"
            + (
                f": dL/dh grows {worst[0]:.2f}-fold with each step back in time"
                if worst is not None and gradient_grows(signs)
                else ""
            )
            + f"; clipped at norm {float(arm.args.get('max_norm', 1.0)):.3g}, the same steps reach skill {arm.skill:.2f}.",
            [*arm_evidence(signs, arm), *evidence],
            confidence=confidence(signs, arm, gradient_grows(signs)),
            severity=severity(signs, arm),
            proof="intervention",
            where=recurrent_place(signs),
            since_step=worst[2].step if worst is not None and gradient_grows(signs) else (spike[0] if spike else None),
            panels=("through-time", "gradients", "what-if"),
        )
    if not signs.time.samples and spike is None:
        return CAUSE.not_judged("a recurrent layer that a replay can follow")
    if not gradient_grows(signs) and spike is None:
        return CAUSE.healthy(
            "the gradient does not grow on its way back" + (f" (factor {worst[0]:.2f} a step)" if worst else "")
        )
    if not signs.arms and gradient_grows(signs) and signs.loss.first_bad is not None:
        return finding(
            CAUSE.id,
            f"The gradient grows {worst[0] if worst else 0:.2f}-fold with each step back in time, and the loss stopped being a "
            f"number at step {int(signs.loss.steps[signs.loss.first_bad])}.",
            evidence, confidence=0.65, severity="warning", where=recurrent_place(signs), panels=("through-time", "gradients"),
        )  # fmt: skip
    return ruled_out(CAUSE, signs, "add-clip")


CAUSE = Cause("exploding-gradients", judge, __doc__, needs=("replay", "what-if"), fixes=("add-clip", "reinit"))
