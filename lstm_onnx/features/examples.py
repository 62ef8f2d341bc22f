"""What an author reads, and how the core parts it into training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Table
from lstm_onnx.data.folds import HELD_OUT, current_fold, deal, must_validate
from lstm_onnx.data.parts import PARTS, Part, Whole, cut, part_out
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.errors import UserError
from lstm_onnx.features.feature import Feature, InputFeature, OutputFeature


@dataclass(frozen=True)
class Examples:
    """What `FeatureTask.read` returns.

    Attributes:
        columns: for each feature, by its name, a row for each example.
        together: a name for each example; examples of one name are never on both sides of a split.
        part: train, validation or test for each example, where the data says so; parts that are not named are cut off.
            Or the numbers of the examples of each part, which then is all of it.
        cut: how `part` came about, for people; empty where `told` says it.
        table: how `predict` reads a person's table: the columns that tell sequences apart and order them.
        notes: one line for each thing that was repaired or left out.
        inputs: what goes in, where only the data says it (words or numbers, which channels); else `FeatureTask.inputs`.
        outputs: what comes out, likewise.
        options: the task's options with what was found in the data filled in, so that other data is read the same way.
        places: where each example stands, such as `data.csv: row 17`, for errors and notes.
        what: what examples are, in the plural.
        told: what was read, in words, such as `640 sequences of 12 channels`; by default how many there are.
        understood: how each column is read, where the source is a table (`lstm_onnx.data.understanding`).
    """

    columns: Mapping[str, Sequence[Any]]
    together: Sequence[str] | None = None
    part: Sequence[Part] | Mapping[Part, range] | None = None
    table: Table | None = None
    notes: tuple[str, ...] = ()
    inputs: Sequence[InputFeature] | None = None
    outputs: Sequence[OutputFeature] | None = None
    options: BaseModel | None = None
    places: Sequence[str] | None = None
    what: str = "examples"
    told: str = ""
    cut: str = "as the data says"
    understood: tuple[ColumnReading, ...] = ()

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(next(iter(self.columns.values()), ()))

    def filled(self, features: Sequence[Feature]) -> Examples:
        """Hold it to the features, and return it with the columns that may be left out.

        Raises:
            UserError: as `check`.
        """
        made = {f.name: f.where_left_out(len(self)) for f in features if f.name not in self.columns}
        found = replace(self, columns={**self.columns, **{n: c for n, c in made.items() if c is not None}})
        found.check([f.name for f in features])
        return found

    def names(self, source: Path | None, chosen: Whole | range | None = None) -> Sequence[str]:
        """Say where examples stand in their source, all or the chosen ones; nothing where that is not known."""
        places = self.places if self.places is not None else ()
        if isinstance(places, StoredRows):
            return places if chosen is None else places.take(chosen)
        some = places if chosen is None or not places else [places[int(i)] for i in chosen]
        return tuple(place.removeprefix(f"{source}: ") for place in some)

    def check(self, names: Sequence[str]) -> None:
        """Hold it to the features of these names.

        Raises:
            UserError: a column is missing or unknown, or columns have different lengths; says which.
        """
        if missing := [n for n in names if n not in self.columns]:
            raise UserError(f"read: gives no column '{missing[0]}', which is a feature; it gives: {_listed(self)}")
        if unknown := [n for n in self.columns if n not in names]:
            raise UserError(f"read: gives a column '{unknown[0]}', which is no feature; there is: {', '.join(names)}")
        counts = {n: len(c) for n, c in self.columns.items()}
        counts |= {"together": len(self.together)} if self.together is not None else {}
        if isinstance(self.part, Mapping):
            counts |= {"part": sum(map(len, self.part.values()))}
        elif self.part is not None:
            counts |= {"part": len(self.part)}
        counts |= {"places": len(self.places)} if self.places is not None else {}
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{n} {c:,}" for n, c in counts.items())
            raise UserError(f"read: columns must have a row for each example, and their lengths differ: {told}")
        if not len(self):
            raise UserError("read: gives no example")
        if wrong := sorted({str(p) for p in self.part or ()} - set(PARTS)):
            raise UserError(f"read: an example is of the part '{wrong[0]}'; parts are {', '.join(PARTS)}")


def _listed(examples: Examples) -> str:
    return ", ".join(map(str, examples.columns)) or "none"


def parted(
    examples: Examples,
    labels: Sequence[Any] | None,
    shares: tuple[float, float],
    random: np.random.Generator,
    where: str = "read",
) -> tuple[Mapping[Part, Whole | range], str]:
    """Choose the examples of each part.

    Args:
        examples: with the parts and groups that the data names.
        labels: of which every part shall have its share; None for none.
        shares: to keep for the test, of all; and for validation, of the rest.
        random: decides which, where the data does not.
        where: the data comes from, for errors.

    Returns:
        numbers of the examples of each part, and how they were chosen.

    Raises:
        UserError: there are too few examples.
    """
    drawn: list[str] = []

    def cut_off(chosen: Whole, part: Part) -> Whole:
        share, keep = (shares[0], 1) if part == "test" else (shares[1], 2)
        if part == "validation" and not share and must_validate():
            share = HELD_OUT
        fold = current_fold() if part == "test" else None
        if not share and fold is None:
            return chosen[:0]
        drawn.append(part if fold is None else f"test part {fold.number} of {fold.count}")
        strata = [str(labels[int(i)]) for i in chosen] if labels is not None else [""] * len(chosen)
        groups = [str(examples.together[int(i)]) for i in chosen] if examples.together is not None else None
        if fold is not None:
            return chosen[deal(fold, strata, groups, random)]
        return chosen[cut(strata, groups, share, random, keep)[1]]

    found: Mapping[Part, Whole | range]
    if isinstance(examples.part, Mapping):
        found = {part: examples.part.get(part, range(0)) for part in PARTS}
    else:
        found = part_out(examples.part, len(examples), cut_off)
    if not len(found["train"]):
        raise UserError(f"{where}: no example is for training; mark some as train")
    if not len(found["test"]):
        raise UserError(f"{where}: {_too_few(examples, labels)}")
    how = f"{' and '.join(drawn)} drawn" if drawn else examples.cut
    if drawn and examples.together is not None:
        how += ", groups kept together"
    return found, how


def _too_few(examples: Examples, labels: Sequence[Any] | None) -> str:
    """Say why nothing could be cut off for the test."""
    if examples.together is not None:
        groups, each = len(set(examples.together)), ", with every class among them," * (labels is not None)
        return (
            f"{groups} group{'s' * (groups != 1)} cannot be parted into some to learn from{each} and some to test; add "
            "groups, or let examples be parted whatever their group"
        )
    classes = f" of {len(set(map(str, labels)))} classes" if labels is not None else ""
    return (
        f"{len(examples):,} example{'s' * (len(examples) != 1)}{classes} are too few to learn from some and test on "
        "others; add examples, or give others to test on"
    )
