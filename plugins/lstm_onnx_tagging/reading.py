"""From a file to examples: words with their tags, or the steps of a recording with theirs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx.data.columns import called
from lstm_onnx.data.followed import followed
from lstm_onnx.data.open_table import open_table
from lstm_onnx.data.parts import Part
from lstm_onnx.data.sentences import CONLL, Sentences, read_conll, read_spans, read_word_table
from lstm_onnx.data.tables import read_table, require
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import (
    Examples,
    Recording,
    Rows,
    Tags,
    Text,
    cut_in_time,
    find_channels,
    read_recordings,
    recording_roles,
    table_of_recordings,
    test_file_of,
)
from lstm_onnx_tagging.drawn import draw
from lstm_onnx_tagging.options import Config

TEXT, ROWS, TAG = "text", "rows", "tag"
_WORDS = ("word", "token", "form")
_TAGS = ("tag", "label", "upos", "pos", "ner", "activity", "class")
_SENTENCES = ("sentence", "sentence_id", "sequence", "sequence_id", "id")
_RECORDS = (".jsonl", ".ndjson")


def read(source: Path | None, config: Config, random: np.random.Generator) -> Examples:
    """Read a data set with the test part that is asked for or lies beside it; without a source, draw sentences.

    Raises:
        UserError: it cannot be read; says where, what was found and what to do.
    """
    if source is None:
        texts, tags = draw(config.count, random)
        drawn = Sentences([t.split() for t in texts], tags, [f"sentence {k + 1}" for k in range(len(texts))])
        return _of_sentences(drawn, None, config, ("these sentences are drawn: give a file to learn from your own",))
    test = test_file_of(source, config.test_file)
    suffix = source.suffix.lower()
    if suffix in CONLL or suffix in _RECORDS:
        one = read_spans if suffix in _RECORDS else _conll(config)
        return _of_sentences(one(source), one(test) if test is not None else None, config, ())
    table = open_table(source, config)
    frame = table.frame
    other = read_table(test, names=config.header) if test is not None else None
    for option in ("word", "tag"):
        if column := getattr(config, option):
            require(frame, column, source, f"--{option}")
    word, tag = config.word or called(frame, _WORDS), config.tag or called(frame, _TAGS)
    if tag is None:
        raise UserError(f"{source}: no column is called {', '.join(_TAGS)}; name the one that holds the labels "
                        f"with --tag; there is: {', '.join(frame.columns[:20])}")  # fmt: skip
    if word is None or config.channels:
        return _of_recordings(table, source, other, test, config.model_copy(update={"tag": tag}))
    named = called(frame.select(c for c in frame.columns if c not in (word, tag)), _SENTENCES)
    sequence = config.sequence or ((named,) if named is not None else ())
    config = config.model_copy(update={"word": word, "tag": tag, "sequence": sequence})
    first = read_word_table(frame, source, word, tag, sequence)
    second = read_word_table(other, test, word, tag, sequence) if other is not None and test is not None else None
    roles: dict[str, tuple[str, str | None]] = {word: ("word", "text"), tag: ("label", "category")}
    understood = table.settle(roles | {column: ("sentence", "id") for column in sequence}).understood
    told = f"words of '{word}', labels of '{tag}', sentences by {' and '.join(map(repr, sequence))}"
    return replace(_of_sentences(first, second, config, (*reading_notes(source), told)), understood=understood)


def _conll(config: Config) -> Any:
    return lambda path: read_conll(path, config.word, config.tag)


def _of_sentences(found: Sentences, test: Sentences | None, config: Config, notes: tuple[str, ...]) -> Examples:
    part: list[Part] | None = None
    if test is not None:
        learn: list[Part] = ["train"] * len(found.words)
        score: list[Part] = ["test"] * len(test.words)
        part, notes = [*learn, *score], (*notes, *found.notes, f"{len(score):,} sentences to score", *test.notes)
        found = Sentences(found.words + test.words, found.tags + test.tags, found.places + test.places)
    labels = {tag for row in found.tags for tag in row}
    return Examples(
        columns={TEXT: [" ".join(words) for words in found.words], TAG: found.tags},
        part=part,
        notes=(*notes, *found.notes),
        inputs=[Text(name=TEXT, vocabulary=config.vocabulary, least=config.min_count, letters=config.letters)],
        outputs=[Tags(name=TAG, along=TEXT, spans=_are_spans(labels), meaning="what the word is")],
        options=config,
        places=found.places,
        told=f"{len(found.words):,} sentences, {sum(map(len, found.words)):,} words with {len(labels)} labels",
    )


def _are_spans(labels: set[str]) -> bool:
    return "O" in labels and all(label == "O" or re.match(r"[BI]-.", label) for label in labels)


def _of_recordings(
    table: Understanding, where: Path, other: pl.DataFrame | None, test: Path | None, config: Config
) -> Examples:
    """Read recordings with a label at each row; each is cut in time, or whole ones are kept for the test."""
    tag = config.tag
    assert tag is not None
    config, told = find_channels(table.looks, where, config, tag)
    settled = table.settle(recording_roles(config, tag))
    recordings, repaired = read_recordings(settled.frame, where, config, tag)
    notes = (*settled.notes, *repaired)
    scored: list[Recording] = []
    more: tuple[str, ...] = ()
    if other is not None and test is not None:
        scored, more = read_recordings(followed(other, settled.understood, test), test, config, tag)
    shares = (0.0 if scored else config.test_share, config.validation_share)
    pieces: list[tuple[Recording, slice, Part]] = [
        (recordings[k], rows, to) for k, rows, to in cut_in_time(list(map(_length, recordings)), config.window, shares)
    ]
    pieces += [(recording, slice(None), "test") for recording in scored]
    labels = {label for recording in (*recordings, *scored) for label in recording.labels}
    if None in labels:
        raise UserError(f"{where}: the label is missing in a cell of the column '{tag}'; fill it in, or leave the row "
                        "out")  # fmt: skip
    return Examples(
        columns={ROWS: [r.values[rows] for r, rows, _ in pieces], TAG: [r.labels[rows] for r, rows, _ in pieces]},
        part=[to for _, _, to in pieces],
        table=table_of_recordings(config, (tag,)),
        notes=(f"{told}, labels of '{tag}'", *notes, *more),
        inputs=[Rows(name=ROWS, columns=config.channels, meaning="what sensors say at each step")],
        outputs=[Tags(name=TAG, along=ROWS, meaning=f"{tag} at the step")],
        options=config,
        understood=settled.understood,
        told=f"{len(recordings) + len(scored):,} recordings of {len(config.channels)} channels, {len(labels)} labels",
    )


def _length(recording: Recording) -> int:
    return len(recording.values)
