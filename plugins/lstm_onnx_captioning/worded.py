"""Captions with words in them: what cannot be learnt from is left out, and told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lstm_onnx.errors import UserError
from lstm_onnx_captioning.captions import normalise
from lstm_onnx_captioning.raw_captions import Row


def with_captions(rows: Sequence[Row], source: Path, notes: list[str]) -> list[Row]:
    """Normalise captions, and leave out those without a word, and pictures without a caption."""
    kept: list[Row] = []
    wordless: list[str] = []
    bare: list[str] = []
    for row in rows:
        texts = [normalise(text) for text in row.captions]
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
