"""From a source to examples by their features: `values` or a text go in, `label` comes out."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np

from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.errors import UserError
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.remarks import in_order
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.text import Text
from lstm_onnx.task import DataSet
from lstm_onnx_classification.examples import RawExamples, StepArray
from lstm_onnx_classification.label_sets import classes_of, has_sets, how_many, label_set
from lstm_onnx_classification.labels import label_notes, one_label, refuse_classes, without_unseen
from lstm_onnx_classification.mixed import is_mixed, load_mixed, picture_table
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import read
from lstm_onnx_classification.recipe import filled_in
from lstm_onnx_classification.vocabulary import choose_units


def bundled() -> Path:
    """Return the bundled data: 640 utterances of nine speakers, 12 channels, 7 to 29 steps (`datasets/README.md`)."""
    return _folder() / "japanese_vowels.npz"


def _folder() -> Path:
    return Path(str(files("lstm_onnx_classification"))) / "datasets"


VOWELS = DataSet(
    name="vowels",
    files=(bundled(), _folder() / "README.md"),
    summary="640 utterances of nine speakers, 12 channels, 7 to 29 steps",
    licence="CC BY 4.0, Kudo, Toyama and Shimbo, Japanese Vowels, UCI Machine Learning Repository, 1999",
    origin="https://doi.org/10.24432/C5NS47",
)


def load(source: Path | None, config: Config) -> Examples:
    """Read examples, or without a source the bundled data.

    Args:
        source: file or folder; None reads the bundled data.
        config: roles of the columns, and how features are treated.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    mixed = is_mixed(config)
    table = None if mixed else picture_table(source, config)
    if mixed or table is not None:
        return load_mixed(source, config, table=table)
    source = bundled() if source is None else source
    if has_sets(config):
        return _load_sets(source, config)
    found, notes = without_unseen(read(source, config), config.on_unseen)
    classes = config.classes or tuple(in_order(set(found.examples.labels)))
    own = found.examples
    refuse_classes(classes, own.labels, own.places, config, source, found.named)
    chosen = (found.config or config).model_copy(update={"classes": classes})
    if found.column:
        chosen, told = choose_units(cast(list[str], found.examples.items), chosen)
        notes += told
    chosen, few = filled_in(found, chosen)
    notes += few
    given = _text(found, chosen) if found.column else _rows(found, chosen)
    label = one_label(config).model_copy(update={"levels": classes, "smoothing": chosen.smoothing or 0.0})
    examples = _examples(found, given.name)
    return replace(
        examples,
        notes=(
            *examples.notes,
            *notes,
            *([] if shown_piece() else label_notes(found.examples.labels, config.minds_rare_classes)),
        ),
        part=found.parts,
        together=found.examples.groups,
        table=found.table,
        inputs=(given,),
        outputs=(label,),
        options=chosen,
        told=_told(found, classes),
        understood=found.understood,
    )


def _load_sets(source: Path, config: Config) -> Examples:
    """Read examples that may have several classes."""
    found = read(source, config)
    label, sets = label_set(config, found.examples.labels, source)
    chosen = (found.config or config).model_copy(update={"classes": label.levels})
    notes: list[str] = []
    if found.column:
        chosen, told = choose_units(cast(list[str], found.examples.items), chosen)
        notes += told
    chosen, few = filled_in(found, chosen)
    given = _text(found, chosen) if found.column else _rows(found, chosen)
    examples = _examples(found, given.name)
    return replace(
        examples,
        columns={**examples.columns, "label": sets},
        notes=(
            *examples.notes,
            *notes,
            *few,
            how_many(sets),
        ),
        part=found.parts,
        together=found.examples.groups,
        table=found.table,
        inputs=(given,),
        outputs=(label,),
        options=chosen,
        told=_told(found, label.levels or ()),
        understood=found.understood,
    )


def load_scored(source: Path, config: Config, learnt: Learnt) -> Examples:
    """Read other examples than were learnt from, to score them.

    Raises:
        UserError: they are of another kind than was learnt.
    """
    if is_mixed(config):
        return load_mixed(source, config, alone=True)
    found, given = read(source, config, alone=True), learnt.inputs[0]
    if bool(found.column) != isinstance(given, Text):
        kinds = ("texts", "sequences of numbers")
        there, wanted = kinds if found.column else kinds[::-1]
        raise UserError(f"{source}: holds {there}, and the model was trained on {wanted}")
    if isinstance(given, Rows) and len(found.channels) != len(given.columns):
        raise UserError(
            f"{source}: has {len(found.channels)} channel{'s' * (len(found.channels) != 1)}, and the model takes "
            f"{len(given.columns)}: {', '.join(given.columns[:8])}"
        )
    examples = _examples(found, given.name)
    if has_sets(config):
        sets = classes_of(found.examples.labels, source)
        examples = replace(examples, columns={**examples.columns, "label": sets})
    return replace(examples, part=found.parts)


def _examples(found: RawExamples, name: str) -> Examples:
    own = found.examples
    return Examples(
        {name: own.items, "label": own.labels},
        notes=(*found.notes, *_empty(found)),
        places=own.places,
        what="texts" if found.column else "sequences",
    )


def _text(found: RawExamples, config: Config) -> Text:
    if config.random_convolutions:
        raise UserError("--random-convolutions: these are texts, and it is for sequences of numbers; leave it out")
    return Text(
        name="bytes" if config.text_input == "bytes" else "text",
        column=found.column,
        as_bytes=config.text_input == "bytes",
        characters=config.cut == "characters",
        vocabulary=config.vocabulary,
        least=config.min_count,
        longest=config.max_words,
    )


def _rows(found: RawExamples, config: Config) -> Rows:
    if config.ngrams or config.tf_idf:
        name = "ngrams" if config.ngrams else "tf-idf"
        raise UserError(f"--{name}: these are sequences of numbers, which have no words; leave it out")
    if config.scaling == "both" and not config.random_convolutions:
        raise UserError("--scaling both: the second way is for random convolutions, and there are none; leave it out")
    return Rows(
        name="values",
        columns=found.channels,
        axis="channel",
        scaling="columns" if config.scaling in (None, "global") else config.scaling,
        noise=config.noise,
        tolerant=True,
    )


def _empty(found: RawExamples) -> tuple[str, ...]:
    own = found.examples
    empty = [i for i, item in enumerate(own.items) if isinstance(item, np.ndarray) and bool(np.isnan(item).all())]
    if not empty:
        return ()
    more = f" and {len(empty) - 1:,} more have" if len(empty) > 1 else " has"
    return (f"{own.places[empty[0]]}{more} no value that is known",)


def _told(found: RawExamples, classes: tuple[str, ...]) -> str:
    if found.column:
        return f"{len(found.examples):,} texts of {len(classes)} classes"
    lengths = [len(item) for item in cast(list[StepArray], found.examples.items)]
    low, high = min(lengths), max(lengths)
    steps = f"{low:,} to {high:,} steps" if low < high else f"{low:,} step{'s' * (low != 1)}"
    channels = f"{len(found.channels)} channel{'s' * (len(found.channels) != 1)}"
    return f"{len(lengths):,} sequences of {channels} and {steps}, {len(classes)} classes"
