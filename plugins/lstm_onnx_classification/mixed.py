"""Examples of several features, pictures among them: read by the roles of columns, as every task on tables may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Table
from lstm_onnx.data.columns import called
from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.data.tables import FORMATS
from lstm_onnx.data.text_files import other_encoding
from lstm_onnx.errors import UserError
from lstm_onnx.features.category import Category
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.feature import OutputFeature
from lstm_onnx.features.image import Image
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.remarks import in_order
from lstm_onnx.features.role_options import RoleOptions
from lstm_onnx.features.table_answers import Answered, TableAnswers
from lstm_onnx.features.table_examples import read_examples
from lstm_onnx.features.table_pictures import may_name_pictures, picture_columns
from lstm_onnx.features.text import Text
from lstm_onnx_classification.cells import cells, has_cell
from lstm_onnx_classification.columns import LABELS, no_label
from lstm_onnx_classification.label_sets import classes_of, has_sets, how_many, label_set, with_sets
from lstm_onnx_classification.labels import label_notes, one_label, refuse_classes
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading_texts import read_encoded
from lstm_onnx_classification.recipe import SHARE, SMOOTHING

_ALONE = ("windows", "hop", "blocks", "scaling", "text_input", "cut", "layers", "pooling", "convolutions", "kernels")
_WORDS = ("tf_idf", "tf_idf_places", "ngrams", "ngram_size", "word_dropout", "on_unseen")
ALONE = (*_ALONE, "random_convolutions", "patch", *_WORDS)
"""Options of what reads sequences or texts alone."""
_FOUND = ("sequence", "time", "channels", "text", "category", "number", "image", "ignore")


def is_mixed(config: Config) -> bool:
    """Whether these options say that features of several kinds go in, or another than a sequence or a text."""
    beside = bool(config.text) and bool(config.sequence or config.channels)
    return bool(config.image or config.category or config.number or len(config.text) > 1 or beside)


def picture_table(source: Path | None, config: Config) -> pl.DataFrame | None:
    """Return the table, if some of its columns name pictures that no option speaks of: features of several kinds."""
    if source is None or config.text or config.windows or config.blocks or not may_name_pictures(source):
        return None
    frame = read_encoded(source, config.encoding, config.header)
    left = {*config.ignore, *config.sequence, *config.channels, config.label or called(frame, LABELS)}
    return frame if picture_columns(frame, left) else None


def roles_of(config: Config) -> RoleOptions:
    """Return what options say of columns, as every task says it."""
    own = {n: v for n, v in config if n in RoleOptions.model_fields and n != "validation_share"}
    return RoleOptions(**own, target=(config.label,) if config.label is not None else ())


def load_mixed(source: Path | None, config: Config, alone: bool = False, table: pl.DataFrame | None = None) -> Examples:
    """Read examples of a table, of whose columns all are used as they look but those that options name.

    Args:
        source: the table.
        config: roles of the columns.
        alone: read what it holds and nothing beside it, as other data is read to be scored; any class may be there.
        table: what the source holds, where it was read already.

    Raises:
        UserError: it cannot be read; says where, what was found and what to do.
    """
    if source is None or source.suffix.lower() not in FORMATS:
        given = next((n for n in ("image", "category", "number") if getattr(config, n)), "text")
        raise UserError(f"{source or 'the bundled data'}: --{given} names columns, and this is no table; give one")
    if wrong := next((n for n in ALONE if getattr(config, n) not in (Config.model_fields[n].default, None, ())), None):
        raise UserError(
            f"--{wrong.replace('_', '-')}: is for sequences or texts alone, and here other columns go in beside them; "
            "leave it out"
        )
    table = read_encoded(source, config.encoding, config.header) if table is None else table
    if has_sets(config):
        table, config = with_sets(table, source, config, LABELS)
    label = config.label or called(table, LABELS)
    if label is None:
        raise no_label(table, source)
    config = config.model_copy(update={"label": label})
    if alone:  # what is scored needs no groups and parts, nor what was left out
        absent = {name: None for name in ("group", "split") if getattr(config, name) not in table.columns}
        there = tuple(c for c in config.ignore if c in table.columns)
        config = config.model_copy(update={**absent, "ignore": there, "test_file": None})

    def opened(path: Path) -> pl.DataFrame:
        if path == source:
            return table
        other = read_encoded(path, config.encoding, config.header)
        return with_sets(other, path, config, LABELS)[0] if has_sets(config) else other

    found = read_examples(source, roles_of(config), _answers(config, alone), opened)
    if encoding := other_encoding(config.encoding):
        found = replace(found, table=(found.table or Table()).model_copy(update={"encoding": encoding}))
    cut = {"longest": config.max_words}
    inputs = [f.model_copy(update=cut) if isinstance(f, Text) else f for f in found.inputs or ()]
    found = replace(found, inputs=inputs)
    return found if alone else _settled(found, source, config)


def _settled(found: Examples, source: Path, config: Config) -> Examples:
    """Say what was found, and of what classes examples are."""
    answer, labels = (found.outputs or ())[0], found.columns["label"]
    assert isinstance(answer, Category | LabelSet)
    smoothing = config.smoothing
    if isinstance(answer, LabelSet):
        smoothing = 0.0
        notes = [how_many(labels)]
    else:
        if smoothing is None:  # as with convolutions over sequences
            smoothing = SMOOTHING if any(isinstance(f, Image) for f in found.inputs or ()) else 0.0
        levels = config.classes or tuple(in_order(set(labels)))
        answer = answer.model_copy(update={"levels": levels, "smoothing": smoothing})
        refuse_classes(tuple(map(str, answer.levels or ())), labels, found.places or (), config, source)
        notes = [] if shown_piece() else label_notes(labels, config.minds_rare_classes)
    classes = tuple(map(str, answer.levels or ()))
    chosen: dict[str, Any] = {name: getattr(found.options, name) for name in _FOUND}
    chosen |= {"classes": classes, "smoothing": smoothing}
    chosen["validation_share"] = SHARE if config.validation_share is None else config.validation_share
    return replace(
        found,
        outputs=(answer,),
        options=config.model_copy(update=chosen),
        notes=(*found.notes, *notes),
        told=f"{len(found):,} examples of {len(classes)} classes",
    )


def _answers(config: Config, alone: bool) -> TableAnswers:
    """Return how the column of classes is read."""

    def read(frame: pl.DataFrame, where: Path, names: Mapping[str, str], rows: NDArray[np.int64]) -> Answered:
        (column,) = names
        labels: Sequence[Any]
        answer: OutputFeature
        if has_sets(config):
            cell = cells(frame, column, where, "class", rows)
            labels = classes_of(cell, where)
            answer = LabelSet(name="label") if alone else label_set(config, cell, where)[0]
            return Answered({"label": labels}, [answer], np.zeros(len(labels), dtype=np.bool_))
        there = np.ones(len(rows), dtype=np.bool_)
        if config.on_missing == "skip":
            there = has_cell(frame, column, where, rows)
        known = iter(cells(frame, column, where, "class", rows[there]))
        labels = [next(known) if is_there else "" for is_there in there]
        return Answered({"label": labels}, [one_label(config)], ~there)

    return TableAnswers(read, option="label", cells="category")
