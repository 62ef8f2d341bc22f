"""Captions as words: what counts as one, and which are known."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_APOSTROPHES = re.compile(r"(?<=\w)['\u2019\u02bc](?=\w)")


def normalise(text: str) -> str:
    """Return the words of a caption in lower case, a space between each two; empty where there is none.

    Words are runs of letters, their accents and digits. Everything else separates them (`T-shirt!` is `t shirt`), but
    an apostrophe within a word, which goes without a gap (`dog's` is `dogs`). Forms that look alike are one (NFKC). A
    language written without spaces, such as Japanese, has to come with spaces between its words.
    """
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).lower())
    words = "".join(_kept(c) for c in plain).split()
    return " ".join(word for word in words if any(c.isalnum() for c in word))


def _kept(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf":  # invisible, such as a soft hyphen or the joiners within Persian words
        return ""
    return character if kind[0] in "LMN" else " "


def build_words(captions: Iterable[str], min_count: int) -> tuple[str, ...]:
    """Return the words that occur `min_count` times at least, most frequent first, ties by alphabet.

    Args:
        captions: normalised.
        min_count: 1 keeps every word.
    """
    counts = Counter(word for caption in captions for word in caption.split())
    return tuple(sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w)))
