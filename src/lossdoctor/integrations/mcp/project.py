"""The project folder: what may be run, and where may be written."""

from __future__ import annotations

from pathlib import Path

OUT = "lossdoctor-out"


class Refused(Exception):
    """What was asked for cannot be done: one sentence, for the one who asked."""


class Project:
    """Paths as an assistant names them, made sure of: links are followed before they are judged."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def inside(self, text: str) -> str:
        """A path in the project, relative to it and fit to stand on a command line. Raises `Refused` for any other."""
        path = self._resolved(text)
        if not path.is_relative_to(self.root):
            raise Refused(f"{text} is outside of the project folder {self.root}: only what lies inside it is used.")
        # A name that begins with a dash would be read as an option.
        return f"./{path.relative_to(self.root)}" if path.name.startswith("-") else str(path.relative_to(self.root))

    def module(self, name: str) -> str:
        """The name of a module whose file lies in the project."""
        parts = name.split(".")
        if not all(part.isidentifier() for part in parts):
            raise Refused(f"{name} is no module's name.")
        base = self.root.joinpath(*parts)
        for file in (base.with_name(f"{base.name}.py"), base / "__main__.py"):
            if file.is_file() and file.resolve().is_relative_to(self.root):
                return name
        raise Refused(f"{name} is no module of the project folder {self.root}: only what lies inside it is run.")

    def out(self, text: str) -> str:
        """A folder to write into: the project's lossdoctor-out, or one below it."""
        home = self.root / OUT
        path = self._resolved(text)
        if not path.is_relative_to(home):
            raise Refused(f"{text} is not inside {home}: reports are written there, or into a folder below it.")
        return str(path.relative_to(self.root))

    def earlier(self, text: str) -> str:
        """A folder of an earlier run, anywhere in the project."""
        path = self.root / self.inside(text)
        if not ((path / "report.json").is_file() or (path / "trace").is_dir()):
            raise Refused(f"{text} is no folder of a run: neither a report nor a trace lies in it.")
        return str(path.relative_to(self.root))

    def _resolved(self, text: str) -> Path:
        if not text or "\0" in text:
            raise Refused("an empty path was given.")
        try:
            return (self.root / text).resolve()
        except (OSError, RuntimeError) as error:
            raise Refused(f"{text} cannot be looked at: {error}.") from None
