"""The script's own printed number: by the user's pattern, or the one that its words show to be a held-back metric."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

NUMBER = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf))"
BETWEEN = r"(?:\s*[:=]\s*|\s+(?:is|of|was)\s+|\s+)"
PAIR = re.compile(rf"([A-Za-z][A-Za-z0-9_²/ -]{{1,40}}?){BETWEEN}({NUMBER})(?![\w.])")
HELD = re.compile(r"\b(val|valid|validation|test|held|dev|eval|evaluation|metric|holdout|final)", re.IGNORECASE)
HIGHER = re.compile(
    r"(acc|accuracy|f1|auc|auroc|r2|r²|precision|recall|bleu|iou|corr|correlation|correct|mcc|kappa|hits?|skill|explained|gained|match)s?",
    re.IGNORECASE,
)
LOWER = re.compile(
    r"(mse|n?rmse|mae|mape|smape|errors?|wer|cer|perplexity|ppl|bpc|rms|nll|deviance|bits|nats|distance)", re.IGNORECASE
)
UNITS_CHANGE = frozenset({"scale-targets", "scale-both", "replace-loss", "weigh-loss-term", "weight-classes", "own-target-scaler"})
"""Fixes after which a printed loss or error may be in other units."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that scripts print, and which way is better. `pattern` has one group, the number."""

    name: str
    pattern: re.Pattern[str]
    higher: bool
    given: bool = False

    def read(self, text: str) -> float | None:
        """The last one that was printed; None where there is none, or it is no finite number."""
        found = self.pattern.findall(text)
        if not found:
            return None
        last = found[-1]
        try:
            value = float((last[0] if isinstance(last, tuple) else last).rstrip("%"))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def better(self, one: float, other: float) -> float:
        """By how much `one` is better than `other`, in the metric's own units."""
        return one - other if self.higher else other - one

    def comparable(self, fixes: frozenset[str]) -> bool:
        """Errors and losses that a script prints cannot be compared across a change of the target's units."""
        return self.given or self.higher or not fixes & UNITS_CHANGE


def detected(text: str) -> Metric | None:
    """The metric of the last line whose words name one; held-back ones before others, losses never (those are measured)."""
    best: tuple[int, Metric] | None = None
    for number, line in enumerate(text.splitlines()):
        for found in PAIR.finditer(line):
            words = found[1].strip()
            parts = re.split(r"[ _/-]+", words)
            higher = any(HIGHER.fullmatch(part) for part in parts)
            if "loss" in words.lower() or not (higher or any(LOWER.fullmatch(part) for part in parts)):
                continue
            rank = number + (1_000_000 if HELD.search(line) else 0)
            if best is None or rank >= best[0]:
                pattern = re.compile(rf"{re.escape(words)}{BETWEEN}({NUMBER})(?![\w.])")
                best = (rank, Metric(words, pattern, higher))
    return best[1] if best is not None else None
