"""Most ReLU units are zero on every input.

## What happens
A ReLU unit whose input is negative for every sample puts out 0 and passes no gradient. It cannot learn its way
back. When most units of a layer are like that, the layer is a wall.

## How it looks
- The loss drops or jumps once, early, and is constant from then on.
- The predictions are the same for every input: the bias of the last layer.
- A large first step, a large negative bias or unscaled inputs came before.

## Why it keeps the loss from falling
The slope of a ReLU below 0 is exactly 0. For a unit that is below 0 everywhere, so is the gradient of all its
incoming weights, and what stands below learns only through the units that still live.

## How lossdoctor tells
By structure: at sampled steps it counts, in each ReLU layer of at least 4 units and in ReLU recurrences, the
units that are 0 on a whole batch of at least two samples, and takes the median of the last three samples. A
share of 60% or more in a run that has not learned is a finding; it is an error above 90% at a skill below 0.3,
else a warning. Healthy: no ReLU among the hidden units, a smaller share, or a run that learns (sparse, not
dead). It needs the samples of the modules' outputs; where no such layer was seen, it reports that there is
none.

## Not to be confused with
- `lr-too-high`: often the earlier event; if a lower rate keeps the units alive, that is the root.
- `output-activation-mismatch`: a ReLU on the output itself, with targets below 0 or dead from the start.
- `bad-init`: a start with large negative biases.
- Sparse activity: different units are silent for different samples, none for all.

## What to do
`reinit` brings the units back; `lower-lr` keeps them. Or use an activation with a slope on both sides.

    self.act = nn.LeakyReLU(0.01)          # or nn.GELU(), nn.SiLU()
    self.rnn = nn.RNN(n, hidden, nonlinearity="tanh", batch_first=True)   # in the recurrence

A bias of 0 (or slightly above) and standardised inputs prevent it. Keras: `activation="leaky_relu"`.

## References
- Lu et al. 2020, Dying ReLU and initialization (arXiv 1903.06733).
- Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models.
"""

from __future__ import annotations

from ...signs import Signs
from ...signs.series import middle
from ...signs.standing import leading_arm, learned
from ...words import Judgement
from ..cause import Cause, finding
from ..places import criterion_place, recurrent_place

MOST = 0.6


def judge(signs: Signs) -> Judgement:
    groups: dict[tuple[str, tuple[int, ...]], list[tuple[int, float]]] = {}
    for m in signs.time.modules:
        if m.cls in ("ReLU", "relu", "ReLU6", "Threshold") and m.shape and m.shape[-1] >= 4 and m.shape[0] >= 2:
            groups.setdefault((m.module or m.cls, m.shape[1:]), []).append((m.step, m.zero_units))
    for s in signs.time.samples:
        if s.cell == "rnn_relu" and not s.last_only:
            groups.setdefault((s.module, (s.layer,)), []).append((s.step, s.h_dead))
    if not groups:
        return CAUSE.healthy("there is no ReLU among the hidden units")
    worst_share, worst, since = 0.0, "", 0
    for (name, _), seen in groups.items():
        seen.sort()
        late = middle([share for _, share in seen[-3:]], 0.0)
        if late > worst_share:
            worst_share, worst = late, name
            since = next((step for step, share in seen if share > MOST), seen[-1][0])
    if worst_share < MOST:
        return CAUSE.healthy(f"at most {worst_share:.0%} of a layer's ReLU units are silent on a whole batch")
    if learned(signs):
        return CAUSE.healthy(f"{worst_share:.0%} of the ReLU units are silent, and the run learns: sparse, not dead")
    all_dead = worst_share > 0.98
    killer = leading_arm(signs) if since > 0 else None
    return finding(
        CAUSE.id,
        f"{worst_share:.0%} of the ReLU units in {worst or 'the net'} are zero for every sample: no gradient passes them, so "
        "they cannot come back.",
        [
            ("ReLU units that are zero on whole batches, share", worst_share, "below 0.5"),
            ("seen from step", since, ""),
        ],
        confidence=0.5 if killer is not None else (0.93 if all_dead else 0.7),
        severity="error" if killer is None and worst_share > 0.9 and (signs.loss.skill or 0) < 0.3 else "warning",
        proof="structure",
        where=criterion_place(signs) or recurrent_place(signs),
        since_step=since,
        panels=("what-if", "loss"),
    )


CAUSE = Cause("dead-relu", judge, __doc__, needs=("modules",), fixes=("reinit", "lower-lr"))
