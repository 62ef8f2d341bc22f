"""Answers for pictures of any sizes, a batch of one size at a time: files, or a table with a column of their paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, CellSource, ColumnsSource, Contract, ImageSource, TensorSpec, TextSource
from lstm_onnx.data.found_from import folder_of
from lstm_onnx.data.images import read_pictures
from lstm_onnx.data.picture_files import locate, picture_folders
from lstm_onnx.errors import UserError
from lstm_onnx.inference.batches import apart, joined, run_in_batches
from lstm_onnx.inference.image_inputs import fits_in, read_image_inputs, shown
from lstm_onnx.inference.kept_columns import beside
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.table_inputs import holds_arrays, read_inputs
from lstm_onnx.progress import counting

if TYPE_CHECKING:
    from lstm_onnx.inference.model import Model

Answered = tuple[pl.DataFrame, Mapping[str, Array], dict[str, Array], tuple[str, ...], tuple[str, ...]]
"""Table, inputs, outputs, notes and names, as a `Prediction` has them."""


def answer_pictures(model: Model, files: Sequence[Path], top: int | None) -> Answered:
    """Answer for files of pictures, for a model that takes nothing else but options."""
    contract = model.require_contract()
    names: list[str] = []
    copies: list[Array] = []
    answered: list[dict[str, Array]] = []
    notes: list[str] = []
    with counting("answering for pictures") as update:
        for inputs in read_image_inputs(contract, files, notes):
            answered.append(model.run(inputs.arrays))
            names += inputs.names
            copies += inputs.shown
            update(len(names) + len(notes), len(files))
    outputs = {name: joined([a[name] for a in answered]) for name in answered[0]}
    table = to_table(contract, ModelInputs({}, tuple(names)), outputs, top)
    if len(names) == 1:
        return table, inputs.arrays, outputs, tuple(notes), tuple(names)
    return table, {inputs.image: apart(copies)}, outputs, tuple(notes), tuple(names)


def names_pictures(contract: Contract, data: pl.DataFrame | Path) -> bool:
    """Whether this is a table with columns of paths of pictures, and no file of arrays."""
    return bool(picture_columns(contract)) and (isinstance(data, pl.DataFrame) or not holds_arrays(data))


def answer_picture_table(
    model: Model, data: pl.DataFrame | Path, top: int | None, keep: Sequence[str] | None
) -> Answered:
    """Answer for a table with a column of paths of pictures, and with columns of whatever else the model takes.

    Paths are relative to the table's folder, to one beside it, or to the present one. A row whose picture cannot
    be read is left out, and noted.

    Raises:
        UserError: the table does not fit the contract, or no picture can be read.
    """
    contract = model.require_contract()
    columns = picture_columns(contract)
    read = read_inputs(_with_paths(contract, columns), data)
    folder = folder_of(data)
    notes = list(read.notes)
    taken: list[int] = []
    copies: dict[str, list[Array]] = {name: [] for name in columns}
    answered: list[dict[str, Array]] = []
    others = {name: array for name, array in read.arrays.items() if name not in columns}
    paths = {name: _paths(folder, [str(p) for p in read.arrays[name]]) for name in columns}
    with counting("answering for pictures") as update:
        for batch in _batches(paths, notes):
            chosen = np.array(batch.rows)
            arrays = {n: np.stack(stack) for n, stack in batch.pictures.items()}
            arrays |= {n: a[chosen] if a.ndim else a for n, a in others.items()}
            answered.append(run_in_batches(contract, arrays, model.run))
            taken += batch.rows
            for name, stack in batch.pictures.items():
                copies[name] += map(shown, stack)
            update(len(taken), len(read.arrays[next(iter(columns))]))
    if not answered:
        raise UserError(f"none of the pictures can be read; {notes[-1]}")
    order = np.array(taken)
    names = _told_by(contract, read, columns)
    outputs = {name: joined([a[name] for a in answered]) for name in answered[0]}
    arrays = {n: a[order] if a.ndim else a for n, a in others.items()}
    inputs = replace(
        read,
        arrays=arrays,
        names=tuple(names[i] for i in taken) if names else (),
        rows=read.rows[order] if read.rows is not None else None,
        ids=read.ids[order] if read.ids is not None else None,
        steps=tuple(read.steps[i] for i in taken) if read.steps is not None else None,
    )
    table = beside(to_table(contract, inputs, outputs, top), contract, inputs, outputs, top, keep)
    return table, {**arrays, **{n: apart(stack) for n, stack in copies.items()}}, outputs, tuple(notes), inputs.names


def _told_by(contract: Contract, read: ModelInputs, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Name examples: by their picture, where nothing but the number of the row would tell them apart."""
    others = any(isinstance(t.source, TextSource | ColumnsSource) for t in contract.inputs)
    if others or read.ids is not None or len(columns) != 1:
        return read.names
    return tuple(map(str, read.arrays[next(iter(columns))]))


@dataclass
class _Batch:
    """Rows whose pictures have the same sizes."""

    rows: list[int]
    pictures: dict[str, list[Array]]


def _batches(paths: Mapping[str, Sequence[Path]], notes: list[str]) -> Iterator[_Batch]:
    """Yield neighbouring rows of pictures of one size, as many as go through the graph together."""
    whole: Callable[..., Array] = np.asarray
    readers = {name: read_pictures(found, whole) for name, found in paths.items()}
    batch: _Batch | None = None
    for row, read in enumerate(zip(*readers.values(), strict=True)):
        if bad := [p for p in read if isinstance(p, UserError)]:
            notes.append(f"example {row + 1} is left out: {bad[0]}")
            continue
        pictures = {name: p for name, p in zip(readers, read, strict=True) if not isinstance(p, UserError)}
        if batch is not None and not all(fits_in(batch.pictures[name], p) for name, p in pictures.items()):
            yield batch
            batch = None
        if batch is None:
            batch = _Batch([], {name: [] for name in readers})
        batch.rows.append(row)
        for name, p in pictures.items():
            batch.pictures[name].append(p)
    if batch is not None:
        yield batch


def picture_columns(contract: Contract) -> dict[str, str]:
    """Return the column of paths of each input that is a picture."""
    found = {t.name: t.source.column for t in contract.inputs if isinstance(t.source, ImageSource)}
    return {name: column for name, column in found.items() if column is not None}


def _with_paths(contract: Contract, columns: Mapping[str, str]) -> Contract:
    """Return the contract as if its pictures were their paths, so that all else is read as ever."""

    def as_path(tensor: TensorSpec) -> TensorSpec:
        if tensor.name not in columns:
            return tensor
        source = CellSource(column=columns[tensor.name])
        return tensor.model_copy(update={"dtype": "string", "dims": ("batch",), "source": source})

    return contract.model_copy(update={"inputs": tuple(map(as_path, contract.inputs))})


def _paths(folder: Path, written: Sequence[str]) -> list[Path]:
    """Return the pictures of a column: found from the table as in training, or from the present folder."""
    folders = picture_folders(written[0], folder) if written else []
    found = [locate(name, folders) for name in written]
    return [
        path if path.is_file() or not Path(name).exists() else Path(name)
        for path, name in zip(found, written, strict=True)
    ]
