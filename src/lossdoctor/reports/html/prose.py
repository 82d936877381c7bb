"""The little Markdown of a cause's page as HTML: paragraphs, lists, code, stress, links. All else is text."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from ..plain import visible

__all__ = ["prose"]

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*\s][^*]*)\*"
    r"|\[(?P<label>[^\]]+)\]\((?P<link>https?://[^)\s]+)\)|(?P<bare>https?://[^\s<>()]+[^\s<>().,;:])"
)
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")


def prose(text: str) -> Markup:
    """`text` as HTML. Links open only if they are http or https; nothing is loaded from them."""
    blocks: list[Markup] = []
    paragraph: list[str] = []
    bullets: list[list[str]] = []
    code: list[str] | None = None

    def flush() -> None:
        if paragraph:
            blocks.append(Markup("<p>{}</p>").format(_inline(" ".join(paragraph))))
            paragraph.clear()
        if bullets:
            items = Markup("").join(Markup("<li>{}</li>").format(_inline(" ".join(b))) for b in bullets)
            blocks.append(Markup("<ul>{}</ul>").format(items))
            bullets.clear()

    for line in visible(text).strip("\n").splitlines():
        if line.strip().startswith("```"):
            if code is None:
                flush()
                code = []
            else:
                blocks.append(_code(code))
                code = None
        elif code is not None:
            code.append(line)
        elif not line.strip():
            flush()
        elif _BULLET.match(line):
            if paragraph:
                flush()
            bullets.append([_BULLET.sub("", line).strip()])
        elif bullets and line.startswith(" "):
            bullets[-1].append(line.strip())
        else:
            if bullets:
                flush()
            paragraph.append(line.strip())
    if code is not None:
        blocks.append(_code(code))
    flush()
    return Markup("\n").join(blocks)


def _code(lines: list[str]) -> Markup:
    return Markup("<pre><code>{}</code></pre>").format("\n".join(lines))


def _inline(text: str) -> Markup:
    out = Markup("")
    at = 0
    for found in _INLINE.finditer(text):
        out += escape(text[at : found.start()])
        if found["code"]:
            out += Markup("<code>{}</code>").format(found["code"])
        elif found["strong"]:
            out += Markup("<strong>{}</strong>").format(_inline(found["strong"]))
        elif found["em"]:
            out += Markup("<em>{}</em>").format(_inline(found["em"]))
        else:
            link = found["link"] or found["bare"]
            label = found["label"] or found["bare"]
            out += Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(link, label)
        at = found.end()
    return out + escape(text[at:])
