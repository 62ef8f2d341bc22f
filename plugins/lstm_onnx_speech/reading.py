"""From a table or a folder to examples: sounds with their texts."""

from __future__ import annotations

import unicodedata
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.columns import called
from lstm_onnx.data.parts import PARTS, Part, part_of, split_column
from lstm_onnx.data.sounds import find_sounds
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import read_table, require, row_number
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Audio, Examples, Transcript, test_file_of
from lstm_onnx_speech.drawn import RATE, draw
from lstm_onnx_speech.options import Config

AUDIO, TEXT = "audio", "text"
_SOUNDS = ("audio", "file", "path", "wav", "filename", "file_name", "clip")
_TEXTS = ("text", "transcript", "transcription", "sentence", "label")


def read(source: Path | None, config: Config, random: np.random.Generator) -> Examples:
    """Read a data set with the test part that is asked for or lies beside it; without a source, draw utterances.

    Raises:
        UserError: it cannot be read; says where, what was found and what to do.
    """
    if source is None:
        sounds, texts = draw(config.count, random)
        note = "these utterances are drawn, of an invented language: give a table of WAV files to learn from your own"
        return _examples([(s, RATE) for s in sounds], texts, None, config, None, (note,))
    test = test_file_of(source, config.test_file)
    paths, texts, part, places, understood = _read(source, config)
    if test is not None:
        others, said, _, stand, _ = _read(test, config)
        part = [PARTS[0]] * len(paths) + [PARTS[2]] * len(others)
        paths, texts, places = paths + others, texts + said, places + stand
    kept, notes = _usable(paths, texts, config)
    if not kept:
        raise UserError(f"{source}: no example is left; {notes[0]}")
    return _examples(
        [paths[k] for k in kept],
        [texts[k] for k in kept],
        [part[k] for k in kept] if part is not None else None,
        config,
        [places[k] for k in kept],
        notes,
        understood,
    )


def _examples(
    sounds: Sequence[Any],
    texts: Sequence[str],
    part: Sequence[Part] | None,
    config: Config,
    places: Sequence[str] | None,
    notes: tuple[str, ...],
    understood: tuple[ColumnReading, ...] = (),
) -> Examples:
    same = [plain(text) for text in texts] if not config.keep_case else [" ".join(text.split()) for text in texts]
    sound = Audio(name=AUDIO, rate=config.rate, mels=config.mels, meaning="what is said")
    text = Transcript(name=TEXT, along=AUDIO, longest=config.longest, beams=config.beams, meaning="what is said in it")
    return Examples(
        columns={AUDIO: sounds, TEXT: same},
        part=part,
        notes=notes,
        inputs=[sound],
        outputs=[text],
        options=config,
        places=places,
        understood=understood,
        told=f"{len(sounds):,} sounds with {len(set(same)):,} texts, read at {config.rate:,} samples a second",
    )


def plain(text: str) -> str:
    """Put a text into small letters and leave out what is no letter, digit or apostrophe."""
    small = unicodedata.normalize("NFC", text).lower().replace("\u2019", "'")
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in small).split())


_Read = tuple[list[Path], list[str], list[Part] | None, list[str], tuple[ColumnReading, ...]]


def _read(source: Path, config: Config) -> _Read:
    """Return paths, texts, parts if the table tells them, where each stands, and how columns are understood."""
    if source.is_dir():
        files = find_sounds(source)
        beside = [(f, f.with_suffix(".txt")) for f in files]
        there = [(f, t) for f, t in beside if t.is_file()]
        if not there:
            raise UserError(f"{source}: has {len(files):,} sounds, and no text beside them; write NAME.txt beside "
                            "NAME.wav, or give a table with a column of paths and one of texts")  # fmt: skip
        texts = [t.read_text(encoding="utf-8").strip() for _, t in there]
        return [f for f, _ in there], texts, None, [str(f) for f, _ in there], ()
    frame = read_table(source)
    for option in (AUDIO, TEXT):
        if column := getattr(config, option):
            require(frame, column, source, f"--{option}")
    found = {AUDIO: config.audio or called(frame, _SOUNDS), TEXT: config.text or called(frame, _TEXTS)}
    for option, column in found.items():
        if column is None:
            what = "paths of WAV files" if option == AUDIO else "texts"
            raise UserError(f"{source}: no column is known to hold {what}; name it with --{option}; there is: "
                            f"{', '.join(frame.columns[:20])}")  # fmt: skip
    cells = [frame.get_column(str(c)).cast(pl.String).fill_null("").to_list() for c in found.values()]
    split = split_column(frame)
    named = frame.get_column(split).to_list() if split else []
    part = [part_of(cell, f"{source}: row {row_number(source, k)}") for k, cell in enumerate(named)] or None
    paths = [source.parent / cell for cell in cells[0]]
    roles: dict[str, tuple[str, str | None]] = {c: ("part", "category") for c in (split,) if c}
    roles |= {str(found[AUDIO]): ("sound", "text"), str(found[TEXT]): ("answer", "text")}
    understood = Understanding(frame, source, TableOptions()).settle(roles).understood
    return paths, cells[1], part, [f"{source}: row {row_number(source, k)}" for k in range(len(paths))], understood


def _usable(paths: Sequence[Path], texts: Sequence[str], config: Config) -> tuple[list[int], tuple[str, ...]]:
    """Return the numbers of the examples that can be learnt from, and notes on the others."""
    kept: list[int] = []
    left = {"no letter in their text": 0, f"more than {config.seconds:g} seconds": 0}
    silent, long = left
    for k, (path, text) in enumerate(zip(paths, texts, strict=True)):
        if not plain(text):
            left[silent] += 1
        elif _seconds(path) > config.seconds:
            left[long] += 1
        else:
            kept.append(k)
    return kept, tuple(f"{count:,} sounds are left out: {why}" for why, count in left.items() if count)


def _seconds(path: Path) -> float:
    """Return how long a file is by its head; 0 where that cannot be read, which is told when it is needed."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / max(1, file.getframerate())
    except (OSError, wave.Error, EOFError):
        return 0.0
