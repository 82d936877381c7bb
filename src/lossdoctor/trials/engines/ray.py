"""A Ray cluster: each trial is a Ray task of one CPU, which has it run on its node and brings its folder back."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...words import UserError
from ..candidate import Job
from ..engine import Ended
from . import on_node
from .keeper import belongs_to_machine, packed_job, unpack
from .nodes import Wanted, differences

CONNECT = 3.0
SHAKE_HANDS = 20.0
LOOK = 60.0
LATE = 120.0
"""Seconds beyond its own after which a trial that nothing has been heard of counts as lost."""
CANCEL = 15.0
REFRESH = 3.0
STORE = 128 << 20
HOME = Path("/tmp/ray/ray_current_cluster")
"""Where Ray notes the cluster that was started last on this machine."""
MISSING = "the Ray engine needs Ray: pip install 'lossdoctor[ray]'"
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No telemetry; GPUs are not hidden from a trial."""


@dataclass(slots=True)
class UnderWay:
    job: Job
    since: float


class RayEngine:
    """`starter` names the function ("module:function") that starts a trial's process on a node; it is given `program` and
    the job. Ray is connected to when made, or, where it is started for us alone (no address), with the first job."""

    def __init__(self, starter: str, program: Mapping[str, Any], wanted: Wanted, address: str | None = None, jobs: int | None = None) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UserError(MISSING)
        self.width = jobs or os.cpu_count() or 1
        self._starter = starter
        self._program = dict(program)
        self._wanted = wanted
        self._jobs = jobs
        self._address = reachable(address) if address is not None else None
        self._temp: str | None = None
        self._ray: Any = None
        self._carry: Any = None
        self._checked: list[str] = []
        self._under_way: dict[Any, UnderWay] = {}
        self._refreshed = 0.0
        self._gone = False
        if self._address is not None:
            self.connect()

    def connect(self) -> None:
        """Raises UserError where Ray cannot be used, or where a node is not fit for the trials."""
        if self._ray is not None:
            return
        with warnings.catch_warnings(), _quiet_environment():
            warnings.simplefilter("ignore")
            self._ray = self._init()
        self._carry = self._ray.remote(max_retries=0, num_cpus=1)(on_node.carry)
        try:
            self._check(self._nodes())
        except BaseException:
            self.close()
            raise

    def _init(self) -> Any:
        import ray
        import ray.util.scheduling_strategies

        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if self._address is not None:
                ray.init(address=self._address, **quiet)
            else:
                # Ray's sockets lie there, and their names must be short.
                self._temp = tempfile.mkdtemp(prefix="ldr-", dir=None if len(tempfile.gettempdir()) < 20 else "/tmp")
                ray.init(
                    address="local", num_cpus=self.width, include_dashboard=False, object_store_memory=STORE, _temp_dir=self._temp, **quiet
                )
        except (RuntimeError, ConnectionError, ValueError, OSError) as error:
            self.close()
            raise UserError(f"cannot use Ray{self._where}: {_sentence(str(error))}") from error
        ray.cloudpickle.register_pickle_by_value(on_node)
        _silence()
        return ray

    def submit(self, job: Job) -> None:
        self.connect()
        environment = {name: text for name, text in os.environ.items() if not belongs_to_machine(name)}
        request = {
            "start": self._starter, "program": self._program, "job": packed_job(job), "package": self._wanted.package,
            "cwd": self._wanted.cwd, "environment": environment,
        }  # fmt: skip
        ref = self._carry.remote(json.dumps(request).encode(), job.seconds + LATE / 2, self._checked)
        self._under_way[ref] = UnderWay(job, time.monotonic())

    def poll(self, seconds: float) -> list[Ended]:
        if not self._under_way:
            return []
        ready, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(list(self._under_way), num_returns=len(self._under_way), timeout=0)
        ended = [found for ref in ready if (found := self._fetched(ref)) is not None]
        now = time.monotonic()
        for ref, held in list(self._under_way.items()):
            if now - held.since > held.job.seconds + LATE:
                del self._under_way[ref]
                self._end([ref])
                ended.append(_lost(held.job, now - held.since, "nothing was heard of it"))
        if now - self._refreshed > REFRESH:
            self._refresh()
        return ended

    def cancel(self) -> None:
        refs = list(self._under_way)
        self._under_way.clear()
        if refs and not self._gone:
            self._end(refs)

    def close(self) -> None:
        """Leave the cluster; a Ray that was started for us is shut down, with what it has written."""
        if self._ray is not None:
            with contextlib.suppress(Exception):
                self.cancel()
            self._ray.shutdown()
            self._ray = None
        if self._temp is not None:
            shutil.rmtree(self._temp, ignore_errors=True)

    @property
    def _where(self) -> str:
        return f" at {self._address}" if self._address is not None else ""

    def _nodes(self) -> dict[str, str]:
        """Id and name of the nodes that can run trials."""
        return {n["NodeID"]: n["NodeManagerAddress"] for n in self._ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) >= 1}

    def _check(self, nodes: Mapping[str, str]) -> None:
        """Look at nodes, all at a time. Raises UserError that says what is wrong with which."""
        if not nodes:
            raise UserError(f"the Ray cluster{self._where} has no node with a CPU to run trials on")
        plain = self._wanted.as_plain()
        here = json.loads(on_node.look(plain))
        affinity: Callable[..., Any] = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        look = self._ray.remote(max_retries=0, num_cpus=0)(on_node.look)
        refs = {look.options(scheduling_strategy=affinity(node_id=node, soft=False)).remote(plain): node for node in nodes}
        answered, _ = self._ray.wait(list(refs), num_returns=len(refs), timeout=LOOK)
        wrong: list[str] = []
        for ref, node in refs.items():
            if ref not in answered:
                wrong.append(f"on {nodes[node]} nothing answers")
                continue
            try:
                told = differences(self._wanted, here, json.loads(self._ray.get(ref)))
            except self._ray.exceptions.RayError as error:
                told = [f"a look at it failed ({_sentence(str(error))})"]
            if told:
                wrong.append(f"on {nodes[node]} {', '.join(told)}")
        if wrong:
            more = f" (and {len(wrong) - 3} more nodes)" if len(wrong) > 3 else ""
            raise UserError(
                f"the Ray cluster{self._where} cannot run the same trials as this machine: {'; '.join(wrong[:3])}{more}. "
                "Every node needs the same Python, torch, lossdoctor and files at the same paths."
            )
        self._checked = [*self._checked, *nodes]
        self._refresh()

    def _refresh(self) -> None:
        """The width follows the cluster: nodes die, and others join."""
        self._refreshed = time.monotonic()
        if self._address is not None and (why := _unanswered(self._address)):
            # Ray would wait for a minute, and then end this process.
            self._gone = True
            raise UserError(f"the Ray cluster{self._where} is gone ({why}); what was tried is kept: --resume goes on with it")
        alive = [n for n in self._ray.nodes() if n["Alive"]]
        cores = int(sum(n["Resources"].get("CPU", 0) for n in alive))
        if not cores:
            raise UserError(f"all nodes of the Ray cluster{self._where} are gone; what was tried is kept: --resume goes on with it")
        self.width = min(self._jobs or cores, cores)

    def _fetched(self, ref: Any) -> Ended | None:
        """How a trial ended; None where it goes on elsewhere."""
        held = self._under_way.pop(ref)
        took = time.monotonic() - held.since
        try:
            answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._refresh()
            return _lost(held.job, took, _sentence(str(error)))
        head, _, tar = answer.partition(b"\n")
        told = json.loads(head)
        if "unchecked" in told:
            # A node that joined later: looked at before anything runs on it.
            name = self._nodes().get(told["unchecked"])
            if name is not None and told["unchecked"] not in self._checked:
                self._check({told["unchecked"]: name})
            self.submit(held.job)
            return None
        if "failed" in told:
            return _lost(held.job, took, told["failed"] or "its process was killed")
        unpack(tar, Path(held.job.folder))
        return Ended(held.job, int(told["status"]), float(told["seconds"]), timed_out=bool(told["timed_out"]))

    def _end(self, refs: list[Any]) -> None:
        """Ask, and insist where that does not help: with a task its keeper's pipe closes, and the keeper ends the rest."""
        left = refs
        for force in (False, True):
            for ref in left:
                with contextlib.suppress(Exception):
                    self._ray.cancel(ref, force=force)
            _, left = self._ray.wait(left, num_returns=len(left), timeout=CANCEL) if left else ([], [])


@contextlib.contextmanager
def _quiet_environment() -> Iterator[None]:
    """For Ray alone: the script's own environment, which it has from ours, stays as it is."""
    before = dict(os.environ)
    os.environ.update(QUIET)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def reachable(address: str) -> str:
    """The address of a cluster that answers, as host:port. Raises UserError within seconds where none does: Ray itself
    would try for minutes, and then end the process."""
    if address.startswith("ray://"):
        raise UserError(f"{address} is Ray Client's; run lossdoctor on a machine of the cluster, with --address auto or host:port")
    if address == "auto":
        found = os.environ.get("RAY_ADDRESS", "")
        with contextlib.suppress(OSError):
            found = found or HOME.read_text().strip()
        if not found or found == "auto":
            raise UserError("no Ray cluster runs on this machine; give its address: --address host:port")
        address = found
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"{address!r} is no address of a Ray cluster; it looks like host:6379")
    if why := _unanswered(address):
        raise UserError(f"no Ray cluster answers at {address}: {why}")
    code = f"import json, ray\ntry:\n ray.init(address={address!r}, log_to_driver=False, logging_level='ERROR'); print('{{}}')\n" \
        "except BaseException as error: print(json.dumps({'error': str(error)}))"  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=SHAKE_HANDS, env={**os.environ, **QUIET},
        )  # fmt: skip
        told = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise UserError(f"no Ray cluster answers at {address} within {SHAKE_HANDS:g} s") from error
    except (ValueError, IndexError) as error:
        raise UserError(f"no Ray cluster answers at {address}: a first try ended with status {done.returncode}") from error
    if "error" in told:
        raise UserError(f"cannot use the Ray cluster at {address}: {_sentence(told['error'], 6)}")
    return address


def _unanswered(address: str) -> str:
    """Why no connection is made to host:port; "" where one is."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT).close()
    except (OSError, OverflowError) as error:
        return _sentence(str(error))
    return ""


def _silence() -> None:
    """Ray prints what befalls its nodes on stdout, where our report goes, also if it is told to log nothing."""
    with contextlib.suppress(Exception):
        from ray._private import worker

        worker.print_to_stdstream = lambda *data, **options: None


def _lost(job: Job, seconds: float, why: str) -> Ended:
    """To be run again; what is known of the reason takes the place of its output meanwhile."""
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "output.txt").write_text(f"lost: {why}\n", encoding="utf-8")
    return Ended(job, -9, seconds, lost=True)


def _sentence(text: str, lines_of_it: int = 2) -> str:
    """The first lines that say something, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:lines_of_it])[:400] if lines else "it gave no reason"
