"""Which set of changes cures? Singles first, as the diagnosis ranks them; combinations where singles only help; then
the smallest set that does as well; then proof on paired runs under several seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .candidate import Candidate, Step
from .candidates import together
from .compare import WELL, done, gain, learns, score
from .judge import AS_GOOD, Judge, is_live, known_too_well
from .outcome import Seen
from .printed import detected
from .runner import OutOfTime, Ran, Runner

BASE = Candidate(())
MOST_SINGLES = 14
MOST_COMBINED = 8
POOL = 4
HELPS = 0.05
ALIKE = 3
FINALISTS = 3
MOST_FURTHER = 2
MOST_BESIDE = 2
MOST_RIVALS = 2
"""So many changes that cured a what-if as well are tried beside what cured first, where that leaves much to be won."""
MOST_DEEPER = 3
MORE_SEEDS = 2
"""So many more pairs for a script that is not the same twice under one seed."""
LUCK = 0.1
"""Skill by which the seeds of a proof may fall short of the one that it was picked on."""
SAME_START = frozenset({
    "lower-lr", "raise-lr", "add-clip", "loosen-clip", "swap-optimizer", "set-weight-decay", "drop-scheduler", "train-longer",
    "step-scheduler-per-epoch", "add-zero-grad", "move-zero-grad", "add-step", "early-stop", "set-eps", "set-momentum", "warm-up",
})  # fmt: skip
"""Fixes that leave the first loss as it is: a pair that differs there is not deterministic."""


@dataclass
class Proof:
    """A candidate beside the baseline on the same seeds."""

    candidate: Candidate
    fixed: list[Ran]
    plain: list[Ran]
    verified: bool
    why_not: str = ""


@dataclass
class Search:
    """`seeds` are those of the proof; the first is the one that candidates are compared on."""

    runner: Runner
    steps: Sequence[Step]
    seeds: Sequence[int]
    judge: Judge = field(default_factory=Judge)
    out_of_time: bool = False
    not_repeatable: bool = False
    notes: list[str] = field(default_factory=list)
    told: Callable[[str], None] = lambda text: None
    further: Callable[[Step], Sequence[Step]] = lambda step: ()
    """More or less of the same change, the most promising first."""
    deeper: Callable[[Ran], list[Candidate]] = lambda ran: []
    """The candidate of a trial with one more change, as its own trace asks for."""
    def run(self) -> Proof | None:
        """The best proof; None where the run needs none (see `needs_none`) or nothing could be tried."""
        self._first_pair()
        if self.needs_none or not self.steps:
            return None
        try:
            self._singles()
            if not self.judge.learns_already:
                self._further()
                self._combinations()
                self._second_round()
        except OutOfTime:
            self.out_of_time = True
        return self._proof()

    # -- the parts of the search --------------------------------------------------------------------------

    def _first_pair(self) -> None:
        """The baseline, and beside it the change that the diagnosis thinks most of."""
        known = (BASE.key, self.seeds[0], self.runner.limit) in self.runner.done
        if known and self.needs_none:
            return
        pairs = [] if known else [(BASE, self.seeds[0])]
        if self.steps and self.runner.engine.width > 1:
            pairs.append((self._single(self.steps[0]), self.seeds[0]))
            # Every proof wants the second seed's baseline.
            pairs += [(BASE, seed) for seed in self.seeds[1:2] if known]
        self.runner.ask(pairs, must=True)
        plain = self.plain.seen
        if not plain.whole and self.runner.limit is None and plain.steps > 0 and not plain.crashed:
            self.runner.limit = max(1, int(0.9 * plain.steps))
            self.notes.append(
                f"one run takes longer than a trial may: every trial is cut at {self.runner.limit} updates, with and without."
            )
            self.runner.ask(pairs, must=True)
        if self.judge.metric is None:
            self.judge.metric = detected(self.plain.seen.printed)

    @property
    def plain(self) -> Ran:
        return self.runner.done[BASE.key, self.seeds[0], self.runner.limit]

    @property
    def needs_none(self) -> bool:
        return self.judge.needs_none(self.plain.seen)

    def _single(self, step: Step) -> Candidate:
        return together([step]) or Candidate((step,))

    def _singles(self) -> None:
        first = self._single(self.steps[0])

        def stop(ran: Ran) -> bool:
            self._look_at_start(ran)
            if not self.judge.better(ran, self.plain.seen):
                return False
            return self.judge.learns_already or done(ran.seen) or (ran.candidate.steps[0].proven and self._is_enough(ran))

        # What most likely cures has its turn alone: if it does, nothing else is paid for.
        ran = self.runner.ask([(first, self.seeds[0])])[0]
        if stop(ran):
            rivals = [step for step in self.steps[1:] if step.backed][:MOST_RIVALS]
            if rivals and not self.judge.learns_already and score(ran.seen) < WELL:
                self.runner.ask([(self._single(step), self.seeds[0]) for step in rivals])
            return
        wanted = [(self._single(step), self.seeds[0]) for step in self.steps[1:MOST_SINGLES]]
        self.runner.ask(wanted, stop)

    def _further(self) -> None:
        """What does best at the end of what was tried may do better beyond it."""
        for _ in range(MOST_FURTHER):
            tried = [r for r in self._tried() if len(r.candidate.steps) == 1 and learns(r.seen)]
            best = max(tried, key=self._worth, default=None)
            if best is None or score(best.seen) >= WELL:
                return
            known = {r.candidate.key for r in self._tried()}
            beside = [c for c in map(self._single, self.further(best.candidate.steps[0])) if c.key not in known]
            if not beside:
                return
            self.runner.ask([(beside[0], self.seeds[0])])

    def _combinations(self) -> None:
        """Pairs, then triples, where no single change is enough."""
        good = [ran for ran in self._tried() if self._is_enough(ran)]
        if good:
            self._beside(max(good, key=self._worth))
            return
        singles = [ran for ran in self._tried() if len(ran.candidate.steps) == 1]
        if _level(singles):
            self._beside(max((r for r in singles if learns(r.seen)), key=self._worth))
            return
        plain = self.plain.seen
        helping = sorted((r for r in singles if gain(r.seen, plain) > HELPS), key=lambda r: -score(r.seen))
        # Two faults may hide each other: what ranks first takes part even where it does nothing alone.
        taken = {r.candidate.steps[0].change.id for r in helping[:1]}
        ahead = [step for step in self.steps if step.change.id not in taken][:2]
        first = [r for step in ahead for r in singles if r.candidate.steps[0].key == step.key and r not in helping[:POOL]]
        pool = [r.candidate.steps[0] for r in [*helping[:POOL], *first]]
        # What learns and is still rising when the script ends may want nothing but time.
        longer = next((step for step in self.steps if step.change.id == "train-longer"), None)
        if helping and helping[0].seen.verdict == "learning" and longer is not None and longer not in pool:
            pool.insert(1, longer)
        for size in (2, 3):
            sets = [c for c in map(together, combinations(pool, size)) if c is not None][:MOST_COMBINED]
            for ran in self.runner.ask([(c, self.seeds[0]) for c in sets], self._is_enough) if sets else []:
                if self._is_enough(ran):
                    return

    def _second_round(self) -> None:
        """Where nothing is enough, the best so far is asked what ails it now: a fault may have hidden another."""
        tried = [r for r in self._tried() if r.seen.works and r.candidate.changes[0].how != "live"]
        if not tried or any(self._is_enough(ran) for ran in self._tried()):
            return
        best = max(tried, key=self._worth)
        plain = self.plain.seen
        if best.diagnosis is None:
            best.diagnosis = self.runner.diagnosed(best)
        if best.diagnosis is None or not (gain(best.seen, plain) > HELPS or (plain.skill is None and best.seen.skill is not None)):
            return
        self.told(f"what is still wrong under: {best.candidate.title}")
        wanted = [(c, self.seeds[0]) for c in self.deeper(best)[:MOST_DEEPER]]
        if wanted:
            self.runner.ask(wanted, self._is_enough)

    def _beside(self, best: Ran) -> None:
        """Something else was found too, and what cures leaves room: the two together may do better."""
        if score(best.seen) >= WELL or len(best.candidate.steps) > 1:
            return
        mine = best.candidate.steps[0]
        singles = [r for r in self._tried() if r is not best and len(r.candidate.steps) == 1 and self._is_enough(r)]
        rivals = sorted((r for r in singles if r.candidate.steps[0].backed), key=self._worth)
        ranked = [ran.candidate.steps[0] for ran in rivals[-1:] if ran.candidate.steps[0].change.id != mine.change.id]
        others = {s.change.cause: s for s in reversed(self.steps) if s.change.cause and s.change.cause != mine.change.cause}
        if not done(best.seen):
            ranked += [s for s in sorted(others.values(), key=lambda step: step.rank) if s not in ranked][: MOST_BESIDE - len(ranked)]
        sets = [c for c in (together([mine, other]) for other in ranked) if c is not None]
        if sets:
            self.runner.ask([(c, self.seeds[0]) for c in sets])

    def _is_enough(self, ran: Ran) -> bool:
        return self.judge.enough(ran, self.plain.seen)

    def _tried(self) -> list[Ran]:
        return [
            ran for (_, seed, limit), ran in self.runner.done.items()
            if ran.candidate.steps and seed == self.seeds[0] and limit == self.runner.limit
        ]  # fmt: skip

    def _look_at_start(self, ran: Ran) -> None:
        plain, seen = self.plain.seen, ran.seen
        if plain.start is None or seen.start is None or not {c.id for c in ran.candidate.changes} <= SAME_START:
            return
        if abs(seen.start - plain.start) > 1e-3 * max(abs(plain.start), 1e-12) and not self.not_repeatable:
            self.not_repeatable = True
            self.notes.append(
                "the script is not the same twice under one seed (its first loss differs): more seeds are used for the proof."
            )

    # -- the proof -----------------------------------------------------------------------------------------

    def _worth(self, ran: Ran) -> float:
        return self.judge.worth(ran, self.plain.seen)

    def _proof(self) -> Proof | None:
        """The finalists, best first, each on all seeds until one is verified."""
        tried = [r for r in self._tried() if r.seen.works and self.judge.better(r, self.plain.seen)]
        ranked = sorted(tried, key=lambda r: (not self.judge.learns(r.seen), -self._worth(r)))
        proofs: list[Proof] = []
        for ran in self._smallest_first(ranked)[:FINALISTS]:
            if proofs and not self.judge.learns(ran.seen):
                break
            try:
                proof = self._prove(ran.candidate)
            except OutOfTime:
                self.out_of_time = True
                break
            proofs.append(proof)
            if proof.verified and not is_live(proof.candidate):
                proof = self._surer(proof, ranked, {p.candidate.key for p in proofs if not p.verified})
                if self.judge.learns_already and known_too_well(proof.candidate):
                    self.notes.append("the skill that is lost was owed to the leak; the number that the script prints of its use gets better.")
                return proof
        if proofs:
            return next((proof for proof in proofs if proof.verified), proofs[0])
        if ranked:
            return Proof(ranked[0].candidate, [ranked[0]], [self.plain], False, "the time was over before it could be proven")
        return None

    def _surer(self, proof: Proof, ranked: Sequence[Ran], failed: Collection[str]) -> Proof:
        """What was picked on one seed and stands much lower on the others was picked by luck: what did best on that seed, or does
        best on the worst of the others, is proven as well, and kept where it is better on all of them."""
        mean = _mean(proof)
        by_number = self.judge.metric is not None and self.judge.metric.given
        if mean >= WELL or by_number or self.judge.learns_already or self.judge.by_heart or score(proof.fixed[0].seen) - mean < LUCK:
            return proof
        try:
            others = [r for r in ranked if r.candidate.key != proof.candidate.key and r.candidate.key not in failed]
            rival = max(others, key=lambda r: score(r.seen), default=None)
            if rival is None or score(rival.seen) - mean < LUCK:
                rival = self._best_where(min(proof.fixed, key=lambda r: score(r.seen)))
            if rival.candidate.key == proof.candidate.key or is_live(rival.candidate):
                return proof
            other = self._prove(rival.candidate)
        except OutOfTime:
            self.out_of_time = True
            return proof
        return other if other.verified and _mean(other) - mean >= LUCK else proof

    def _best_where(self, lost: Ran) -> Ran:
        """On the seed on which a change does badly: it, or one of the next that it is suspected with, alone or beside it."""
        mine = lost.candidate.steps[0]
        others = sorted(self.steps, key=lambda step: not step.backed)
        rivals = [step for step in others if step.key != mine.key and (step.backed or step.change.cause)][:MOST_RIVALS]
        wanted = [c for step in rivals for c in (self._single(step), together([mine, step])) if c is not None]
        ran = self.runner.ask([(c, lost.seed) for c in wanted]) if wanted else []
        return max([lost, *ran], key=lambda r: score(r.seen))

    def _smallest_first(self, ranked: list[Ran]) -> list[Ran]:
        """Each set of changes after its own subsets that do as well."""
        found: list[Ran] = []
        for ran in ranked:
            if len(ran.candidate.steps) > 1 and not any(step.on_top for step in ran.candidate.steps):
                for left_out in combinations(ran.candidate.steps, len(ran.candidate.steps) - 1):
                    smaller = together(left_out)
                    known = self._ask_quietly(smaller) if smaller is not None else None
                    if known is not None and known not in found and learns(known.seen) and score(known.seen) >= score(ran.seen) - AS_GOOD:
                        found.append(known)
            if ran not in found:
                found.append(ran)
            if len(found) >= FINALISTS:
                break
        return found

    def _ask_quietly(self, candidate: Candidate) -> Ran | None:
        try:
            ran = self.runner.ask([(candidate, self.seeds[0])])
        except OutOfTime:
            return None
        return ran[0] if ran else None

    def _prove(self, candidate: Candidate) -> Proof:
        seeds = list(self.seeds)
        if self.not_repeatable:
            seeds += [max(seeds) + 1 + k for k in range(MORE_SEEDS)]
        self.told("proving on paired runs: " + candidate.title)
        # A finalist that fails on one seed needs no others.
        fixed, plain = [], []
        for group in (seeds[:1], seeds[1:]):
            ran = self.runner.ask([(c, seed) for seed in group for c in (candidate, BASE)], must=True)
            by_key = {(r.candidate.key, r.seed): r for r in ran}
            fixed += [by_key[candidate.key, seed] for seed in group]
            plain += [by_key[BASE.key, seed] for seed in group]
            why = self.judge.why_not(fixed, plain)
            if why:
                return Proof(candidate, fixed, plain, False, why)
        if len(seeds) < 3:
            return Proof(candidate, fixed, plain, False, "a proof takes at least three seeds")
        return Proof(candidate, fixed, plain, True)


def _mean(proof: Proof) -> float:
    return statistics.fmean(score(ran.seen) for ran in proof.fixed)


def _level(singles: Sequence[Ran]) -> bool:
    """Do several changes come to the same? That is what the data allow, and no combination will get further."""
    ahead = sorted((score(r.seen) for r in singles if learns(r.seen)), reverse=True)
    return len(ahead) >= ALIKE and ahead[0] - ahead[ALIKE - 1] <= AS_GOOD


def outcome_word(seen: Seen, plain: Seen) -> str:
    """One word for a trial beside its baseline."""
    if seen.crashed:
        return "crashes"
    if not seen.took_hold:
        return "did not take hold"
    if seen.skill is None:
        return "diverges"
    won = gain(seen, plain)
    if learns(seen) and won > HELPS:
        return "learns"
    if won > HELPS:
        return "helps"
    return "worse" if won < -HELPS else "no difference"
