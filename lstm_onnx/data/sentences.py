"""Sentences with a label for each word: CoNLL columns, JSON lines with spans, or a table with a row a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from lstm_onnx.data.labelled import labelled_sequences
from lstm_onnx.data.sequences import Ids
from lstm_onnx.data.text_files import decode, parse_json
from lstm_onnx.errors import UserError

CONLL = (".conll", ".conllu", ".bio", ".iob", ".iob2")
_UNIVERSAL = {"id": 1, "form": 2, "lemma": 3, "upos": 4, "xpos": 5, "deprel": 8}
_SPANS = ("spans", "entities", "label", "labels")


@dataclass(frozen=True)
class Sentences:
    """Sentences, the labels of their words, and where each stands."""

    words: list[list[str]]
    tags: list[list[str]]
    places: list[str]
    notes: tuple[str, ...] = ()


def read_conll(path: Path, word: str | None, tag: str | None) -> Sentences:
    """Read a line for each word, its columns parted by tabs or spaces, and an empty line after each sentence.

    Args:
        path: the file; lines that begin with `#`, and words of several (`1-2`) in `.conllu`, are passed over.
        word: number of the column of words from 1, or its name in `.conllu`; the first, or `form`, if not given.
        tag: likewise of the labels; the last, or `upos`.
    """
    universal = path.suffix.lower() == ".conllu"
    found = Sentences([], [], [])
    words: list[str] = []
    tags: list[str] = []
    begin = 0
    for number, line in enumerate([*decode(path.read_bytes(), path).splitlines(), ""], start=1):
        if not line.strip() or line.startswith("-DOCSTART-"):
            if words:
                found.words.append(words)
                found.tags.append(tags)
                found.places.append(f"{path}: line {begin}")
            words, tags, begin = [], [], 0
            continue
        if line.startswith("#") and universal:
            continue
        cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        if universal and re.fullmatch(r"\d+[-.]\d+", cells[0]):
            continue
        places = [_place(name, len(cells), universal, default) for name, default in ((word, 0), (tag, 1))]
        for name, place in zip(("--word", "--tag"), places, strict=True):
            if place is None or place >= len(cells):
                raise UserError(
                    f"{path}: line {number}: has {len(cells)} columns, and none that {name} means; give its number "
                    f"from 1{', or ' + ', '.join(_UNIVERSAL) if universal else ''}"
                )
        begin = begin or number
        words.append("_".join(cells[places[0] or 0].split()))
        tags.append(cells[places[1] or 0])
    return _checked(found, path)


def _place(name: str | None, width: int, universal: bool, which: int) -> int | None:
    if name is None:
        return (_UNIVERSAL["form"], _UNIVERSAL["upos"])[which] - 1 if universal else (0, width - 1)[which]
    if name.isdecimal() and int(name) > 0:
        return int(name) - 1
    return _UNIVERSAL[name.lower()] - 1 if universal and name.lower() in _UNIVERSAL else None


def read_spans(path: Path) -> Sentences:
    """Read a JSON object a line: `text`, and `spans` (or `entities`, `labels`) with start, end and label.

    Words are what white space parts. A word belongs to a span that it shares a character with: spans that begin or end
    within a word are drawn out to it, and counted in a note.
    """
    found = Sentences([], [], [])
    torn = 0
    for number, line in enumerate(decode(path.read_bytes(), path).splitlines(), start=1):
        if not line.strip():
            continue
        record = parse_json(line.encode(), path, number)
        key = next((k for k in _SPANS if isinstance(record, Mapping) and k in record), None)
        if key is None or not isinstance(record.get("text"), str):
            raise UserError(
                f"{path}: line {number}: needs 'text' and 'spans', a list of {{'start': 0, 'end': 3, 'label': 'X'}} or "
                f"[0, 3, 'X']"
            )
        text = record["text"]
        pieces = [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]
        tags = ["O"] * len(pieces)
        for span in record[key]:
            start, end, label = _span(span, path, number, len(text))
            inside = [k for k, (a, b) in enumerate(pieces) if a < end and b > start]
            torn += bool(inside) and (pieces[inside[0]][0] != start or pieces[inside[-1]][1] != end)
            for k in inside:
                tags[k] = f"{'B' if k == inside[0] else 'I'}-{label}"
        if pieces:
            found.words.append([text[a:b] for a, b in pieces])
            found.tags.append(tags)
            found.places.append(f"{path}: line {number}")
    notes = (f"{torn:,} spans begin or end within a word, and are drawn out to it",) if torn else ()
    return _checked(Sentences(found.words, found.tags, found.places, notes), path)


def _span(span: Any, path: Path, number: int, length: int) -> tuple[int, int, str]:
    if isinstance(span, Mapping):
        span = [span.get("start"), span.get("end"), span.get("label")]
    right = isinstance(span, list) and len(span) == 3 and isinstance(span[0], int) and isinstance(span[1], int)
    if not right or not 0 <= span[0] < span[1] <= length or not isinstance(span[2], str):
        raise UserError(f"{path}: line {number}: the span {span} is none of the {length} characters of the text")
    return span[0], span[1], span[2]


def read_word_table(frame: pl.DataFrame, where: Path, word: str, tag: str, sequence: Ids) -> Sentences:
    """Read a table with a row for each word; `sequence` tells sentences apart."""
    if not sequence:
        raise UserError(f"{where}: nothing tells which sentence a word belongs to; name that column with --sequence")
    read, labels = labelled_sequences(frame, where, sequence=sequence, time=None, columns=(), labels=(word, tag))
    places = [f"{where}: {place}" for place in read.places]
    for kind, column in ((word, labels[word]), (tag, labels[tag])):
        if (at := next((k for k, row in enumerate(column) if None in row), None)) is not None:
            raise UserError(f"{places[at]}: a cell of the column '{kind}' is empty in this sentence; fill it in")
    words = [["_".join(str(cell).split()) for cell in row] for row in labels[word]]
    return _checked(Sentences(words, [[str(c) for c in row] for row in labels[tag]], places, read.notes), where)


def _checked(found: Sentences, where: Path) -> Sentences:
    if not found.words:
        raise UserError(f"{where}: holds no sentence")
    labels = {tag for row in found.tags for tag in row}
    if not any(re.match(r"[SE]-", tag) for tag in labels) or not all(re.match(r"O$|[BIESLU]-", t) for t in labels):
        return found
    plain = {"S": "B", "U": "B", "E": "I", "L": "I"}
    tags = [[plain.get(tag[0], tag[0]) + tag[1:] for tag in row] for row in found.tags]
    return Sentences(found.words, tags, found.places, (*found.notes, "labels S-X and E-X are read as B-X and I-X"))
