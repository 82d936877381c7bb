"""User strings made harmless: what a script, a file name or an error message may carry."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clip", "one_line", "visible"]

TAB = 4
"""Columns a tab advances to, in quoted source."""

# Embedding, override and isolate marks reorder what a reader sees ("Trojan Source", CVE-2021-42574).
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """`text` with control characters shown as pictures, bidirectional marks and lone surrogates as
    U+FFFD, tabs expanded. Newlines stay."""
    text = text.replace("\r\n", "\n").expandtabs(TAB)
    text = _CONTROL.sub(lambda found: _picture(found.group()), text)
    return _SURROGATE.sub("\ufffd", _BIDI.sub("\ufffd", text))


def one_line(text: str) -> str:
    """`visible`, with every run of white space turned into one space."""
    return re.sub(r"\s+", " ", visible(text)).strip()


def clip(text: str, size: int) -> str:
    """At most `size` characters, the last an ellipsis where something was cut (never inside a
    combining sequence)."""
    if len(text) <= size:
        return text
    cut = size - 1
    while cut > 0 and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut].rstrip() + "…"


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
