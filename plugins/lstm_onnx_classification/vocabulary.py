"""What texts are cut into, and how much of other texts is known by that."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from lstm_onnx.features.feature import InputFeature
from lstm_onnx.features.text import Text
from lstm_onnx.features.words import UNKNOWN
from lstm_onnx_classification.options import Config

_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE", "BALINESE")
"""How the names of letters begin in scripts that put no space between words (Korean does)."""
_SHARE = 0.5
"""Share of the letters that makes a text one of such a script."""
_LOOKED_AT = 20_000
"""Letters of the texts are enough to tell their script."""
_LITTLE = 0.25
"""Of texts of which less is known a model sees next to nothing."""


def choose_units(texts: Sequence[str], config: Config) -> tuple[Config, tuple[str, ...]]:
    """Fill in what texts are cut into: characters where their script has no spaces between words, else words.

    Returns:
        the options, and a note where characters were chosen.
    """
    if config.cut == "words":
        return config, ()
    if config.cut == "characters":
        return config.model_copy(update={"text_input": "bytes"}), ()
    script = unspaced_script(texts)
    if script is None:
        return config.model_copy(update={"cut": "words"}), ()
    note = (
        f"the texts are in a script without spaces between words ({script}), so characters are the units, and the "
        f"graph takes UTF-8 bytes; --cut words cuts at spaces"
    )
    return config.model_copy(update={"cut": "characters", "text_input": "bytes"}), (note,)


def unspaced_script(texts: Sequence[str]) -> str | None:
    """Return the script in which most letters of texts are, if it is one without spaces between words."""
    letters = 0
    found: dict[str, int] = {}
    for text in texts:
        for sign in text:
            if sign.isalpha():
                letters += 1
                name = "" if sign.isascii() else unicodedata.name(sign, "")
                script = next((s for s in _SCRIPTS if name.startswith(s)), None)
                if script is not None:
                    found[script] = found.get(script, 0) + 1
        if letters > _LOOKED_AT:
            break
    if sum(found.values()) <= _SHARE * letters or not letters:
        return None
    return max(found, key=found.__getitem__).capitalize().replace("Cjk", "Chinese characters")


def coverage_notes(given: InputFeature, asked: Mapping[str, Sequence[str]], config: Config) -> tuple[str, ...]:
    """Note that little of the texts to test is known.

    Args:
        given: what was learnt of the texts, or something else.
        asked: the test part.
        config: the options.
    """
    if not isinstance(given, Text) or config.cut == "characters":
        return ()
    rows = [numbers for _, numbers in given.prepare(asked[given.name])]
    count = sum(len(row) for row in rows)
    known = sum(int((row != UNKNOWN).sum()) for row in rows)
    if not count or known >= _LITTLE * count:
        return ()
    share = f"{known / count:.0%} of the words in the test texts are known" if known else "no word of the test is known"
    return (
        f"{share}: the model sees hardly anything of them; --cut characters reads names, codes and the like letter by "
        f"letter",
    )
