"""From WAV files to the inputs of a graph, by its contract alone: one, several, a folder, or a table of their paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.contract import AudioSource, CellSource, Contract, LengthsSource, TensorSpec
from lstm_onnx.data.found_from import folder_of
from lstm_onnx.data.sounds import SOUND_FORMATS, find_sounds, in_blocks, read_sound
from lstm_onnx.errors import UserError
from lstm_onnx.inference.batches import apart
from lstm_onnx.inference.cell_inputs import read_row_inputs
from lstm_onnx.inference.contract_table import contract_frame
from lstm_onnx.inference.model_inputs import ModelInputs


def sound_input(contract: Contract) -> TensorSpec | None:
    """Return the input that takes sound, if the graph does."""
    return next((t for t in contract.inputs if isinstance(t.source, AudioSource)), None)


def given_sounds(contract: Contract, data: object) -> pl.DataFrame | None:
    """Return a table of the sounds that are meant, by a file, a list of files or a folder; None for anything else.

    Raises:
        UserError: the folder holds none, or the model takes more than a sound.
    """
    tensor = sound_input(contract)
    if tensor is None:
        return None
    if isinstance(data, list) and data and all(isinstance(path, str | Path) for path in data):
        files = [Path(path) for path in data]
    elif isinstance(data, Path) and data.is_dir():
        files = find_sounds(data)
    elif isinstance(data, Path) and data.suffix.lower() in SOUND_FORMATS:
        files = [data]
    else:
        return None
    if others := _others(contract, tensor):
        raise UserError(
            f"{files[0]}: this model takes '{others[0]}' beside a sound; give a table with a column "
            f"'{_column(tensor)}' of paths of WAV files, and columns of the rest"
        )
    return pl.DataFrame({_column(tensor): list(map(str, files))})


def read_sound_inputs(contract: Contract, data: pl.DataFrame | Path, where: str) -> ModelInputs:
    """Read a table with a row for each example: a column of paths of WAV files, and cells of whatever else is taken.

    Paths are relative to the table's folder or to the present one.

    Args:
        contract: of a file that takes one sound.
        data: the table, or a file with one.
        where: the file, for errors.

    Raises:
        UserError: the table does not fit the contract, or a sound cannot be read.
    """
    tensor = sound_input(contract)
    assert tensor is not None and isinstance(tensor.source, AudioSource)
    as_path = tensor.model_copy(
        update={"dtype": "string", "dims": ("batch",), "source": CellSource(column=_column(tensor))}
    )
    others = [t for t in contract.inputs if t is not tensor and not _counts(t, tensor)]
    paths = contract.model_copy(update={"inputs": (as_path, *others)})
    frame = data if isinstance(data, pl.DataFrame) else contract_frame(paths, data, where)[0]
    read = read_row_inputs(paths, frame, where)
    folder = folder_of(data)
    written = [Path(str(path)) for path in read.arrays[tensor.name]]
    files = [folder / path if (folder / path).exists() else path for path in written]
    size = contract.axes[tensor.dims[-1]].size or 1
    blocks = [in_blocks(read_sound(path, tensor.source.rate), size) for path in files]
    arrays = {**read.arrays, tensor.name: apart(blocks)}
    lengths = np.array([len(b) for b in blocks], dtype=np.int64)
    arrays |= {t.name: lengths for t in contract.inputs if _counts(t, tensor)}
    if isinstance(data, Path) or len(frame.columns) > 1:
        return ModelInputs(arrays, tuple(map(str, written)), read.notes, table=frame, rows=read.rows)
    return ModelInputs(arrays, _told_apart(files), read.notes)


def _told_apart(files: Sequence[Path]) -> tuple[str, ...]:
    """Return names of files, as they lie below the folder that holds all: the last part alone may be there twice."""
    top = os.path.commonpath([path.absolute().parent for path in files])
    return tuple(path.absolute().relative_to(top).as_posix() for path in files)


def _counts(tensor: TensorSpec, sound: TensorSpec) -> bool:
    return isinstance(tensor.source, LengthsSource) and tensor.source.axis in sound.dims


def _others(contract: Contract, sound: TensorSpec) -> list[str]:
    given = [t for t in contract.external_inputs if t is not sound and t.default is None]
    return [t.name for t in given if not _counts(t, sound)]


def _column(tensor: TensorSpec) -> str:
    assert isinstance(tensor.source, AudioSource)
    return tensor.source.column or tensor.name
