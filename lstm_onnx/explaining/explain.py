"""Says why a file answers as it does for one example. Runs ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx import display
from lstm_onnx.contract import Array, Contract, LengthsSource
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.display import shortened
from lstm_onnx.errors import UserError
from lstm_onnx.explaining.gates import Gates, gates
from lstm_onnx.explaining.options import ExplainOptions
from lstm_onnx.explaining.parts import Parts, all_parts, step_columns
from lstm_onnx.explaining.question import Question, ask
from lstm_onnx.explaining.shapley import Floats, Kept, Shares, occlusion, shares
from lstm_onnx.inference.deadline import deadline
from lstm_onnx.inference.image_inputs import given_images, read_image_inputs
from lstm_onnx.inference.model import Model, load
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.question import as_question
from lstm_onnx.inference.table_inputs import read_inputs
from lstm_onnx.options import resolve
from lstm_onnx.progress import counting

_TOGETHER = 2**22
"""Numbers that go through the graph at once, at most, unless one example has more."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """What an answer rests on.

    Attributes:
        question: what is explained, in words.
        example: which example.
        shares: for each kind of parts (step, column, word, patch), what its parts add.
        parts: the labels of these parts.
        map: occlusion of each column in each piece of the sequence, (column, piece); None where there is none.
        columns: names of its rows.
        gates: of each LSTM, where they were asked for.
        arrays: the inputs of the example, a batch of one.
    """

    question: str
    example: str
    shares: dict[str, Shares]
    parts: dict[str, tuple[str, ...]]
    map: Floats | None
    columns: tuple[str, ...]
    gates: tuple[Gates, ...]
    arrays: dict[str, Array]

    @property
    def table(self) -> pl.DataFrame:
        """All parts, the kinds one after the other: kind, part, shapley, error, occlusion."""
        frames = [
            pl.DataFrame({"part": labels}, schema={"part": pl.String}).with_columns(
                pl.lit(kind).alias("kind"),
                pl.Series("shapley", self.shares[kind].shapley),
                pl.Series("error", self.shares[kind].error),
                pl.Series("occlusion", self.shares[kind].occlusion),
            )
            for kind, labels in self.parts.items()
        ]
        return pl.concat(frames).select("kind", "part", "shapley", "error", "occlusion")

    def top(self, kind: str, count: int = 8) -> pl.DataFrame:
        """Return the parts of a kind that add or take the most, the strongest first."""
        return self.table.filter(pl.col("kind") == kind).sort(pl.col("shapley").abs(), descending=True).head(count)

    def __repr__(self) -> str:
        lines = [f"Explanation of {self.question}, example {self.example}"]
        for kind, found in self.shares.items():
            lines.append(f"by {kind}: {found.value:.4g} with all, {found.hidden:.4g} with none")
            lines.append(str(self.top(kind)))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tables = [self.top(kind)._repr_html_() for kind in self.shares]
        return display.html(f"{self.question}, example {self.example}", *tables)


def explain(
    model: str | PathLike[str] | Model, data: Any, *, options: ExplainOptions | None = None, **fields: Any
) -> Explanation:
    """Say which steps, columns, words or patches an answer rests on.

    Parts of the example are hidden and ONNX Runtime is asked again: each part alone (occlusion), and in random orders,
    which shares the answer out fairly (Shapley values: their sum is the answer less what it is with all hidden).

    Args:
        model: an exported file, or a loaded model.
        data: what `Model.predict` takes; one example of it is explained.
        options: which example and which answer.
        **fields: fields of `ExplainOptions`, instead of the object or on top of it.

    Raises:
        UserError: the data does not fit the model, there is no such example, output or label, or nothing can be hidden.
    """
    chosen = resolve(ExplainOptions, options, fields, "explain")
    loaded = model if isinstance(model, Model) else load(model, chosen.provider, chosen.threads)
    contract = loaded.require_contract()
    with deadline(chosen.timeout):
        arrays, example = _one(contract, *_inputs(loaded, contract, data, chosen.example))
        answer = loaded.run(arrays)
        question = ask(contract, answer, chosen)
        kinds = _answering(loaded, contract, arrays, question, chosen.pieces)
        random = np.random.default_rng(chosen.seed)
        with counting("hiding parts") as update:
            asked = _Asked(loaded, question, update, _runs(kinds, chosen.orders))
            found = {p.kind: shares(asked.of(p), len(p.labels), chosen.orders, random) for p in kinds}
            cells = step_columns(kinds)
            drop = occlusion(asked.of(cells[0]), len(cells[0].labels)) if cells is not None else None
        return Explanation(
            question=question.text,
            example=example,
            shares=found,
            parts={p.kind: p.labels for p in kinds},
            map=drop.reshape(len(cells[1]), -1) if cells is not None and drop is not None else None,
            columns=cells[1] if cells is not None else (),
            gates=tuple(gates(loaded.path.read_bytes(), str(loaded.path), arrays)) if chosen.gates else (),
            arrays=arrays,
        )


def _answering(
    model: Model, contract: Contract, arrays: dict[str, Array], question: Question, pieces: int
) -> list[Parts]:
    """Return the parts; numbers are hidden as missing, unless the model has no answer where none is known."""
    kinds = all_parts(contract, arrays, pieces)
    nothing = [question.value(model.run(p.inputs(np.zeros((1, len(p.labels)), dtype=np.bool_)))) for p in kinds]
    return kinds if np.isfinite(nothing).all() else all_parts(contract, arrays, pieces, as_missing=False)


class _Asked:
    """Asks the model what the question's value is, a bounded batch at a time, and counts."""

    def __init__(self, model: Model, question: Question, update: Any, total: int) -> None:
        self.model, self.question, self.update, self.total, self.done = model, question, update, total, 0

    def of(self, parts: Parts) -> Any:
        """Return the value of rows of these parts."""

        def value_of(kept: Kept) -> Floats:
            values = []
            size = sum(a.size for a in parts.inputs(kept[:1]).values())
            most = max(1, _TOGETHER // max(size, 1))
            for i in range(0, len(kept), most):
                rows = kept[i : i + most]
                values.append(self.question.value(self.model.run(parts.inputs(rows))))
                self.done += len(rows)
                self.update(min(self.done, self.total), self.total)
            return np.concatenate(values)

        return value_of


def _runs(kinds: Sequence[Parts], orders: int) -> int:
    """Return about how many answers it takes."""
    counts = [len(p.labels) for p in kinds]
    return sum((orders + 1) * (n + 1) for n in counts) + int(np.prod(counts, dtype=int))


def _inputs(model: Model, contract: Contract, data: Any, asked: str | None) -> tuple[ModelInputs, int]:
    """Read what is asked about, of pictures one alone; return it, and the number of the example that is asked for."""
    data = Path(data) if isinstance(data, str | PathLike) else data
    if (files := given_images(contract, data)) is not None:
        names = tuple(file.name for file in files)
        chosen = files[_place(asked, names, len(files))]
        found = next(iter(read_image_inputs(contract, [chosen], [])))
        return ModelInputs(found.arrays, found.names), 0
    if isinstance(data, dict):
        inputs = ModelInputs(check_inputs(contract, {name: np.asarray(v) for name, v in data.items()}))
    else:
        inputs = read_inputs(contract, as_question(contract, data, model.path, "explain"))
    return inputs, _place(asked, inputs.names, len(next(iter(inputs.arrays.values()))))


def _place(asked: str | None, names: tuple[str, ...], count: int) -> int:
    """Return the number of the example that is asked for by its name or number; the first if none is.

    Raises:
        UserError: there is no such example.
    """
    if asked is None:
        return 0
    if asked in names:
        return names.index(asked)
    if asked.isdecimal() and int(asked) < count:
        return int(asked)
    shown = ", ".join(names[:5]) if any(names) else f"0 to {count - 1}"
    raise UserError(f"--example {asked}: there is no such example; there is: {shown}")


def _one(contract: Contract, inputs: ModelInputs, place: int) -> tuple[dict[str, Array], str]:
    """Take one example out of a batch, without its padding."""
    states = {s.input for s in contract.states}
    external = {n: a for n, a in inputs.arrays.items() if n not in states}
    one = {n: a[place][None] if isinstance(a[place], np.ndarray) and a.dtype == object else
           np.ascontiguousarray(a[place : place + 1]) for n, a in external.items()}  # fmt: skip
    for tensor in contract.external_inputs:
        if isinstance(tensor.source, LengthsSource):
            length = max(int(one[tensor.name][0]), 1)
            for other in contract.external_inputs:
                if tensor.source.axis in other.dims:
                    axis = other.dims.index(tensor.source.axis)
                    one[other.name] = np.take(one[other.name], np.arange(length), axis=axis)
    name = inputs.names[place] if place < len(inputs.names) and inputs.names[place] else str(place)
    return one, shortened(name)
