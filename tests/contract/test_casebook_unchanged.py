"""Law 1 on the casebook: every script ends with bit-identical weights and output, with and without us.

A few scripts by default, spread over the causes; all of them with `-m slow`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "casebook").glob("*/*.py")) + sorted((ROOT / "casebook" / "seeds").glob("*/*.py"))
SPREAD = SCRIPTS[5 :: max(1, len(SCRIPTS) // 6)][:6]

AT_THE_END = """
import atexit, gc, hashlib, os, sys

def weights():
    torch = sys.modules.get("torch")
    if torch is None:
        return
    found = {}
    for thing in gc.get_objects():
        if issubclass(type(thing), torch.nn.Module) and "_parameters" in thing.__dict__:
            for name, tensor in [*thing.__dict__["_parameters"].items(), *thing.__dict__["_buffers"].items()]:
                if tensor is not None:
                    found[id(tensor)] = tensor
    digests = sorted(hashlib.sha256(t.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()
                     for t in found.values() if t.numel())
    digests.append(hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest())
    with open(os.environ["WEIGHTS_OUT"], "w") as file:
        file.write("\\n".join(digests))

if os.environ.get("WEIGHTS_PID_FILE") and not os.path.exists(os.environ["WEIGHTS_PID_FILE"]):
    open(os.environ["WEIGHTS_PID_FILE"], "w").close()
    atexit.register(weights)
"""


@dataclass(frozen=True)
class Ended:
    status: int
    out: bytes
    err: bytes
    weights: str


def ended(words: list[str], folder: Path, site: Path) -> Ended:
    folder.mkdir()
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT / "src")]), "OMP_NUM_THREADS": "1", "SEED": "0",
        "WEIGHTS_OUT": str(folder / "weights.txt"), "WEIGHTS_PID_FILE": str(folder / "first"),
    }  # fmt: skip
    done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, timeout=300)
    weights = folder / "weights.txt"
    return Ended(done.returncode, done.stdout, done.stderr, weights.read_text() if weights.exists() else "none")


def compare(script: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(AT_THE_END)
    plain = ended([str(script)], tmp_path / "plain", site)
    watched = ended(["-m", "lossdoctor", "run", "-q", "--out", str(tmp_path / "out"), str(script)], tmp_path / "watched", site)
    assert watched.status == plain.status, watched.err.decode()
    assert watched.out == plain.out
    assert watched.err == plain.err
    assert plain.weights != "none" and watched.weights == plain.weights


@pytest.mark.parametrize("script", SPREAD, ids=lambda s: f"{s.parent.name}-{s.stem}")
def test_a_spread(script: Path, tmp_path: Path) -> None:
    compare(script, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: f"{s.parent.name}-{s.stem}")
def test_every_script(script: Path, tmp_path: Path) -> None:
    compare(script, tmp_path)
