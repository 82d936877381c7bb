"""`lossdoctor mcp` where its SDK is missing, and where the folder is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.modules['mcp'] = None; from lossdoctor.commands import run_cli; sys.exit(run_cli(['mcp', *sys.argv[1:]]))"
    )
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def test_a_missing_sdk_is_one_sentence() -> None:
    done = ask()
    assert done.returncode == 2 and done.stdout == ""
    assert "pip install 'lossdoctor[mcp]'" in done.stderr and done.stderr.count("\n") == 1


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    done = ask("--root", str(tmp_path / "nowhere"))
    assert done.returncode == 2 and "is no folder" in done.stderr and done.stderr.count("\n") == 1
