"""Answers inside the engines that hold much data already: Polars (lazy), Dask, Spark and Ray Data.

Each function gives the engine's own kind of table, which is computed when the engine computes it, with a session in
each of its processes. The rows of one example, such as a series, are brought together first. Which columns there are,
and of which types, is found by answering for a few rows of the data.

    from lstm_onnx.integrations import answer_spark

    answer_spark(spark.read.parquet("articles"), "news.onnx").write.parquet("answers")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from lstm_onnx.contract import Table
from lstm_onnx.data.given import given_file
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import Model
from lstm_onnx.inference.part_list import row_is_example

_SAMPLE = 20


class Answerer:
    """Answers for tables, one after the other; travels to other processes with the file in it, and loads it there once.

    Args:
        file: the exported file.
        options: of `Model.predict`; `settings` are values of options of the model, by name.

    Attributes:
        keys: columns whose rows must come together: those of a series or sequence; none where a row is an example.

    Raises:
        UserError: the file cannot be loaded, or takes the whole table for one example.
    """

    def __init__(self, file: str | PathLike[str], settings: dict[str, Any] | None = None, **options: Any) -> None:
        self.path = given_file(file, "integrations")
        self.content, self.settings = Path(self.path).read_bytes(), settings or {}
        self.options = {"top": 0} | options
        self._model: Model | None = None
        contract = self.model.require_contract()
        table = contract.table or Table()
        self.keys = () if row_is_example(contract, table) else tuple(table.ids)
        if not self.keys and not row_is_example(contract, table):
            raise UserError(
                f"{self.path}: takes no table whose rows can be shared out, but one series or sounds; ask it "
                "with lstm_onnx.load(...).predict(...)"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    @property
    def model(self) -> Model:
        """The model of this process."""
        if self._model is None:
            model = Model(self.content, Path(self.path), threads=1)
            self._model = model.with_options(**self.settings) if self.settings else model
        return self._model

    def polars(self, table: Any) -> pl.DataFrame:
        """Answer for a table of polars, pandas or pyarrow."""
        return self.model.predict(table, **self.options).to_polars()

    def pandas(self, table: Any) -> Any:
        """Answer for a table, as one of pandas."""
        return self.model.predict(table, **self.options).to_pandas()


def answer_polars(frame: pl.LazyFrame, file: str | PathLike[str], **options: Any) -> pl.LazyFrame:
    """Answer for a lazy table of Polars, as `Answerer` says.

    Where a row is an example, the streaming engine answers batch by batch; else the table is gathered first.

    Raises:
        UserError: as `Answerer`, or the data does not fit the model.
    """
    answerer = Answerer(file, **options)
    if answerer.keys:
        first = frame.select(answerer.keys).head(1)
        sample = frame.join(first, on=list(answerer.keys), how="semi").collect()
    else:
        sample = frame.head(_SAMPLE).collect()
    empty = answerer.polars(sample).clear()

    def answer(table: pl.DataFrame) -> pl.DataFrame:
        return answerer.polars(table) if table.height else empty

    return frame.map_batches(
        answer,
        schema=empty.schema,
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
        streamable=not answerer.keys,
    )


def answer_dask(frame: Any, file: str | PathLike[str], **options: Any) -> Any:
    """Answer for a `dask.dataframe.DataFrame`, partition by partition; as `answer_polars`.

    Rows of one series or sequence are shuffled into one partition, in the order of the table within each.
    """
    answerer = Answerer(file, **options)
    if answerer.keys:
        frame = frame.shuffle(on=list(answerer.keys))
    sample = _of_first_key(frame, answerer.keys, lambda f: f.head(1, npartitions=-1)) if answerer.keys else None
    found = sample.compute() if sample is not None else frame.head(_SAMPLE, npartitions=-1)
    empty = answerer.pandas(found).iloc[:0]

    def answer(table: Any) -> Any:
        return answerer.pandas(table.reset_index(drop=True)) if len(table) else empty

    return frame.map_partitions(answer, meta=empty)


def answer_spark(frame: Any, file: str | PathLike[str], **options: Any) -> Any:
    """Answer for a `pyspark.sql.DataFrame`, by `mapInPandas`, or by `applyInPandas` of groups; as `answer_polars`."""
    answerer = Answerer(file, **options)
    if answerer.keys:
        found = _of_first_key(frame, answerer.keys, lambda f: f.limit(1).toPandas()).toPandas()
    else:
        found = frame.limit(_SAMPLE).toPandas()
    schema = frame.sparkSession.createDataFrame(answerer.pandas(found)).schema

    def answer(table: Any) -> Any:
        return answerer.pandas(table)

    def answer_each(tables: Iterator[Any]) -> Iterator[Any]:
        return (answerer.pandas(table) for table in tables if len(table))

    if answerer.keys:
        return frame.groupBy(*answerer.keys).applyInPandas(answer, schema)
    return frame.mapInPandas(answer_each, schema)


class _Session:
    """What an actor of Ray Data answers with."""

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer

    def __call__(self, table: Any) -> Iterator[Any]:
        if len(table):
            yield self.answerer.pandas(table)


def answer_ray(dataset: Any, file: str | PathLike[str], **options: Any) -> Any:
    """Answer for a `ray.data.Dataset`, by `map_batches` in actors, or by `map_groups`; as `answer_polars`.

    There are as many actors as the cluster has processors but one, which reads. Ray finds the columns itself.
    """
    ray: Any = import_module("ray")
    answerer = Answerer(file, **options)
    if answerer.keys:
        return dataset.groupby(list(answerer.keys)).map_groups(answerer.pandas, batch_format="pandas")
    most = max(1, int(ray.cluster_resources().get("CPU", 1)) - 1)  # with none left to read, they would wait for ever
    actors = ray.data.ActorPoolStrategy(min_size=1, max_size=most)
    return dataset.map_batches(
        _Session, fn_constructor_args=(answerer,), batch_format="pandas", num_cpus=1, compute=actors
    )


def _of_first_key(frame: Any, keys: Sequence[str], head: Callable[[Any], Any]) -> Any:
    """Return the rows of the series that comes first."""
    first = head(frame[list(keys)])
    for key in keys:
        frame = frame[frame[key] == first[key].iloc[0]]
    return frame


__all__ = ["Answerer", "answer_dask", "answer_polars", "answer_ray", "answer_spark"]
