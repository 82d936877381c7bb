"""What runs inside Ray's own worker processes: a look at the node, and the errand of one trial.

It is sent to the nodes as source (a node may lack lossdoctor, which is one of the things to tell), so it uses the standard
library alone. Answers are plain bytes, which Ray hands over as they are: nothing is unpickled on the way back.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PIECE = 65536


def look(wanted: dict[str, Any]) -> bytes:
    """What is here of what a trial needs: Python, torch, lossdoctor, the working folder, and each file's digest, as JSON."""
    package = package_here(wanted["package"])
    return json.dumps(
        {
            "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
            "torch": version_of("torch"),
            "package": package,
            "lossdoctor": "" if package is None else digest_of_package(package),
            "cwd": os.path.isdir(wanted["cwd"]),  # noqa: PTH112
            "files": {path: digest_of(path) for path in wanted["files"]},
            "host": socket.gethostname(),
        }
    ).encode()


def package_here(given: str) -> str | None:
    """The folder to import lossdoctor from: the one that the driver uses, else where it is installed."""
    if (Path(given) / "lossdoctor" / "__init__.py").is_file():
        return given
    found = importlib.util.find_spec("lossdoctor")
    if found is None or found.origin is None:
        return None
    return str(Path(found.origin).parent.parent)


def version_of(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def digest_of_package(package: str) -> str:
    """Of all of lossdoctor's source: two builds may bear the same number."""
    whole = hashlib.sha256()
    root = Path(package) / "lossdoctor"
    for path in sorted(root.rglob("*.py")):
        whole.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def digest_of(path: str) -> str:
    """Of a file's bytes (of a large one: its size, its first and its last ones); "folder", or "" where there is nothing."""
    place = Path(path)
    try:
        if place.is_dir():
            return "folder"
        with place.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            whole = hashlib.sha256(str(size).encode())
            if size <= 16 * PIECE:
                whole.update(file.read())
            else:
                whole.update(file.read(PIECE))
                file.seek(-PIECE, os.SEEK_END)
                whole.update(file.read(PIECE))
    except OSError:
        return ""
    return whole.hexdigest()


def carry(request: bytes, seconds: float, checked: list[str]) -> bytes:
    """The errand of one trial, on a node that has been looked at; on another one its id."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    return errand(request, seconds) if node in checked else json.dumps({"unchecked": node}).encode() + b"\n"


def errand(request: bytes, seconds: float) -> bytes:
    """Have a keeper run one trial here and give what it answers. It ends its trial when our end of its pipe closes: when we
    are cancelled, and also when this process is killed."""
    package = package_here(json.loads(request)["package"])
    code = f"import sys; sys.path.insert(0, {package!r}); from lossdoctor.trials.engines.keeper import main; sys.path.pop(0); main({package!r})"
    with tempfile.TemporaryFile() as complaints:
        keeper = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True
        )
        assert keeper.stdin is not None and keeper.stdout is not None
        try:
            keeper.stdin.write(request + b"\n")
            keeper.stdin.flush()
            answer = received(keeper.stdout.fileno(), seconds)
        except BrokenPipeError:
            answer = b""
        finally:
            try:
                keeper.stdin.close()
            except OSError:
                pass
            received(keeper.stdout.fileno(), 15.0)
            keeper.wait()
        if answer:
            return answer
        complaints.seek(0)
        return json.dumps({"failed": complaints.read().decode(errors="replace")[-2000:]}).encode() + b"\n"


def received(descriptor: int, seconds: float) -> bytes:
    """All that comes until it is closed, for at most so long (then nothing). Looks up now and then, so that Ray's
    KeyboardInterrupt for a cancelled task arrives."""
    parts: list[bytes] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([descriptor], [], [], 0.1)[0]:
            continue
        part = os.read(descriptor, PIECE)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return b""
