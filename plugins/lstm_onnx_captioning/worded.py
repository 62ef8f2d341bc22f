"""Captions with words in them: what cannot be learnt from is left out, and told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lstm_onnx.errors import UserError
from lstm_onnx_captioning.captions import normalise
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import Row
from lstm_onnx_captioning.unspaced import apart, lacks_spaces


def in_words(config: Config, rows: Sequence[Row], notes: list[str]) -> tuple[Config, list[list[str]]]:
    """Return the captions of each row, normalised; those of a language without spaces become characters."""
    plain = [[normalise(text) for text in row.captions] for row in rows]
    if config.characters is None:
        found = lacks_spaces(text for texts in plain for text in texts)
        if found:
            notes.append(
                "captions have no spaces between words, so that each character counts as a word (--no-characters takes "
                "words as they are parted)"
            )
        config = config.model_copy(update={"characters": found})
    if config.characters:
        plain = [[apart(text) for text in texts] for texts in plain]
    return config, plain


def with_captions(rows: Sequence[Row], words: Sequence[Sequence[str]], source: Path, notes: list[str]) -> list[Row]:
    """Put words in the place of captions; leave out captions without one, and pictures without a caption."""
    kept: list[Row] = []
    wordless: list[str] = []
    bare: list[str] = []
    for row, texts in zip(rows, words, strict=True):
        wordless += [f"'{raw}' in {row.place}" for raw, text in zip(row.captions, texts, strict=True) if not text]
        captions = tuple(dict.fromkeys(text for text in texts if text))
        if captions:
            kept.append(Row(row.name, captions, row.part, row.place))
        else:
            bare.append(f"'{row.name}' in {row.place}")
    for what, lost in (("captions without a word", wordless), ("pictures without a caption", bare)):
        if lost:
            notes.append(f"{what}, which are left out: {len(lost):,}, the first {lost[0].replace(f'{source}: ', '')}")
    if not kept:
        raise UserError(f"{source}: no picture has a caption with a word in it; is this the right file?")
    return kept
