"""From a table or a `.ts` file to examples on features, by roles that options name: for any task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx.column_reading import STEP
from lstm_onnx.contract import Table
from lstm_onnx.data.beside import test_file_of
from lstm_onnx.data.blocks import blocks_of, told_blocks
from lstm_onnx.data.followed import followed
from lstm_onnx.data.parts import Part, part_of, split_column
from lstm_onnx.data.sequences import block_sequences, long_sequences, name_in, wide_sequences
from lstm_onnx.data.tables import is_numeric, numeric_column, read_table, require_all, row_number
from lstm_onnx.data.ucr_format import SUFFIX, read_ts
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.features.column_roles import find_roles, wide_steps
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.naming import identifiers
from lstm_onnx.features.number import Number
from lstm_onnx.features.role_options import RoleOptions
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.table_answers import NUMBERS, Answered, TableAnswers
from lstm_onnx.features.table_pictures import picture_feature, picture_paths
from lstm_onnx.features.text import Text

ROWS = "steps"
"""The feature of the rows of a sequence."""


def read_examples(
    source: Path,
    config: RoleOptions,
    answers: TableAnswers = NUMBERS,
    opened: Callable[[Path], pl.DataFrame] | None = None,
) -> Examples:
    """Read a data set, with the test part that is asked for or lies beside it.

    Args:
        source: a table, with a row for each example or for each step of one; or, where answers are numbers, a `.ts`
            file with `@targetLabel`.
        config: what each column is for; what it leaves open is found, and comes back in `Examples.options`.
        answers: what becomes of the columns that are to be answered.
        opened: reads the table of a file; by default as `config` says.

    Raises:
        UserError: it cannot be read; says where, what was found and what to do.
    """
    test = test_file_of(source, config.test_file)
    if source.suffix.lower() == SUFFIX and answers is NUMBERS:
        return _joined(_read_ts(source), _read_ts(test) if test is not None else None, test)

    def read(path: Path) -> pl.DataFrame:
        return read_table(path, names=config.header) if opened is None else opened(path)

    table = Understanding(read(source), source, config)
    roles, notes = find_roles(table.looks, source, config, answers.option)
    split = config.split or split_column(table.frame)
    settled = table.settle(_uses(table.looks, roles, split, answers.cells))
    first = _read_frame(settled.frame, source, roles, split, (*notes, *settled.notes), answers)
    first = replace(first, understood=settled.understood)
    if test is None or (config.test_file is None and first.part is not None):
        return first
    scored = followed(read(test), settled.understood, test)
    return _joined(first, _read_frame(scored, test, roles, None, (), answers), test)


def _uses(
    frame: pl.DataFrame, config: RoleOptions, split: str | None, answers: str
) -> dict[str, tuple[str, str | None]]:
    """Say what each column is for, as `Understanding.settle` wants it."""
    uses: list[tuple[Sequence[str | None], str, str | None]] = [
        (wide_steps(frame, config, split) if config.wide else config.channels, STEP, "number"),
        (config.text, "text", "text"),
        (config.category, "category", "category"),
        (config.number, "number", "number"),
        (config.image, "picture", "text"),
        ([config.group], "group", "id"),
        ([split], "split", "category"),
        ([config.time], "time", None),
        (config.sequence, "sequence", "id"),
        (config.target, "answer", answers),
    ]
    return {c: (role, kind) for columns, role, kind in uses for c in columns if c is not None}


def _joined(first: Examples, test: Examples | None, where: Path | None) -> Examples:
    if test is None:
        return first
    if first.part is not None:
        raise UserError(f"{where}: gives test examples, and a column says which part an example belongs to; "
                        "leave one out")  # fmt: skip
    if [f.columns for f in _rows(first)] != [f.columns for f in _rows(test)]:
        raise UserError(f"{where}: has other channels than the file to learn from; give both alike")
    learn: list[Part] = ["train"] * len(first)
    score: list[Part] = ["test"] * len(test)
    together = None
    if first.together is not None and test.together is not None:
        together = [*first.together, *test.together]
    return Examples(
        columns={name: [*column, *test.columns[name]] for name, column in first.columns.items()},
        together=together,
        part=[*learn, *score],
        table=first.table,
        notes=(*first.notes, f"test examples of {where.name if where else ''}", *test.notes),
        inputs=first.inputs,
        outputs=first.outputs,
        options=first.options,
        places=[*(first.places or ()), *(test.places or ())],
        understood=first.understood,
    )


def _rows(examples: Examples) -> list[Rows]:
    return [f for f in examples.inputs or () if isinstance(f, Rows)]


def _read_ts(path: Path) -> Examples:
    found = read_ts(path)
    if found.labels is None or found.classes:
        raise UserError(f"{path}: has {'classes' if found.classes else 'no label'}, and a number is needed of each "
                        "case (@targetLabel true)")  # fmt: skip
    numbers = []
    for label, line in zip(found.labels, found.lines, strict=True):
        try:
            numbers.append(float(label))
        except ValueError:
            raise UserError(f"{path}: line {line}: found '{label}' where the number to answer is needed") from None
    rows = Rows(name=ROWS, columns=found.channels)
    places = [f"{path}: line {n}" for n in found.lines]
    target = Answered({"target": numbers}, [Number(name="target")], np.isnan(numbers))
    table = Table(steps=len(found.channels) == 1)
    return _complete({ROWS: found.sequences}, [rows], target, table, None, None, (), places)


def _read_frame(
    frame: pl.DataFrame,
    where: Path,
    config: RoleOptions,
    split: str | None,
    notes: tuple[str, ...],
    answers: TableAnswers,
) -> Examples:
    single = [*config.target, *config.text, *config.category, *config.number, *config.image]
    others = tuple(c for c in (*config.target, *config.ignore, config.group, split) if c is not None)
    require_all(frame, single, where)
    columns: dict[str, Sequence[Any]] = {}
    inputs: list[Any] = []
    rows = np.arange(frame.height, dtype=np.int64)
    table = None
    steps = wide_steps(frame, config, split) if config.wide else list(config.channels)
    names = dict(zip([ROWS, *single], identifiers([ROWS, *single]), strict=True))
    if config.sequence or config.wide:
        if config.wide:
            blocks = blocks_of(steps, where)
            found = block_sequences(frame, where, blocks) if blocks else wide_sequences(frame, where, steps)
            channels = {name: tuple(columns) for name, columns in blocks.items()} or None
            steps, table = list(blocks) or ["value"], Table(steps=True, blocks=channels, others=others)
            notes = (*notes, f"a row is a sequence of {told_blocks(blocks)}") if blocks else notes
        else:
            time, sequence = config.time, config.sequence
            found = long_sequences(frame, where, sequence=sequence, time=time, columns=steps or single[:1])
            _refuse_changes(frame, where, sequence, single)
            table = Table(time=time, series=sequence[0], series_with=sequence[1:], others=others)
        rows, notes = found.rows, (*notes, *found.notes)
        if steps:
            columns[names[ROWS]] = found.values
            inputs.append(Rows(name=names[ROWS], columns=tuple(steps)))
    for column in config.text:
        inputs.append(Text(name=names[column], column=column, vocabulary=config.vocabulary, least=config.min_count))
        columns[names[column]] = [str(v or "") for v in frame.get_column(column).cast(pl.String).gather(rows)]
    for column in config.category:
        inputs.append(Category(name=names[column], column=column))
        columns[names[column]] = _levels(frame, column, where, rows)
    told_of: list[str] = []
    for column in config.image:
        inputs.append(picture_feature(names[column], column, config))
        columns[names[column]] = picture_paths(frame, column, where, config, rows.tolist(), told_of)
    notes = (*notes, *dict.fromkeys(told_of))
    for column in config.number:
        values, told = numeric_column(frame, column, where)
        columns[names[column]], notes = [float(v) for v in values[rows]], (*notes, *told)
        inputs.append(Number(name=names[column], column=column))
    answered = answers.read(frame, where, {c: names[c] for c in config.target}, rows)
    notes = (*notes, *answered.notes)
    places = [f"{where}: row {row_number(where, int(i))}" for i in rows]
    part = None
    if split is not None:
        cells = frame.get_column(split).gather(rows).to_list()
        part = [part_of(cell, f"{place}, column '{split}'") for cell, place in zip(cells, places, strict=True)]
    group = None
    if config.group is not None:
        group = [str(v) for v in frame.get_column(config.group).cast(pl.String).gather(rows)]
    return _complete(columns, inputs, answered, table, part, group, notes, places, config)


def _complete(
    columns: dict[str, Sequence[Any]],
    inputs: list[Any],
    answered: Answered,
    table: Table | None,
    part: list[Any] | None,
    group: list[str] | None,
    notes: tuple[str, ...],
    places: list[str],
    config: RoleOptions | None = None,
) -> Examples:
    """Leave out the examples whose answer is missing."""
    missing = answered.missing
    keep = np.flatnonzero(~missing)
    if missing.any():
        what = "the number to answer" if all(isinstance(f, Number) for f in answered.outputs) else "an answer"
        notes = (*notes, f"left out {int(missing.sum()):,} examples without {what}")
    all_columns = {**columns, **answered.columns}
    return Examples(
        columns={name: [column[int(i)] for i in keep] for name, column in all_columns.items()},
        together=[group[i] for i in keep] if group is not None else None,
        part=[part[i] for i in keep] if part is not None else None,
        table=table,
        notes=notes,
        inputs=inputs,
        outputs=answered.outputs,
        options=config,
        places=[places[int(i)] for i in keep],
    )


def _levels(frame: pl.DataFrame, column: str, where: Path, rows: Any) -> list[str] | list[int]:
    cells = frame.get_column(column)
    if is_numeric(cells):
        values = numeric_column(frame, column, where)[0][rows]
        if bool(np.isfinite(values).all()) and bool((values == np.floor(values)).all()):
            return [int(v) for v in values]
        raise UserError(f"{where}: column '{column}' (from --category) must be names or whole numbers, none missing")
    return [str(v or "") for v in cells.cast(pl.String).gather(rows)]


def _refuse_changes(frame: pl.DataFrame, where: Path, sequence: tuple[str, ...], columns: Sequence[str]) -> None:
    for column in columns:
        changed = frame.select(pl.col(column).ne_missing(pl.col(column).first().over(sequence))).to_series().arg_true()
        if len(changed):
            at = int(changed[0])
            raise UserError(
                f"{where}: row {row_number(where, at)}, column '{column}': found '{frame.get_column(column)[at]}', and "
                f"rows of the sequence '{name_in(frame, sequence, at)}' before it have another; there must be one "
                f"value for each sequence"
            )
