"""What decides the target lies further back than the gradient reaches.

## What happens
On its way back through time the gradient shrinks by a factor at each step. What decides the target lies so far
back that nothing of the gradient arrives there, so the net never learns to keep it.

## How it looks
- The loss stays at that of a constant guess (or of what the recent past tells) with no other sign of trouble.
- Shorten the sequence, or move the important input closer to the end, and it learns.
- Measured on recalling the first of T values: at T = 10 a default LSTM learns, at T = 30 it stays at skill 0.

## Why it keeps the loss from falling
A forget gate of f keeps a gradient for -1 / ln f steps: f = 0.5 for 1.4 steps, 0.9 for 9.5, 0.99 for 99.5.
PyTorch starts at 0.5. Short memory at the start is normal and no obstacle over some ten steps; over thirty it
is.

## How lossdoctor tells
The replay gives the memory horizon: after how many steps back a thousandth of the gradient is left. A short
horizon alone is never a finding. By intervention: the arm `reinit` with gates for long memory (chrono), or with
an orthogonal matrix, helps, does clearly better than a standard start and as well as any other arm, and the
horizon is below 0.9 of the window. By bound: a ridge shows that the inputs which tell the target lie beyond the
horizon, and the run has less than half of what the ridge gets from there. Healthy: the run learns, the horizon
covers the window or the lag that matters, or the arms do no better. Not judged: no replay over at least six
steps, or no panel.

## Not to be confused with
- `sequence-too-long`: the target does not need the far past at all; cropping helps, longer memory does not.
- `sequence-too-short`: what decides is not in the window. `saturated-activations`: gates shut from the start.
- A long plateau that ends by itself, as in copying and adding tasks: give it more steps first.

## What to do
`reinit` with chrono initialisation, T the lag that is needed; forget bias 1 alone is not enough beyond about
20.

    H, T = lstm.hidden_size, 100
    with torch.no_grad():
        lstm.bias_hh_l0.zero_()
        lstm.bias_ih_l0[H:2 * H] = torch.empty(H).uniform_(1, T - 1).log()    # gates in order i, f, g, o
        lstm.bias_ih_l0[:H] = -lstm.bias_ih_l0[H:2 * H]

`swap-cell`: an LSTM or GRU in place of a plain RNN. Keras has a forget bias of 1 by default
(`unit_forget_bias`).

## References
- Hochreiter, Schmidhuber 1997, Long short-term memory; Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063).
- Tallec, Ollivier 2018, Can recurrent neural networks warp time? (arXiv 1804.11188).
- Jozefowicz, Zaremba, Sutskever 2015, An empirical exploration of recurrent network architectures.
"""

from __future__ import annotations

import math

from ...signs import Signs
from ...signs.memory import needed_lag
from ...signs.standing import leading_arm, learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import recurrent_place
from ..what_if import arm_evidence, confidence, lead, ruled_out, severity


def judge(signs: Signs) -> Judgement:
    horizon = signs.time.horizon()
    window = signs.time.steps_seen
    if not math.isfinite(horizon) or window < 6:
        return CAUSE.not_judged("a recurrent layer over at least six steps that a replay can follow")
    if learned(signs):
        return CAUSE.healthy(f"the run learns; its gradient reaches {horizon:.0f} of {window} steps back")
    best = lead(signs, "memory", "swap-cell")
    need = needed_lag(signs)
    evidence: list[tuple[str, float | int | str | bool | None, str]] = [
        (
            "memory horizon: steps back at which the gradient has fallen to a thousandth",
            horizon,
            f"at least the lag that matters, of {window}",
        ),
    ]
    if need is not None:
        evidence.append(("lag at which the inputs tell the target (ridge on lags)", need.lag, "within the horizon"))
        evidence.append(("skill of a ridge on inputs beyond the horizon alone", need.beyond, ""))
    if best is not None and horizon < 0.9 * window:
        how = "with gated cells" if best.fix == "swap-cell" else "started for long memory"
        return finding(
            CAUSE.id,
            f"The gradient vanishes: it reaches {horizon:.0f} of {window} steps back; {how}, the same steps "
            f"reach skill {best.skill:.2f}.",
            [*evidence, *arm_evidence(signs, best)],
            confidence=confidence(signs, best, need is not None and need.lag > horizon),
            severity=severity(signs, best), proof="intervention", where=recurrent_place(signs),
            panels=("through-time", "gates", "what-if"),
        )  # fmt: skip
    other = leading_arm(signs)
    if other is not None and other.cures and best is None:
        # The horizon is that of the weights as they are: what lets the same net learn shows that it can reach far enough.
        return CAUSE.healthy(f"{other.title}: skill {other.skill:.2f} with the same cells and the same start")
    if need is not None and need.lag > horizon and need.beyond > 0.25 and need.within < 0.5 * need.beyond and (signs.loss.skill or 0) < 0.5 * need.beyond:
        return finding(
            CAUSE.id,
            f"The gradient vanishes before it reaches what matters: the target hangs on inputs {need.lag} steps back, and "
            f"after {horizon:.0f} steps a thousandth of the gradient is left.",
            evidence, confidence=0.85, where=recurrent_place(signs), panels=("through-time", "gates"),
            severity="error" if (signs.loss.skill or 0) < 0.2 else "warning", proof="bound",
        )  # fmt: skip
    if horizon >= 0.9 * window:
        return CAUSE.healthy(f"the gradient reaches over the whole window of {window} steps")
    if need is not None and need.lag <= horizon:
        return CAUSE.healthy(f"what tells the target lies {need.lag} steps back, within the horizon of {horizon:.0f}")
    return ruled_out(CAUSE, signs, "memory", "swap-cell")


CAUSE = Cause("vanishing-gradients", judge, __doc__, needs=("replay", "data", "what-if"), fixes=("reinit", "swap-cell"))
