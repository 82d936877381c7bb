"""`# lossdoctor: ignore` and `# lossdoctor: ignore[ID, ID] reason`, on the line of a finding."""

from __future__ import annotations

import io
import re
import tokenize

from ..source.script import Script

_IGNORE = re.compile(r"#\s*lossdoctor:\s*ignore(?:\[(?P<ids>[^\]]*)\])?", re.IGNORECASE)


def ignored(script: Script) -> dict[int, frozenset[str] | None]:
    """The causes that are ignored on each line; None stands for all."""
    if "lossdoctor:" not in script.text:
        return {}
    found: dict[int, frozenset[str] | None] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(script.text).readline):
            said = _IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
            if said:
                ids = said["ids"]
                found[token.start[0]] = None if ids is None else frozenset(i.strip() for i in ids.split(",") if i.strip())
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def is_ignored(said: dict[int, frozenset[str] | None], cause: str, first: int, last: int) -> bool:
    """Is a finding that covers these lines ignored on one of them?"""
    return any(line in said and (said[line] is None or cause in (said[line] or ())) for line in range(first, last + 1))
