"""Languages that are written without spaces between words: each of their characters counts as a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_SCRIPTS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_LONGEST_WORD = 6.0
"""Words of these scripts are shorter than this on average, where spaces part them: Chinese 2, Japanese 3, Thai 5."""


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script without spaces."""
    code = ord(character)
    return any(first <= code <= last for first, last in _SCRIPTS)


def lacks_spaces(captions: Iterable[str]) -> bool:
    """Whether captions are written in such a script, and do not part its words."""
    words = [word for caption in captions for word in caption.split() if is_unspaced(word[0])]
    return bool(words) and sum(map(len, words)) / len(words) > _LONGEST_WORD


def apart(caption: str) -> str:
    """Put a space between characters of such scripts, with the marks that belong to them."""
    pieces: list[str] = []
    open_word = False
    for character in caption:
        own = is_unspaced(character)
        if own and pieces and unicodedata.category(character)[0] == "M":
            pieces[-1] += character
        elif own:
            pieces.append(character)
            open_word = False
        elif character == " ":
            open_word = False
        elif open_word:
            pieces[-1] += character
        else:
            pieces.append(character)
            open_word = True
    return " ".join(pieces)
