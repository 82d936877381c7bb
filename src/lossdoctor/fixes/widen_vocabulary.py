"""Keep more words in the vocabulary."""

from __future__ import annotations

import ast

from ..signs import Signs
from ..source import Edit, replace_node
from ..source.values import number
from .fix import Args, Fix
from .places import fragment, scripts

NAMES = frozenset({
    "max_features", "max_words", "num_words", "vocab_size", "max_vocab", "max_tokens", "vocabulary_size", "n_words",
})  # fmt: skip
MANY = 20_000


def _edit(signs: Signs, args: Args) -> Edit | None:
    """The one constant that limits the vocabulary, where it is below MANY."""
    found = []
    for script in scripts(signs):
        for node in ast.walk(script.tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                limit = number(node.value) if node.targets[0].id.lower() in NAMES else None
                if limit is not None and limit < MANY:
                    found.append((script, node.value))
    if len(found) != 1:
        return None
    script, value = found[0]
    return replace_node(script, value, f"{MANY:_}")


FIX = Fix(
    id="widen-vocabulary",
    safety="unsafe",
    title=lambda signs, args: "keep more words in the vocabulary",
    edit=_edit,
    otherwise=lambda signs, args: fragment(
        "where the vocabulary is made: from the texts of this task, spelled alike",
        "counts = Counter(word.lower() for text in texts for word in text.split())",
        "vocabulary = {word: i + 2 for i, (word, n) in enumerate(counts.most_common(20_000)) if n > 1}",
    ),
)
