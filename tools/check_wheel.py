"""Build the wheel, install it into an empty environment, and ask it for help: what a stranger gets works."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("py.typed", "reports/html/templates/page.html.j2")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lossdoctor-wheel-") as folder:
        place = Path(folder)
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        wheel = next(place.glob("*.whl"))
        venv.create(place / "env", with_pip=True)
        python = place / "env" / "bin" / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
        command = str(place / "env" / "bin" / "lossdoctor")
        for words in (["--version"], ["--help"], ["causes"], ["explain", "lr-too-high"]):
            done = subprocess.run([command, *words], capture_output=True, text=True, cwd=place)
            if done.returncode or not done.stdout.strip():
                sys.stderr.write(f"lossdoctor {' '.join(words)}: status {done.returncode}\n{done.stderr}\n")
                return 1
        (place / "train.py").write_text("print(1)\n")
        done = subprocess.run([command, "check", "train.py"], capture_output=True, text=True, cwd=place)
        if done.returncode != 2 or "PyTorch is not installed" not in done.stderr:
            sys.stderr.write(f"without torch: status {done.returncode}, said {done.stderr!r}\n")
            return 1
        done = subprocess.run([command, "mcp"], capture_output=True, text=True, cwd=place)
        if done.returncode != 2 or "pip install 'lossdoctor[mcp]'" not in done.stderr:
            sys.stderr.write(f"without mcp: status {done.returncode}, said {done.stderr!r}\n")
            return 1
        listed = subprocess.run(
            [str(python), "-c", "import lossdoctor, pathlib; print(pathlib.Path(lossdoctor.__file__).parent)"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        package = Path(listed.stdout.strip())
        missing = [name for name in NEEDED if not (package / name).exists()]
        if missing:
            sys.stderr.write(f"the wheel lacks {', '.join(missing)}\n")
            return 1
    sys.stdout.write("wheel: built, installed into an empty environment, and it answers\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
