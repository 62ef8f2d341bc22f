"""The parts of an input that can be hidden: pieces of a sequence, columns, words, patches of a picture.

A hidden number is missing (NaN) where the model knows missing values, else the mean of its column; a hidden word is
left out of its text; a hidden patch has the mean colour of its picture; a hidden word in a cell is empty. Whole
numbers, such as times and lengths, are never hidden.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lstm_onnx.contract import (
    Array,
    CellSource,
    ColumnsSource,
    Contract,
    ImageSource,
    LengthsSource,
    StaticSource,
    TensorSpec,
    TextSource,
)
from lstm_onnx.errors import UserError
from lstm_onnx.explaining.shapley import Kept
from lstm_onnx.task import Arrays

_PATCHES = 7
"""Patches that a picture is cut into, along each side."""
_WORDS = 120
"""A text of more words is cut into so many runs of words."""


@dataclass(frozen=True)
class Parts(ABC):
    """Parts of one kind.

    Attributes:
        kind: what they are: step, column, word, patch.
        labels: what each is called.
    """

    kind: str
    labels: tuple[str, ...]

    @abstractmethod
    def inputs(self, kept: Kept) -> dict[str, Array]:
        """Return a batch: a row for each row of `kept`, (row, part), with what is not kept hidden."""


@dataclass(frozen=True)
class Places(Parts):
    """Parts that are places in arrays.

    Attributes:
        arrays: of the example, a batch of one.
        fill: what stands where something is hidden, of the same shapes.
        places: for each part, pairs of the name of an input and an index into its example.
    """

    arrays: Arrays
    fill: Arrays
    places: tuple[tuple[tuple[str, tuple[Any, ...]], ...], ...]

    def inputs(self, kept: Kept) -> dict[str, Array]:
        """Fill in."""
        made = {n: np.repeat(a, len(kept), axis=0) for n, a in self.arrays.items()}
        for part, places in enumerate(self.places):
            rows = np.flatnonzero(~kept[:, part])
            for name, index in places:
                for row in rows:
                    made[name][(row, *index)] = self.fill[name][(0, *index)]
        return made


@dataclass(frozen=True)
class Words(Parts):
    """The words of a text.

    Attributes:
        arrays: of the example, a batch of one.
        text: name of the input.
        pieces: of the text; those of all parts joined are the text.
        count: name of the input that says how many bytes there are, where the text is bytes.
    """

    arrays: Arrays
    text: str
    pieces: tuple[str, ...]
    count: str | None

    def inputs(self, kept: Kept) -> dict[str, Array]:
        """Leave words out."""
        texts = ["".join(p for p, keep in zip(self.pieces, row, strict=True) if keep).strip() for row in kept]
        made = {n: np.repeat(a, len(kept), axis=0) for n, a in self.arrays.items()}
        if self.count is None:
            made[self.text] = np.array(texts, dtype=object)
            return made
        coded = [t.encode() or b" " for t in texts]
        width = max(map(len, coded))
        made[self.text] = np.zeros((len(coded), width), dtype=np.uint8)
        for row, code in zip(made[self.text], coded, strict=True):
            row[: len(code)] = np.frombuffer(code, dtype=np.uint8)
        made[self.count] = np.array([len(c) for c in coded], dtype=self.arrays[self.count].dtype)
        return made


def all_parts(contract: Contract, arrays: Arrays, pieces: int, as_missing: bool = True) -> list[Parts]:
    """Return the kinds of parts that an example has, each with at least two.

    Args:
        contract: of the file.
        arrays: the example, a batch of one.
        pieces: that a sequence is cut into, at most.
        as_missing: hide numbers as missing, where the model knows that; else as the mean of their column.

    Raises:
        UserError: nothing of it can be hidden.
    """
    fill = {n: a.copy() for n, a in arrays.items()}
    steps: dict[str, list[tuple[str, tuple[Any, ...]]]] = {}
    columns: dict[str, list[tuple[str, tuple[Any, ...]]]] = {}
    found: list[Parts] = []
    counts = _counted(contract, arrays)
    for tensor in contract.external_inputs:
        source, array = tensor.source, arrays[tensor.name]
        if isinstance(source, TextSource):
            found += _words(contract, tensor, arrays)
        elif isinstance(source, ImageSource):
            fill[tensor.name][:] = array.mean(axis=(1, 2), keepdims=True).round().astype(array.dtype)
            found.append(_patches(tensor, arrays, fill))
        elif array.dtype.kind == "f" and array.ndim == 3:
            filled = slice(counts.get(tensor.dims[1]))
            _hide(tensor, array, fill, filled, as_missing)
            if not (isinstance(source, ColumnsSource) and source.rows == "future"):
                steps.setdefault(tensor.dims[1], []).append((tensor.name, (slice(None),)))
            for k, name in enumerate(_names(contract, tensor, array.shape[2])):
                columns.setdefault(name, []).append((tensor.name, (filled, k)))
        elif isinstance(source, CellSource) and array.dtype.kind in "fOU" and array.ndim == 1:
            fill[tensor.name][:] = "" if array.dtype.kind in "OU" else _absent(tensor, array[0])
            columns[source.column] = [(tensor.name, ())]
        elif isinstance(source, StaticSource):
            _hide(tensor, array, fill, slice(None), as_missing)
            for k, name in enumerate(source.columns):
                columns.setdefault(name, []).append((tensor.name, (k,)))
        elif array.dtype.kind == "f" and array.ndim == 2 and source is None:
            _hide(tensor, array, fill, slice(None), as_missing)
            steps.setdefault(tensor.dims[1], []).append((tensor.name, (slice(None),)))
    for axis, places in steps.items():
        length = counts.get(axis) or arrays[places[0][0]].shape[1]
        found.append(_pieces(contract, axis, length, places, arrays, fill, pieces))
    if columns:
        found.append(Places("column", tuple(columns), arrays, fill, tuple(map(tuple, columns.values()))))
    found = [f for f in found if len(f.labels) > 1]
    if not found:
        raise UserError("nothing of this model's inputs can be hidden: they are whole numbers, or one single value")
    return found


def step_columns(parts: Sequence[Parts]) -> tuple[Places, tuple[str, ...]] | None:
    """Return the parts that are one column of one piece of a sequence, column by column, and the columns' names.

    None where the example has no steps with several columns.
    """
    cut = next((p for p in parts if p.kind == "step" and isinstance(p, Places)), None)
    across = next((p for p in parts if p.kind == "column" and isinstance(p, Places)), None)
    if cut is None or across is None:
        return None
    along = {name for name, _ in cut.places[0]}
    columns = {
        name: rows
        for name, places in zip(across.labels, across.places, strict=True)
        if (rows := [p for p in places if p[0] in along])
    }
    places = [
        tuple((name, (dict(piece)[name][0], index[1])) for name, index in rows)
        for rows in columns.values()
        for piece in cut.places
    ]
    return Places("map", cut.labels * len(columns), cut.arrays, cut.fill, tuple(places)), tuple(columns)


def _counted(contract: Contract, arrays: Arrays) -> dict[str, int]:
    """Return how many steps of each padded axis count in this example."""
    return {
        t.source.axis: int(arrays[t.name][0]) for t in contract.external_inputs if isinstance(t.source, LengthsSource)
    }


def _names(contract: Contract, tensor: TensorSpec, width: int) -> Sequence[str]:
    if isinstance(tensor.source, ColumnsSource):
        return tensor.source.columns
    labels = contract.axes[tensor.dims[2]].labels
    return [f"{tensor.name} {k}" for k in (labels or range(width))]


def _hide(tensor: TensorSpec, array: Array, fill: dict[str, Array], steps: slice, as_missing: bool) -> None:
    """Put into `fill` what stands for a hidden number: NaN, or the mean of the known ones along the first axis."""
    if tensor.missing and as_missing:
        fill[tensor.name][:, steps] = np.nan
        return
    seen = array[:, steps]
    known = np.isfinite(seen)
    means = np.where(known, seen, 0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    fill[tensor.name][:, steps] = means


def _absent(tensor: TensorSpec, value: Any) -> Any:
    return np.nan if tensor.missing else np.zeros_like(value)


def _pieces(
    contract: Contract,
    axis: str,
    length: int,
    places: Sequence[tuple[str, tuple[Any, ...]]],
    arrays: Arrays,
    fill: Arrays,
    pieces: int,
) -> Places:
    """Cut an axis into pieces of whole steps, the same for all inputs along it."""
    bounds = np.linspace(0, length, min(pieces, length) + 1).round().astype(int)
    spans = list(pairwise(bounds.tolist()))
    past = any(
        isinstance(t.source, ColumnsSource) and t.source.rows == "past"
        for t in contract.inputs
        if t.name == places[0][0]
    )
    labels = [_span(a - length, b - length) if past else _span(a, b) for a, b in spans]
    cut = tuple(
        tuple((name, (slice(a, b), slice(None))[: arrays[name].ndim - 1]) for name, _ in places) for a, b in spans
    )
    return Places("step", tuple(labels), arrays, fill, cut)


def _span(first: int, end: int) -> str:
    return f"{first}" if end - first == 1 else f"{first} to {end - 1}"


def _patches(tensor: TensorSpec, arrays: Arrays, fill: Mapping[str, Array]) -> Places:
    height, width = arrays[tensor.name].shape[1:3]
    rows, columns = (np.linspace(0, n, min(_PATCHES, n) + 1).round().astype(int).tolist() for n in (height, width))
    labels, places = [], []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            labels.append(f"rows {_span(top, bottom)}, columns {_span(left, right)}")
            places.append(((tensor.name, (slice(top, bottom), slice(left, right))),))
    return Places("patch", tuple(labels), arrays, fill, tuple(places))


def _words(contract: Contract, tensor: TensorSpec, arrays: Arrays) -> Iterator[Parts]:
    """Yield the words of the text, in runs where there are very many; characters where there are no spaces."""
    array, count = arrays[tensor.name], None
    if tensor.dtype == "string":
        text = str(array[0])
    else:
        count = next(
            t.name
            for t in contract.external_inputs
            if isinstance(t.source, LengthsSource) and t.source.axis == tensor.dims[1]
        )
        text = array[0, : int(arrays[count][0])].tobytes().decode(errors="replace")
    pieces = re.findall(r"\s*\S+\s*?(?=\s|$)", text)
    if len(pieces) < 2:
        pieces = list(text)
    if len(pieces) > _WORDS:
        bounds = np.linspace(0, len(pieces), _WORDS + 1).round().astype(int)
        pieces = ["".join(pieces[a:b]) for a, b in pairwise(bounds)]
    yield Words("word", tuple(p.strip() for p in pieces), arrays, tensor.name, tuple(pieces), count)
