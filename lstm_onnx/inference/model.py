"""Runs an exported file with ONNX Runtime. Knows NumPy and ONNX Runtime; never imports torch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lstm_onnx import display
from lstm_onnx.contract import Array, Contract
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.inference.batches import run_in_batches
from lstm_onnx.inference.image_inputs import given_images
from lstm_onnx.inference.kept_columns import beside
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.picture_answers import answer_picture_table, answer_pictures, names_pictures
from lstm_onnx.inference.question import as_question
from lstm_onnx.inference.session import open_session, run_session, session_contract
from lstm_onnx.inference.settings import with_defaults
from lstm_onnx.inference.stream_session import StreamSession
from lstm_onnx.inference.table_inputs import read_inputs, refuse_no_windows
from lstm_onnx.inference.wide_answers import in_shape
from lstm_onnx.task import Arrays

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Prediction:
    """What `Model.predict` returns.

    Attributes:
        table: the answers as a person reads them, a row each.
        inputs: the arrays that went into the graph; of several pictures an array of objects, each a copy that is
            large enough to be shown, as they may differ in size, and so for very many sequences of differing length.
        outputs: the arrays that came out.
        notes: one line for each thing that was repaired in the data.
        names: what each example is called in the table (its series, say); empty where they have no names.
    """

    table: pl.DataFrame
    inputs: Arrays
    outputs: Arrays
    notes: tuple[str, ...]
    names: tuple[str, ...] = ()

    def to_polars(self) -> pl.DataFrame:
        """Return the table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as one of pandas.

        Raises:
            UserError: pandas, or pyarrow, by which it gets the table, is not installed.
        """
        try:
            return self.table.to_pandas()
        except ImportError as error:
            raise UserError(f"to_pandas: {error}; pip install pandas pyarrow") from error

    def __repr__(self) -> str:
        return "\n".join([f"Prediction, {self.table.height:,} rows", str(self.table), *self.notes])

    def _repr_html_(self) -> str:
        notes = [display.html_facts({"noted": "; ".join(self.notes)})] if self.notes else []
        return display.html(f"Prediction, {self.table.height:,} rows", self.table._repr_html_(), *notes)


class Model:
    """An exported file, loaded and ready. It is a path, too: wherever an exported file is asked for, it will do.

    Attributes:
        path: where it came from.
        contract: what it says of itself; None if it says nothing.
        session: the ONNX Runtime session.
    """

    def __init__(self, content: bytes, path: Path, provider: str = "auto", threads: int | None = None) -> None:
        self.path = path
        self.session = open_session(content, str(path), provider, threads)
        self.contract = session_contract(self.session, path)

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        said = f"{self.contract.task}, {self.contract.variant}" if self.contract is not None else "no contract"
        return f"Model {self.path}: {said}"

    def with_options(self, **values: float | str) -> Model:
        """Return this model with other values of its options: inputs with a default, which callers mostly leave out.

        Raises:
            UserError: there is no such option, or it does not take such a value.
        """
        other = copy.copy(self)
        other.contract = with_defaults(self.require_contract(), values)
        return other

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Run the graph on arrays, one for each input name.

        Raises:
            UserError: an input is missing, unknown, or of the wrong type or shape, or the graph does not run on it.
        """
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        if self.contract is not None:
            arrays = dict(check_inputs(self.contract, arrays))
        elif empty := [name for name, array in arrays.items() if 0 in array.shape]:
            raise UserError(
                f"input '{empty[0]}': an axis has length 0, on which ONNX Runtime's LSTM ends the whole process, and "
                f"{self.path} has no contract that allows it; give one example at least"
            )
        return run_session(self.session, arrays, str(self.path))

    def predict(
        self, data: Any, top: int | None = None, keep: Sequence[str] | None = None, every: int | None = None
    ) -> Prediction:
        """Answer for a file, a table, arrays by name, texts, or pictures: a file, some files or a folder.

        Args:
            data: what to answer for: a path; a table of polars, pandas or pyarrow; a mapping from names of inputs to
                arrays; or a list of rows by name, of texts, or of paths of pictures.
            top: of outputs that rank labels, how many to put into the table; None for all, or three of very many; 0 for
                all, however many.
            keep: columns of the question to put beside the answers, or `["all"]`; None for those that tell rows apart.
            every: of time series, answer for the windows that end so many rows apart, too, and say where each ends
                (`origin`); None for the newest window of each series.

        Raises:
            UserError: the file has no contract to read a table by, or the data does not fit it.
        """
        contract = self.require_contract()
        if every is not None:
            refuse_no_windows(contract, every, isinstance(data, Mapping))
        data = Path(data) if isinstance(data, str | PathLike) else data
        if (files := given_images(contract, data)) is not None:
            return Prediction(*answer_pictures(self, files, top))
        if isinstance(data, Mapping):
            inputs = ModelInputs(check_inputs(contract, {name: np.asarray(v) for name, v in data.items()}))
        else:
            table = as_question(contract, data, self.path)
            if names_pictures(contract, table):
                return Prediction(*answer_picture_table(self, table, top, keep))
            inputs = read_inputs(contract, table, every)
        outputs = run_in_batches(contract, inputs.arrays, self.run)
        answers = beside(to_table(contract, inputs, outputs, top), contract, inputs, outputs, top, keep)
        shaped = in_shape(answers, contract, inputs, outputs)
        return Prediction(shaped, inputs.arrays, outputs, inputs.notes, inputs.names)

    def stream(self) -> StreamSession:
        """Begin a stream: a sequence that comes in pieces, for files of the variant streaming.

        Raises:
            UserError: the file keeps no state.
        """
        return StreamSession(self)

    def require_contract(self) -> Contract:
        """Return the contract.

        Raises:
            UserError: the file has none.
        """
        if self.contract is None:
            raise UserError(
                f"{self.path}: has no lstm-onnx contract in its metadata, so it does not say what its inputs mean; "
                f"export it with lstm-onnx export, or run it with ONNX Runtime directly"
            )
        return self.contract


def load(file: str | PathLike[str], provider: str = "auto", threads: int | None = None) -> Model:
    """Load an exported file.

    Args:
        file: the `.onnx` file: its path, what `export` returned, or a `Model`, which is loaded anew.
        provider: cpu, cuda, or auto (CUDA where it is there, and the CPU otherwise).
        threads: CPU threads; None takes one, which is fastest for small models.

    Raises:
        UserError: the file cannot be loaded, or the provider is not there.
    """
    path = given_file(file, "load")
    return Model(path.read_bytes(), path, provider, threads)
