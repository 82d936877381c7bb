"""`lossdoctor fix`: diagnose, try what the diagnosis suggests, prove it on paired runs, hand over a patch."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ..diagnosis.engine import Diagnosis
from ..diagnosis.questions import worth_asking
from ..launch.program import parse_program
from ..reports.cure_markdown import render_cure_markdown
from ..reports.cure_text import render_cure, render_cure_json
from ..reports.folder import write_folder
from ..source.patch import Patch
from ..trace.events import RunEnded
from ..trials.asked import asked_for, by_balance, is_backed, may_be_by_heart, tried_though_it_learns
from ..trials.candidates import further, on_top_of, steps_of
from ..trials.conclude import conclude
from ..trials.journal import Journal
from ..trials.judge import Judge
from ..trials.outcome import Seen, read_trial, seen_in
from ..trials.printed import Metric
from ..trials.runner import OutOfTime, Ran, Runner
from ..trials.search import BASE, Search, outcome_word
from ..words import Report, UserError, short
from ..words.cure import CureReport
from .check import CheckOptions, Examined, examine_script, examined_before, why_not
from .engines import made_engine
from .progress import Progress
from .show import checked, wants_colour, width_of

SHARE_OF_ONE = 0.25
"""Share of the whole time that a single trial may take."""
LEAST = 20.0
FIRST_SEED = 0
"""As the script seeds itself."""
PATCH_FILE, FIX_FILE = "fix.patch", "fix.json"


@dataclass(frozen=True, slots=True)
class FixOptions:
    program: tuple[str, list[str], bool]
    minutes: float
    seeds: int
    jobs: int | None
    only: frozenset[str] | None
    never: frozenset[str]
    metric: str | None
    higher: bool
    resume: bool
    write: bool
    engine: str
    address: str | None
    seconds: float
    probe_seconds: float
    out: Path
    format: str
    quiet: bool


def fix_script(options: FixOptions) -> int:
    """0: a verified fix was found, or none was needed; 1: none was found; 2: it could not be done."""
    form = checked(options.format)
    metric = given_metric(options)
    engine = made_engine(options.engine, parse_program(*options.program), options.jobs, options.address, options.out)
    began = time.monotonic()
    deadline = began + 60 * options.minutes
    teller = Teller(options.quiet)
    seen = _checked(options, teller)
    if seen.report.verdict == "too-short" and _stopped(seen):
        raise UserError(
            f"in {options.seconds:g} s only {seen.report.steps} updates were seen, too few to tell what to try. Give it longer: --seconds"
        )
    main = min(seen.found, key=lambda d: (not worth_asking(d), d.signs.training))
    asked = asked_for(seen.report)
    if asked == "nothing":
        said = _none_needed(options, seen)
        return _hand_over(options, form, said, seen.report, None, seen.out)
    trials = seen.out / "trials"
    steps = steps_of(main, options.only, options.never, _live_fixes())
    if asked == "what is warned of":
        shown = {f.cause for f in main.findings if tried_though_it_learns(f)}
        steps = [step for step in steps if step.change.cause in shown and step.edits]
        if not steps:
            said = _none_needed(options, seen)
            return _hand_over(options, form, said, seen.report, None, seen.out)
    if not steps:
        teller.line("nothing that was found can be changed in the source with certainty, and nothing can be tried live.")
    journal = Journal(trials, _header(options, seen, main), options.resume)
    if options.resume and journal.count:
        teller.line(f"{journal.count} trials were finished before and are not repeated")
    each = max(LEAST, SHARE_OF_ONE * 60 * options.minutes)
    balanced = by_balance(main.findings)
    read = functools.partial(read_trial, balanced=balanced)
    runner = Runner(engine, journal, trials, main.signs.training, deadline, each, read=read, told=teller.trying)
    judge = Judge(
        metric, learns_already=asked == "what is warned of", by_heart=may_be_by_heart(main.findings),
        backed=any(is_backed(f) for f in main.findings if f.severity != "note"), balanced=balanced,
    )  # fmt: skip
    search = Search(runner, steps, list(range(FIRST_SEED, FIRST_SEED + max(1, options.seeds))), judge, told=teller.line)
    search.deeper = lambda ran: on_top_of(ran.candidate, ran.diagnosis, _live_fixes()) if ran.diagnosis is not None else []
    search.further = lambda step: further(main, step, _live_fixes())
    runner.finished = lambda ran: teller.ended(ran, _plain_of(search))
    if (own := _own_run(seen, main, balanced)) is not None:
        runner.take(Ran(BASE, search.seeds[0], *own))
    proof = None
    try:
        proof = search.run()
    except OutOfTime:
        raise UserError(
            f"the time was over ({options.minutes:g} minutes) before one run of the script came to its end. "
            "Give it longer: --minutes"
        ) from None
    except KeyboardInterrupt:
        engine.cancel()
        raise UserError(
            f"interrupted; {journal.count} trials are kept. Go on: lossdoctor fix --resume --out {options.out} {options.program[0]}"
        ) from None
    finally:
        teller.done()
    said, patch = conclude(
        search, proof, main, script=options.program[0], out=str(options.out), patch_name=PATCH_FILE,
        plain_seconds=_plain_seconds(search),
    )  # fmt: skip
    if judge.learns_already and not (said.best is not None and said.best.verified):
        answer = f"{seen.report.answer} What was warned of was tried, and taking it out gains nothing clear. Nothing was changed."
        said, patch = replace(said, needed=False, answer=answer, best=None), None
    return _hand_over(options, form, said, seen.report, patch, seen.out)


def _checked(options: FixOptions, teller: Teller) -> Examined:
    """The diagnosis with its what-ifs, as `check` makes it."""
    check = CheckOptions(
        options.program, options.seconds, None, options.probe_seconds, options.out, "text", None, frozenset(), True, False, options.quiet,
        reseed=FIRST_SEED,
    )  # fmt: skip
    if options.resume and (before := examined_before(check)) is not None:
        teller.line(f"going on in {options.out}: {before.report.answer}")
        return before
    keep = options.out / "trials"
    if keep.exists() and not options.resume:
        shutil.rmtree(keep, ignore_errors=True)
    for name in (PATCH_FILE, FIX_FILE):
        (options.out / name).unlink(missing_ok=True)
    seen = examine_script(check, teller.progress)
    if not len(seen.trace.table("loss")):
        raise UserError(why_not(seen))
    teller.line(seen.report.answer)
    return seen


def _stopped(seen: Examined) -> bool:
    ended = seen.trace.last(RunEnded)
    return ended is not None and ended.how == "stopped"


def _own_run(seen: Examined, main: Diagnosis, balanced: bool) -> tuple[Seen, Diagnosis] | None:
    """The run that was diagnosed, where it came to its end: it is the first seed's baseline, and need not be made twice."""
    ended = seen.trace.last(RunEnded)
    if ended is None or ended.how != "finished":
        return None
    return seen_in(seen.trace, main.signs.training, seen.printed, ended.seconds, balanced=balanced)


def _none_needed(options: FixOptions, seen: Examined) -> CureReport:
    report = seen.report
    return CureReport(
        script=options.program[0], needed=False, answer=f"{report.answer} Nothing was changed.", seeds=(), baseline=report.skill, trials=(),
        best=None, confirmed=(), taken_back=(), ruled_out=(), notes=(), plain_seconds=report.seconds, trial_seconds=0.0, out=str(options.out),
    )  # fmt: skip


def _plain_of(search: Search) -> Seen | None:
    ran = search.runner.done.get((BASE.key, search.seeds[0], search.runner.limit))
    return ran.seen if ran is not None else None


def _plain_seconds(search: Search) -> float:
    """Of a trial where there is one: the run that was diagnosed had more threads, and was asked more."""
    known = search.runner.done
    runs = [known[key] for seed in (*search.seeds[1:], *search.seeds[:1]) if (key := (BASE.key, seed, search.runner.limit)) in known]
    return next((ran.seen.computing or ran.seen.seconds for ran in runs), 0.0)


def _hand_over(options: FixOptions, form: str, said: CureReport, report: Report, patch: Patch | None, out: Path) -> int:
    """Files first, then the words."""
    fits = bool(said.best is not None and said.best.patch and patch is not None)
    if patch is not None and fits:
        (out / PATCH_FILE).write_bytes(patch.diff)
    (out / FIX_FILE).write_text(render_cure_json(said), encoding="utf-8")
    write_folder(replace(report, cure=said, confirmed=said.confirmed, taken_back=said.taken_back), out)
    if form == "json":
        sys.stdout.write(render_cure_json(said))
    elif form == "markdown":
        sys.stdout.write(render_cure_markdown(said, report))
    else:
        sys.stdout.write(render_cure(said, width=width_of(sys.stdout), colour=wants_colour(sys.stdout)))
    sys.stdout.flush()
    if options.write and patch is not None and fits:
        written(patch)
        sys.stderr.write(f"lossdoctor: written: {', '.join(file.shown for file in patch.files)}\n")
    return 0 if not said.needed or (said.best is not None and said.best.verified) else 1


def written(patch: Patch) -> None:
    """Apply it: each file whole or not at all. Raises UserError where a file is not as it was tried, or cannot be written."""
    for file in patch.files:
        path = Path(file.path)
        if path.read_bytes() != file.before:
            raise UserError(f"{path} has changed since it was tried; nothing was written. The patch is in {PATCH_FILE}.")
    for file in patch.files:
        path = Path(file.path)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_bytes(file.after)
            part.chmod(path.stat().st_mode)
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise UserError(f"cannot write {path}: {error.strerror or error}. The patch is in {PATCH_FILE}.") from error


def given_metric(options: FixOptions) -> Metric | None:
    """The user's own printed number. Raises UserError for a pattern that is none."""
    if options.metric is None:
        return None
    try:
        pattern = re.compile(options.metric)
    except re.error as error:
        raise UserError(f"--metric {options.metric!r} is no regular expression: {error}.") from error
    if pattern.groups != 1:
        raise UserError(f"--metric {options.metric!r} must have one group, round the number: 'val_acc=([0-9.]+)'.")
    return Metric(options.metric, pattern, options.higher, given=True)


def _live_fixes() -> frozenset[str]:
    from ..fixes import all_fixes

    return frozenset(name for name, fix in all_fixes().items() if fix.live)


def _header(options: FixOptions, seen: Examined, main: Diagnosis) -> dict[str, object]:
    """What a journal belongs to: the script's text, its arguments, and the folder it is run in."""
    path = seen.program.path
    text = path.read_bytes() if path is not None and path.is_file() else b""
    return {
        "script": options.program[0], "argv": list(options.program[1]), "cwd": str(Path.cwd()), "training": main.signs.training,
        "text": hashlib.sha256(text).hexdigest(),
    }  # fmt: skip


class Teller:
    """What is being tried, why, and how it stands: one line that is rewritten on a terminal, and one for each trial that has
    ended."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.progress = Progress(quiet)
        self._count = 0

    def line(self, text: str) -> None:
        if not self.quiet:
            self.progress.done()
            sys.stderr.write(f"lossdoctor: {text}\n")
            sys.stderr.flush()

    def trying(self, title: str, beside: int) -> None:
        self.progress.say(f"trying: {title}")

    def ended(self, ran: Ran, plain: Seen | None) -> None:
        self._count += 1
        seen = ran.seen
        if not ran.candidate.steps:
            word = "baseline"
        else:
            word = outcome_word(seen, plain) if plain is not None else "ended"
        level = f"skill {short(seen.skill)}" if seen.skill is not None else seen.crashed or "no skill"
        held = f", held back {short(seen.held)}" if seen.held is not None else ""
        why = sorted({c.cause for c in ran.candidate.changes if c.cause})
        for_what = f" (for {', '.join(why)})" if why else ""
        self.line(f"{self._count:3d}. {ran.candidate.title}{for_what}, seed {ran.seed}: {word}, {level}{held}, {seen.seconds:.1f} s")

    def done(self) -> None:
        self.progress.done()
