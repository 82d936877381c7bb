"""The composition root of a watched run: trace, watcher, stopper, sandbox and zygote are wired here."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..frameworks.sampling import OwnTime
from ..frameworks.sklearn_scalers import ScalerWatch
from ..launch import zygote
from ..launch.execute import Outcome, execute
from ..launch.imports import when_imported
from ..launch.stop import Stopper, descendants
from ..trace import events
from ..trace.writer import TraceWriter
from .order import WatchOrder

if TYPE_CHECKING:
    from ..frameworks.torch.doors import Doors
    from ..frameworks.torch.watcher import Watcher
    from ..launch.sandbox import Sandbox


PYTHON = (".py", ".pyw", ".ipynb")
FIRST_LATE = 256
"""Updates after which a first snapshot is taken on the way."""


def _socket(number: int) -> socket.socket | None:
    if number < 0:
        return None
    made = socket.socket(fileno=os.dup(number))
    os.close(number)
    return made


class Watch:
    """One watched run, from before the script's first line to after its last."""

    def __init__(self, order: WatchOrder) -> None:
        self.order = order
        self.own = OwnTime()
        self.own.enter()
        self.writer = TraceWriter(Path(order.trace))
        self.stopper = Stopper(last_words=self._last_words)
        self.watcher: Watcher | None = None
        self.doors: Doors | None = None
        self.arm: zygote.Order | None = None
        self.sandbox: Sandbox | None = None
        self._sandbox_notes: list[str] = []
        self._control = _socket(order.control)
        self._late_control = _socket(order.late)
        self._late_at = FIRST_LATE
        self._started = time.monotonic()
        self._training_began: float | None = None
        self._stopped_by = ""
        self.stop_wanted: Callable[[], str | None] | None = None
        """Asked after every update: a reason to end the run now, or None."""
        self._over = False
        self.own.leave()

    # -- the run --------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Run the program to its end, or to ours. Never raises for reasons of our own."""
        order = self.order
        self.writer.event(
            events.RunStarted(
                script=order.target, argv=order.argv, mode=order.mode, pid=os.getpid(), cwd=str(Path.cwd()),
                versions={"python": sys.version.split()[0]}, seed=order.seed,
            )
        )  # fmt: skip
        self.writer.flush()
        self._enter_sandbox()
        self._prepare_trial()
        when_imported("torch", self._torch_came, lambda _, error: self._import_failed(error))
        scalers = ScalerWatch(lambda: self.writer, lambda: self.watcher.updates if self.watcher is not None else 0)
        when_imported("sklearn.preprocessing", scalers.install, lambda _, error: self._import_failed(error))
        outcome = execute(order.program)
        if self.arm is not None:
            self._end_arm("finished", outcome.exception)
        self._conclude(outcome)
        return outcome

    def _enter_sandbox(self) -> None:
        """In a run that may be stopped halfway or repeated, the script's writing goes to a scratch place."""
        if self.order.scratch is None:
            return
        from ..launch.quiet import quiet_world
        from ..launch.sandbox import Sandbox

        scratch = Path(self.order.scratch)
        scratch.mkdir(parents=True, exist_ok=True)
        quiet_world(self._sandbox_notes)
        self.sandbox = Sandbox(scratch, Path.cwd(), keep_open=(Path(self.order.trace).parent.parent,))
        self.sandbox.install()

    def _prepare_trial(self) -> None:
        """A trial's own seed, and the user's files as its fix has changed them."""
        order = self.order
        if order.sources:
            from ..launch.patched import show_instead

            texts = {path: Path(text).read_bytes() for path, text in order.sources.items()}
            show_instead(texts)
            for path, text in texts.items():
                if not path.endswith(PYTHON) and self.sandbox is not None:
                    # A settings file: the script finds it where its own writing would have gone.
                    Path(self.sandbox.for_writing(path)).write_bytes(text)
        if order.reseed is not None:
            from ..launch.reseeded import reseed

            reseed(order.reseed)

    def _torch_came(self, torch: ModuleType) -> None:
        self.own.enter()
        try:
            from ..frameworks.torch.install import install
            from ..frameworks.torch.knob import Knobs
            from ..frameworks.torch.knobs import make_knob
            from ..frameworks.torch.watcher import Watcher

            knobs = [knob for fix, args in self.order.apply if (knob := make_knob(fix, args)) is not None]
            self.watcher = Watcher(
                self.writer,
                own=self.own,
                budget=self.order.budget,
                allowance=self.order.allowance,
                knobs=Knobs(knobs),
                plant=self._plant if self._control is not None else None,
                after_door=self._after_door,
            )
            self.doors = install(self.watcher)
            self.writer.event(events.Note(f"torch {torch.__version__}"))
        except Exception as error:
            self._import_failed(error)
        finally:
            self.own.leave()

    def _import_failed(self, error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))[-1500:]
        with contextlib.suppress(Exception):
            self.writer.event(events.InternalError("install", text))

    def _after_door(self, updates: int) -> None:
        """Called outside every guard after a backward pass and after an update: here a run may end."""
        order = self.order
        if self.arm is not None:
            if updates >= self.arm["steps"] or time.monotonic() - self._started > self.arm["seconds"]:
                self._end_arm("steps" if updates >= self.arm["steps"] else "seconds")
            return
        if self._training_began is None:
            self._training_began = time.monotonic()
        # A trial's time counts from its first training step: starting up is not what is compared.
        began = self._training_began if order.mode == "trial" else self._started
        if order.steps is not None and updates >= order.steps:
            self._stopped_by = "steps"
            self.stopper.request(f"after {order.steps} steps")
        elif order.seconds is not None and time.monotonic() - began > order.seconds:
            self._stopped_by = "seconds"
            self.stopper.request(f"after {order.seconds:g} seconds")
        elif self.stop_wanted is not None and (reason := self.stop_wanted()) is not None:
            self._stopped_by = "certain"
            self.writer.event(events.Note(f"the run was ended early, as asked for: {reason}"))
            self.stopper.request(reason)
        self.stopper.raise_if_requested()
        if self._late_control is not None and updates >= self._late_at:
            self._plant_late(self._late_control, updates)

    # -- the zygote and its arms ----------------------------------------------------------------------

    def _plant(self, cuda: bool) -> None:
        """Before the first backward pass: leave a snapshot from which the arms can go on."""
        control, self._control = self._control, None
        if control is None:
            return
        if cuda or not zygote.can_fork():
            control.close()
            self._no_more_late()
            self.writer.event(events.Note("no snapshot was taken: " + ("CUDA is in use" if cuda else "no fork here")))
            return
        self.writer.flush()
        late = [self._late_control] if self._late_control is not None else []
        try:
            arm = zygote.plant(control, others=late)
        except OSError as error:
            self.writer.event(events.Note(f"no snapshot was taken: {error}"))
            return
        if arm is not None:
            self._become_arm(arm)

    def _plant_late(self, control: socket.socket, updates: int) -> None:
        """Each time the updates have doubled: a snapshot of a run that still goes well, in the place of the one before. A trouble
        that comes late is then no further away from one than half of the run, unless other processes or memory forbid it."""
        watcher = self.watcher
        if watcher is None or watcher.iteration_backwards:
            return
        self._late_at = 2 * updates
        if not watcher.guard.call("snapshot", watcher.goes_well):
            return
        began = time.perf_counter_ns()
        arm = None
        try:
            # A copy would hold the other ends of their pipes and queues.
            why = "the script has child processes" if descendants(os.getpid()) else "" if zygote.has_room() else "too little memory is left"
            if why:
                self._no_more_late()
                self.writer.event(events.Note(f"no snapshot was taken on the way: {why}", updates))
                return
            self.writer.flush()
            arm = zygote.plant(control.dup(), updates)
        except Exception as error:
            watcher.guard.failed("snapshot", error)
        if arm is not None:
            self._become_late_arm(arm)
            return
        self.own.add(time.perf_counter_ns() - began)

    def _become_late_arm(self, arm: zygote.Order) -> None:
        try:
            self._become_arm(arm)
        except BaseException:
            # Half made, it would go on as the script itself.
            os._exit(1)

    def _no_more_late(self) -> None:
        if self._late_control is not None:
            self._late_control.close()
            self._late_control = None

    def _become_arm(self, arm: zygote.Order) -> None:
        """In a fork of the snapshot: mute it, turn its writing aside, and put the intervention in place."""
        from ..frameworks.torch.knob import Knobs
        from ..frameworks.torch.knobs import make_knob
        from ..launch.muted import muted

        self.arm = arm
        self._started = time.monotonic()
        folder = Path(arm["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        muted(folder / "output.txt", forked=True).__enter__()
        if self.sandbox is not None:
            self.sandbox.switch(folder)
        self.stopper.adopt()
        self.own.restart()
        self.writer = TraceWriter(folder)
        assert self.watcher is not None
        knobs = [knob for fix, args in arm["apply"] if (knob := make_knob(fix, args)) is not None]
        self.watcher.rebase(self.writer, Knobs(knobs), arm.get("find_nan_from"))

    def _end_arm(self, how: str, error: BaseException | None = None) -> None:
        """An arm's last act: nothing of the script's own ending is run a second time."""
        failed = f"the script failed: {type(error).__name__}: {error}" if isinstance(error, Exception) else ""
        watcher, arm = self.watcher, self.arm
        assert arm is not None
        try:
            if watcher is not None:
                watcher.finish()
                self._note_arm(watcher, "error" if failed else how, str(arm["name"]), failed)
            self.writer.close()
        finally:
            os._exit(0)

    def _note_arm(self, watcher: Watcher, how: str, name: str = "", failed: str = "") -> None:
        """Whether the interventions took hold: an arm that cannot prove it is no evidence."""
        knobs = watcher.knobs
        self.writer.event(
            events.ArmEnded(
                arm=name, fix="", args={}, took_hold=not knobs or knobs.took_hold, note=failed[:200] or (knobs.note if knobs else ""),
                steps=watcher.updates, seconds=time.monotonic() - self._started, folder="", how=how,
                numbers=watcher.guard.call("knob", knobs.numbers) or {} if knobs else {},
            )
        )  # fmt: skip

    # -- the end --------------------------------------------------------------------------------------

    def _conclude(self, outcome: Outcome) -> None:
        how = "finished"
        if outcome.stopped:
            how = "stopped"
        elif outcome.interrupted:
            how = "interrupted"
        elif isinstance(outcome.exception, SystemExit):
            how = "exit"
        elif outcome.exception is not None:
            how = "error"
        error = ""
        if outcome.exception is not None and how == "error":
            error = f"{type(outcome.exception).__name__}: {outcome.exception}"[:500]
        file, line = outcome.last_line or ("", 0)
        self._finish(how, outcome.status, error, file, line)

    def _last_words(self) -> None:
        """The script would not let itself be stopped: what was seen is written all the same."""
        if self.arm is not None:
            self._end_arm("stopped")
        self._finish("stopped", 0, "", "", 0)

    def _finish(self, how: str, status: int, error: str, file: str, line: int) -> None:
        if self._over:
            return
        self._over = True
        self._no_more_late()
        watcher = self.watcher
        with contextlib.suppress(Exception):
            if watcher is not None:
                watcher.guard.call("finish", watcher.finish)
        seconds, own = self.own.elapsed, self.own.spent
        if self.doors is not None:
            with contextlib.suppress(Exception):
                self.doors.close()
        if watcher is not None and how != "interrupted" and self.order.mode != "trial":
            self._probe(watcher)
            watcher.guard.call("release", watcher.release)
        if watcher is not None and self.order.mode == "trial":
            self._note_arm(watcher, how)
        with contextlib.suppress(Exception):
            self._note_scratch()
            self.writer.event(
                events.RunEnded(
                    how=how, status=status, seconds=seconds, own_seconds=own,
                    steps=watcher.updates if watcher is not None else 0, error=error, file=file, line=line,
                    cpu_seconds=sum(os.times()[:4]),
                )
            )  # fmt: skip
            self.writer.close()

    def _note_scratch(self) -> None:
        if self.sandbox is None:
            return
        for text in [*self._sandbox_notes, *self.sandbox.notes]:
            self.writer.event(events.Note(text))
        written = self.sandbox.written()
        if written:
            more = f" and {len(written) - 3} more" if len(written) > 3 else ""
            self.writer.event(
                events.Note(
                    f"what the script wrote ({', '.join(written[:3])}{more}) went to {self.order.scratch}, not to its place"
                )
            )

    def _probe(self, watcher: Watcher) -> None:
        """What needs no further steps is found out on copies, after the script's last line."""
        from ..frameworks.torch.handle import probe_dependence, random_state_kept
        from ..frameworks.torch.quiet_probe import probe_without_noise

        for probe in (probe_dependence, probe_without_noise):
            watcher.guard.call(probe.__name__, random_state_kept, probe, watcher)
