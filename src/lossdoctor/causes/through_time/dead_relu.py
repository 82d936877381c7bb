"""Most ReLU units are zero on every input."""

from __future__ import annotations

from ...signs import Signs
from ...signs.series import middle
from ...signs.standing import learned
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
    return finding(
        CAUSE.id,
        f"{worst_share:.0%} of the ReLU units in {worst or 'the net'} are zero for every sample: no gradient passes them, so "
        "they cannot come back.",
        [
            ("ReLU units that are zero on whole batches, share", worst_share, "below 0.5"),
            ("seen from step", since, ""),
        ],
        confidence=0.93 if all_dead else 0.7,
        severity="error" if worst_share > 0.9 and (signs.loss.skill or 0) < 0.3 else "warning",
        proof="structure",
        where=criterion_place(signs) or recurrent_place(signs),
        since_step=since,
        panels=("what-if", "loss"),
    )


CAUSE = Cause("dead-relu", judge, __doc__, needs=("modules",), fixes=("reinit", "lower-lr"))
