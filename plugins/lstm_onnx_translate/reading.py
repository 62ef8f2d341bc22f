"""From a table with two columns of text to examples: a source each, with all that it may become."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.columns import called
from lstm_onnx.data.parts import Part, part_of, split_column
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import read_table, require, row_number
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Examples, Sentence, Text, test_file_of
from lstm_onnx_translate.drawn import draw
from lstm_onnx_translate.options import Config, Units

SOURCE, TARGET = "source", "target"
_SOURCES = ("source", "src", "input", "word", "text", "from")
_TARGETS = ("target", "tgt", "output", "translation", "phonemes", "pronunciation", "to")
_LONGEST = 200
"""Words or characters written at most, unless a person asks for more."""


def read(source: Path | None, config: Config, random: np.random.Generator) -> Examples:
    """Read pairs with the test part that is asked for or lies beside them; without a source, draw dates.

    Raises:
        UserError: they cannot be read; says where, what was found and what to do.
    """
    if source is None:
        said, figures = draw(config.count, random)
        drawn: list[_Row] = [(s, f, "", None) for s, f in zip(said, figures, strict=True)]
        config = config.model_copy(update={"source": config.source or SOURCE, "target": config.target or TARGET})
        return _examples(drawn, config, ("these dates are drawn: give a table to learn from your own",), ())
    test = test_file_of(source, config.test_file)
    rows, config, notes, understood = _read_table(source, config)
    if test is not None and all(part is None for *_, part in rows):
        more, _, told, _ = _read_table(test, config)
        learn: list[_Row] = [(s, t, where, "train") for s, t, where, _ in rows]
        score: list[_Row] = [(s, t, where, "test") for s, t, where, _ in more]
        rows = learn + score
        notes = (*notes, f"test examples of {test.name}", *told)
    return _examples(rows, config, notes, understood)


_Row = tuple[str, str, str, Part | None]
"""What is translated, what it becomes, where it stands, and of which part it is."""


def _read_table(where: Path, config: Config) -> tuple[list[_Row], Config, tuple[str, ...], tuple[ColumnReading, ...]]:
    frame = read_table(where)
    split = split_column(frame)
    source, target = _find(frame, where, config, split)
    cells = {}
    for column in (source, target):
        if frame.get_column(column).dtype.is_nested():
            raise UserError(f"{where}: column '{column}' holds {frame.get_column(column).dtype}; give one text a cell")
        cells[column] = frame.get_column(column).cast(pl.String).fill_null("").to_list()
    parts = frame.get_column(split).to_list() if split is not None else None
    rows: list[_Row] = []
    for i, (said, becomes) in enumerate(zip(cells[source], cells[target], strict=True)):
        place = f"{where}: row {row_number(where, i)}"
        if said.strip() and becomes.strip():
            rows.append((said, becomes, place, None if parts is None else part_of(parts[i], f"{place}, '{split}'")))
    if not rows:
        raise UserError(f"{where}: no row has a text in both '{source}' and '{target}'; fill them in")
    notes: tuple[str, ...] = (f"'{source}' becomes '{target}'",)
    if len(rows) < frame.height:
        notes = (*notes, f"left out {frame.height - len(rows):,} rows in which one of both is empty")
    config = config.model_copy(update={"source": source, "target": target})
    roles: dict[str, tuple[str, str | None]] = {source: ("source", "text"), target: ("target", "text")}
    roles |= {split: ("split", "category")} if split is not None else {}
    understood = Understanding(frame, where, TableOptions()).settle(roles).understood
    return rows, config, notes, understood


def _find(frame: pl.DataFrame, where: Path, config: Config, split: str | None) -> tuple[str, str]:
    """Return the two columns: those that were asked for, those of the usual names, or the only two."""
    for column, option in ((config.source, "--source"), (config.target, "--target")):
        if column is not None:
            require(frame, column, where, option)
    source, target = config.source or called(frame, _SOURCES), config.target or called(frame, _TARGETS)
    free = [c for c in frame.columns if c not in (source, target, split)]
    if source is None and target is None and len(free) == 2:
        return free[0], free[1]
    if len(free) == 1 and (source is None or target is None):
        source, target = source or free[0], target or free[0]
    if source is None or target is None or source == target:
        raise UserError(f"{where}: cannot tell what is translated and what it becomes; name them with --source and "
                        f"--target; there is: {', '.join(frame.columns[:20])}")  # fmt: skip
    return source, target


def _units(asked: Units, texts: list[str], least: int) -> bool:
    """Whether characters are taken one after the other: else words, of which a text has `least` or more."""
    if asked != "auto":
        return asked == "characters"
    return float(np.median([len(text.split()) for text in texts])) < least


def _examples(
    rows: list[_Row], config: Config, notes: tuple[str, ...], understood: tuple[ColumnReading, ...]
) -> Examples:
    found: dict[tuple[str, Part | None], tuple[list[str], str]] = {}
    for said, becomes, place, part in rows:
        known, _ = found.setdefault((said, part), ([], place))
        if becomes not in known:
            known.append(becomes)
    if len(found) < len(rows):
        notes = (*notes, f"{len(rows) - len(found):,} rows have a source that stands there before: each becomes either")
    sources = [said for said, _ in found]
    becoming = [all_of for all_of, _ in found.values()]
    parts = [part for _, part in found]
    reads = _units(config.source_units, sources, 2)
    writes = _units(config.target_units, [t for row in becoming for t in row], 2)
    count = max(len(t) if writes else len(t.split()) for row in becoming for t in row)
    units: dict[bool, Units] = {True: "characters", False: "words"}
    longest = config.longest or min(count, _LONGEST)
    if longest < count:
        notes = (*notes, f"what is longer than {longest} {units[writes]} is cut (--longest)")
    notes = (*notes, f"reads {units[reads]}, writes {units[writes]}")
    options = config.model_copy(
        update={"source_units": units[reads], "target_units": units[writes], "longest": longest}
    )
    return Examples(
        columns={SOURCE: sources, TARGET: becoming},
        part=None if None in parts else [part for part in parts if part is not None],
        notes=notes,
        inputs=[
            Text(
                name=SOURCE,
                column=config.source,
                meaning="what is translated",
                as_bytes=reads,
                characters=reads,
                exact=reads,
                vocabulary=config.vocabulary,
                least=config.min_count,
            )
        ],
        outputs=[
            Sentence(
                name=TARGET,
                longest=longest,
                least=config.min_count,
                characters=writes,
                scored=True,
                meaning="what it becomes",
            )
        ],
        options=options,
        places=[place for _, place in found.values()],
        told=f"{len(sources):,} sources, {sum(map(len, becoming)):,} of what they become",
        understood=understood,
    )
