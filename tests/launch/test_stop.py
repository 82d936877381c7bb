from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from lossdoctor.launch.stop import Stopper, StopRun, descendants

SOURCE = Path(__file__).resolve().parents[2] / "src"


def python(code: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, "-u", str(script)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_nothing_until_asked_then_the_first_reason() -> None:
    stopper = Stopper()
    stopper.raise_if_requested()
    stopper.request("enough")
    stopper.request("too much")
    with pytest.raises(StopRun, match="enough"):
        stopper.raise_if_requested()
    assert not isinstance(StopRun(), Exception)


def test_a_script_that_swallows_it_is_ended(tmp_path: Path) -> None:
    done = python(
        """
        from lossdoctor.launch.stop import Stopper
        stopper = Stopper(lambda: print("last words"))
        stopper.request("enough")
        for i in range(10):
            try:
                stopper.raise_if_requested()
            except:
                print("swallowed", i)
        print("never")
        """,
        tmp_path,
    )
    assert done.stdout == "swallowed 0\nswallowed 1\nswallowed 2\nlast words\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_failing_last_words_do_not_keep_it_alive(tmp_path: Path) -> None:
    done = python(
        """
        from lossdoctor.launch.stop import Stopper
        stopper = Stopper(lambda: 1 / 0)
        stopper.request("enough")
        while True:
            try:
                stopper.raise_if_requested()
            except:
                pass
        """,
        tmp_path,
    )
    assert done.returncode == 0


def test_in_another_thread_the_process_ends_at_once(tmp_path: Path) -> None:
    done = python(
        """
        import threading, time
        from lossdoctor.launch.stop import Stopper
        stopper = Stopper(lambda: print("last words"))
        stopper.request("enough")
        threading.Thread(target=stopper.raise_if_requested).start()
        time.sleep(50)
        """,
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "last words\n", "")


def test_a_forked_worker_is_not_stopped_unless_it_is_the_run(tmp_path: Path) -> None:
    done = python(
        """
        import os
        from lossdoctor.launch.stop import Stopper, StopRun
        stopper = Stopper()
        stopper.request("enough")
        if os.fork() == 0:
            stopper.raise_if_requested()
            print("went on", flush=True)
            stopper.adopt()
            stopper.raise_if_requested()
            stopper.request("again")
            try:
                stopper.raise_if_requested()
            except StopRun as stop:
                print("stopped", stop, flush=True)
            os._exit(0)
        os.wait()
        """,
        tmp_path,
    )
    assert done.stdout == "went on\nstopped again\n"


def test_no_children_are_left(tmp_path: Path) -> None:
    done = python(
        """
        import multiprocessing, os, signal, subprocess, sys, time
        from lossdoctor.launch.stop import descendants, end_children

        def stubborn(ready):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
            ready.put((os.getpid(), grandchild.pid))
            time.sleep(100)

        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            ready = context.Queue()
            context.Process(target=stubborn, args=(ready,)).start()
            spared = subprocess.Popen(["sleep", "100"])
            pids = ready.get()
            fired = []
            signal.signal(signal.SIGCHLD, lambda *_: fired.append(1))
            ended = end_children(keep={spared.pid}, patience=0.2)
            alive = descendants(os.getpid())
            print(set(pids) == set(ended), alive == [spared.pid], fired)
            print(signal.getsignal(signal.SIGCHLD) is not signal.SIG_DFL)
            spared.kill()
            spared.wait()
            print(end_children())
            os._exit(0)
        """,
        tmp_path,
    )
    assert done.stdout == "True True []\nTrue\n[]\n", done.stderr


def test_the_resource_tracker_may_clean_up(tmp_path: Path) -> None:
    done = python(
        """
        import os
        from multiprocessing import resource_tracker
        from lossdoctor.launch.stop import descendants, end_children
        resource_tracker.ensure_running()
        print(end_children(), len(descendants(os.getpid())))
        """,
        tmp_path,
    )
    assert done.stdout == "[] 1\n"
    assert done.stderr == ""


def test_descendants_of_this_process() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 50 & wait"], start_new_session=True) as shell:
        waited = threading.Event()
        for _ in range(200):
            if len(descendants(shell.pid)) == 1:
                break
            waited.wait(0.02)
        below = descendants(shell.pid)
        assert len(below) == 1
        assert below[0] in descendants(os.getpid())
        assert below[0] not in descendants(os.getpid(), without={shell.pid})
        os.killpg(shell.pid, 9)
