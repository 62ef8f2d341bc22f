"""From a file of text, or a column of a table, to examples: a text each."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.columns import called
from lstm_onnx.data.parts import Part, part_of, split_column
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import FORMATS, read_table, require, row_number
from lstm_onnx.data.text_files import read_lines
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError, no_such_file
from lstm_onnx.plugin import Examples, Number, Option, Sentence, Text, test_file_of
from lstm_onnx_textgen.drawn import draw
from lstm_onnx_textgen.options import Config

PROMPT, TEXT, LIKELY, LONGEST = "prompt", "text", "log_probability", "longest"
_NAMES = ("text", "sentence", "line", "title", "name", "smiles", "content", "message")
_TRAIN: Part = "train"
_TEST: Part = "test"


def read(source: Path | None, config: Config, random: np.random.Generator) -> Examples:
    """Read texts with the test part that is asked for or lies beside them; without a source, draw reports.

    Raises:
        UserError: they cannot be read; says where, what was found and what to do.
    """
    if source is None:
        texts = draw(config.count, random)
        note = "these weather reports are drawn: give a file to learn from your own texts"
        return _examples(texts, [f"report {k + 1}" for k in range(len(texts))], None, config, (note,), ())
    test = test_file_of(source, config.test_file)
    texts, places, parts, config, notes, understood = _read_file(source, config)
    if test is not None and parts is None:
        more, where, *_ = _read_file(test, config)
        parts = [_TRAIN] * len(texts) + [_TEST] * len(more)
        texts, places = texts + more, places + where
        notes = (*notes, f"test texts of {test.name}")
    return _examples(texts, places, parts, config, notes, understood)


_Read = tuple[list[str], list[str], list[Part] | None, Config, tuple[str, ...], tuple[ColumnReading, ...]]


def _read_file(source: Path, config: Config) -> _Read:
    """Return texts, where each stands, its part, the options with the column found, notes, and what was understood."""
    if (
        source.is_dir()
        or (config.text is None and source.suffix.lower() in {".txt", ""})
        or source.suffix.lower() not in FORMATS
    ):
        lines = _lines(source)
        texts = [line for line, _ in lines if line.strip()]
        places = [place for line, place in lines if line.strip()]
        if not texts:
            raise UserError(f"{source}: holds no line of text; give texts, a line each")
        reading = ColumnReading(column=TEXT, role="text", kind="text", example=texts[0][:60])
        return texts, places, None, config, (f"each line of {source.name} is a text",), (reading,)
    frame = read_table(source)
    column = config.text or _find(frame, source)
    require(frame, column, source, "--text")
    if frame.get_column(column).dtype.is_nested():
        raise UserError(f"{source}: column '{column}' holds {frame.get_column(column).dtype}; give one text a cell")
    cells = frame.get_column(column).cast(pl.String).to_list()
    known = [i for i, cell in enumerate(cells) if cell is not None and cell.strip()]
    if not known:
        raise UserError(f"{source}: column '{column}' holds no text; name another with --text")
    places = [f"{source}: row {row_number(source, i)}" for i in known]
    notes: tuple[str, ...] = (f"texts of the column '{column}'",)
    if len(known) < len(cells):
        notes = (*notes, f"left out {len(cells) - len(known):,} rows without a text")
    split, parts = split_column(frame), None
    if split is not None and split != column:
        named = frame.get_column(split).to_list()
        parts = [part_of(named[i], f"{place}, column '{split}'") for i, place in zip(known, places, strict=True)]
    texts = [str(cells[i]) for i in known]
    roles: dict[str, tuple[str, str | None]] = {column: ("text", "text")}
    roles |= {split: ("split", "category")} if parts is not None and split is not None else {}
    told = Understanding(frame, source, TableOptions()).settle(roles).understood
    return texts, places, parts, config.model_copy(update={"text": column}), notes, told


def _lines(source: Path) -> list[tuple[str, str]]:
    """Return the lines of a file, or of all `.txt` files of a folder, each with its place."""
    if not source.exists():
        raise no_such_file(source, (".txt",))
    files = sorted(source.glob("**/*.txt")) if source.is_dir() else [source]
    if not files:
        raise UserError(f"{source}: the folder holds no .txt file; give a file of texts, or such a folder")
    return [(line, f"{f}: line {n}") for f in files for n, line in enumerate(read_lines(f), start=1)]


def _find(frame: pl.DataFrame, where: Path) -> str:
    strings = [c for c in frame.columns if frame.get_column(c).dtype == pl.String and not _are_numbers(frame, c)]
    strings = [c for c in strings if c != split_column(frame)]
    if (found := called(frame, _NAMES)) is not None:
        return found
    if len(strings) == 1:
        return strings[0]
    raise UserError(f"{where}: no column is called text, and {len(strings)} hold text; name one with --text; there is: "
                    f"{', '.join(frame.columns[:20])}")  # fmt: skip


def _are_numbers(frame: pl.DataFrame, column: str) -> bool:
    head = frame.get_column(column).drop_nulls().head(1000)
    return len(head) > 0 and head.cast(pl.Float64, strict=False).null_count() == 0


def _examples(
    texts: list[str],
    places: list[str],
    parts: list[Part] | None,
    config: Config,
    notes: tuple[str, ...],
    understood: tuple[ColumnReading, ...],
) -> Examples:
    pieces = [(t[b : b + config.window], k) for k, t in enumerate(texts) for b in range(0, len(t), config.window)]
    if len(pieces) > len(texts):
        long = len({k for (_, k), (_, before) in zip(pieces[1:], pieces, strict=False) if k == before})
        notes = (*notes, f"{long:,} texts of more than {config.window} characters are cut into pieces (--window)")
    if len(set(texts)) < len(texts):
        notes = (*notes, f"{len(texts) - len(set(texts)):,} texts stand there again; equal ones stay in one part")
    characters, cut = config.units == "characters", config.units in ("bytes", "pieces")
    return Examples(
        columns={PROMPT: [piece for piece, _ in pieces], LONGEST: [0] * len(pieces)},  # learning writes nothing
        together=None if parts is not None else [texts[k] for _, k in pieces],
        part=None if parts is None else [parts[k] for _, k in pieces],
        notes=notes,
        inputs=[
            Text(
                name=PROMPT,
                column=config.text or TEXT,
                meaning="how the text begins; it may be empty",
                as_bytes=characters or cut,
                characters=characters,
                exact=characters,
                pieces=cut,
                may_be_empty=True,
                vocabulary=1 if config.units == "bytes" else config.vocabulary,
                least=config.min_count,
            ),
            Option(name="temperature", default=1.0, least=0.0, most=10.0, meaning="0 writes what is likeliest"),
            Option(name="top_k", default=0, least=0, meaning="draws from so many of the likeliest; 0 from all"),
            Option(name="top_p", default=1.0, least=0.0, most=1.0, meaning="draws from the likeliest with this share"),
            Option(name="seed", default=0, least=0, most=2**31 - 2, meaning="another seed, another text"),
            Option(name=LONGEST, default=config.longest, least=0, most=config.longest, meaning="written at most"),
            Option(name="stop", default=-1, least=-1, most=sys.maxunicode, meaning=_STOP[config.units]),
        ],
        outputs=[
            Sentence(
                name=TEXT,
                longest=config.longest,
                characters=characters,
                pieces=cut,
                continues=PROMPT,
                scored=True,
                meaning="how it goes on",
            ),
            Number(name=LIKELY, supervised=False, meaning="natural logarithm of how likely the prompt is as a text"),
        ],
        options=config,
        places=[places[k] for _, k in pieces],
        what="texts",
        told=f"{len(texts):,} texts, {sum(map(len, texts)):,} characters",
        understood=understood,
    )


_STOP = {
    "characters": "code point of a character after which nothing is written (10: a line's end); -1 for none",
    "bytes": "a byte after which nothing is written (10: a line's end); -1 for none",
    "pieces": "code point of a piece of one character after which nothing is written; -1 for none",
    "words": "number of a word after which nothing is written; -1 for none",
}
