"""Answers inside other engines are those of `predict`. Engines that are not installed are skipped."""

from __future__ import annotations

import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.integrations import Answerer, answer_dask, answer_polars, answer_ray, answer_spark

EXPORTED = Path(__file__).parents[2] / "exported"
NEWS, LIFE = EXPORTED / "news.onnx", EXPORTED / "life.onnx"
WORDS = "oil wheat bank rate profits dollar ship"


def texts(count: int = 60) -> pl.DataFrame:
    return pl.DataFrame({"id": range(count), "text": [f"{WORDS} {'corn ' * (k % 9)}" for k in range(count)]})


def expected() -> pl.DataFrame:
    return lo.load(NEWS).predict(texts(), top=0).to_polars()


def same(found: Any) -> None:
    assert_frame_equal(pl.DataFrame(found).sort("id"), expected().sort("id"), check_dtypes=False, abs_tol=1e-5)


def test_polars_answers_lazily() -> None:
    lazy = answer_polars(texts().lazy(), NEWS)
    assert lazy.collect_schema() == expected().schema
    same(lazy.collect(engine="streaming"))
    assert lazy.filter(pl.col("id") < 0).collect().height == 0


def machines() -> pl.DataFrame:
    """Readings of eight machines, by time: the rows of one machine stand apart."""
    machine = [k for _ in range(5) for k in range(8)]
    row = {"temperature": 60.0, "kind": "pump", "load": 1.0}
    return pl.DataFrame([{"machine": f"m{k}", "vibration": 1.0 + 0.1 * k, **row} for k in machine])


def test_the_rows_of_a_series_come_together() -> None:
    dask = pytest.importorskip("dask.dataframe")
    expected = lo.load(LIFE).predict(machines(), top=0).to_polars().sort("machine")
    found = answer_dask(dask.from_pandas(machines().to_pandas(), npartitions=3), LIFE).compute(scheduler="sync")
    assert_frame_equal(pl.DataFrame(found).sort("machine"), expected, check_dtypes=False, abs_tol=1e-4)
    lazy = answer_polars(machines().lazy(), LIFE).collect().sort("machine")
    assert_frame_equal(lazy, expected, abs_tol=1e-4)


def test_one_series_cannot_be_shared_out() -> None:
    with pytest.raises(UserError, match="takes no table whose rows can be shared out"):
        answer_polars(texts().lazy(), EXPORTED / "traffic.onnx")


def test_it_travels_without_its_session() -> None:
    answerer = Answerer(NEWS)
    other = pickle.loads(pickle.dumps(answerer))
    assert other._model is None
    assert_frame_equal(other.polars(texts()), answerer.polars(texts()))


def test_dask_answers_by_partition() -> None:
    dask = pytest.importorskip("dask.dataframe")
    frame = dask.from_pandas(texts().to_pandas(), npartitions=3)
    found = answer_dask(frame, NEWS)
    assert list(found.columns) == expected().columns
    same(found.compute(scheduler="sync"))


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")  # Spark 4.3 warns of pandas 3 and leaves sockets to the collector
def test_spark_answers_in_its_own_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    spark = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.createDataFrame(texts().to_pandas()).repartition(2)
        same(answer_spark(frame, NEWS).toPandas())
        by_series = answer_spark(spark.createDataFrame(machines().to_pandas()), LIFE).toPandas()
        assert sorted(by_series["machine"]) == [f"m{k}" for k in range(8)]
    finally:
        spark.stop()


@pytest.mark.engines
@pytest.mark.filterwarnings("ignore")  # Ray Data warns of names of its own, and leaves sockets to the collector
def test_ray_data_answers_in_actors(ray_node: tuple[str, int]) -> None:
    pytest.importorskip("ray")
    import ray.data

    ray.init(address=ray_node[0], log_to_driver=False)
    try:
        texts_there = ray.data.from_pandas([texts().to_pandas()[:40], texts().to_pandas()[40:]])
        same(answer_ray(texts_there, NEWS).to_pandas())
        by_series = pl.DataFrame(answer_ray(ray.data.from_pandas(machines().to_pandas()), LIFE).to_pandas())
        alone = lo.load(LIFE).predict(machines(), top=0).to_polars()
        assert_frame_equal(by_series.sort("machine"), alone.sort("machine"), check_dtypes=False, abs_tol=1e-4)
    finally:
        ray.shutdown()
