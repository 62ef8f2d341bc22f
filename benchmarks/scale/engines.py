"""Seconds of the engines that hold much data already, for the same answers as `predict`: one process for each figure.

python -m benchmarks.scale.engines NAME PATTERN OUT     # prints what it takes, in JSON
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.scale.answer import BUNDLED, PART_ROWS
from benchmarks.scale.made import KINDS, write
from benchmarks.scale.measured import command
from benchmarks.speed.figures import Figure
from benchmarks.speed.kept import Kept

SIZES = (20_000, 200_000)
CORES = 2


def processes(pattern: str, out: str) -> None:
    """Answer as `predict --workers 2`."""
    words = ["predict", str(BUNDLED), pattern, "--out", out, "--workers", str(CORES)]
    subprocess.run(command([*words, "--part-rows", str(PART_ROWS["texts"])]), check=True, stdout=subprocess.DEVNULL)


def polars(pattern: str, out: str) -> None:
    """Answer in a lazy table; batches come one after the other."""
    from lstm_onnx.integrations import answer_polars

    answer_polars(pl.scan_parquet(pattern), BUNDLED).sink_parquet(Path(out) / "answers.parquet")


def dask(pattern: str, out: str) -> None:
    """Answer in two processes of Dask."""
    import dask.config
    import dask.dataframe

    from lstm_onnx.integrations import answer_dask

    with dask.config.set({"scheduler": "processes", "num_workers": CORES}):
        answer_dask(dask.dataframe.read_parquet(pattern), BUNDLED).to_parquet(out)


def spark(pattern: str, out: str) -> None:
    """Answer in a Spark of two cores that is started for it."""
    from pyspark.sql import SparkSession

    from lstm_onnx.integrations import answer_spark

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session: Any = SparkSession.builder
    session = session.master(f"local[{CORES}]").config("spark.ui.enabled", "false").getOrCreate()
    answer_spark(session.read.parquet(pattern), BUNDLED).write.parquet(f"{out}/answers")
    session.stop()


def ray(pattern: str, out: str) -> None:
    """Answer by `predict --ray local`, with two actors."""
    words = ["predict", str(BUNDLED), pattern, "--out", out, "--workers", str(CORES), "--ray", "local"]
    subprocess.run(command([*words, "--part-rows", str(PART_ROWS["texts"])]), check=True, stdout=subprocess.DEVNULL)


def ray_data(pattern: str, out: str) -> None:
    """Answer in a `Dataset` of a Ray of two processors that is started for it: one reads, one has an actor."""
    import ray
    import ray.data

    from lstm_onnx.integrations import answer_ray

    ray.init(num_cpus=CORES, log_to_driver=False, include_dashboard=False)
    answer_ray(ray.data.read_parquet(sorted(map(str, Path(pattern).parent.glob("*.parquet")))), BUNDLED).write_parquet(
        out
    )
    ray.shutdown()


ENGINES: dict[str, tuple[Callable[[str, str], None], str]] = {
    "predict --workers 2": (processes, "lstm_onnx"),
    "Polars": (polars, "polars"),
    "Dask": (dask, "dask"),
    "Spark": (spark, "pyspark"),
    "predict --ray local": (ray, "ray"),
    "Ray Data": (ray_data, "ray"),
}


def measure(kept: Kept, names: list[str] | None, rows: list[int] | None) -> None:
    """Ask each engine that is installed what is not kept yet, and keep the seconds, its start and end included."""
    for count in rows or SIZES:
        there = [name for name in names or ENGINES if find_spec(ENGINES[name][1])]
        cells: list[dict[str, int | str]] = [{"engine": name, "rows": count} for name in there]
        todo = [cell for cell in cells if not kept.has(cell)]
        if not todo:
            continue
        with tempfile.TemporaryDirectory() as text:
            data = Path(text) / "data"
            data.mkdir()
            write(data, KINDS["texts"], count)
            for number, cell in enumerate(todo):
                out = Path(text) / f"out-{number}"
                out.mkdir()
                words = [str(cell["engine"]), str(data / "*.parquet"), str(out)]
                begun = time.perf_counter()
                done = subprocess.run([sys.executable, "-m", __spec__.name, *words], capture_output=True, text=True)
                seconds = time.perf_counter() - begun
                if done.returncode:
                    print(f"{cell['engine']} failed: {done.stderr[-300:]}", file=sys.stderr, flush=True)
                    continue
                answers = int(pl.scan_parquet(out / "**/*.parquet").select(pl.len()).collect().item())
                if answers != count:
                    raise SystemExit(f"{cell['engine']} answered for {answers:,} of {count:,} rows")
                inside = json.loads(done.stdout.splitlines()[-1])["seconds"]
                kept.add([Figure(cell, "seconds", "s", (round(seconds, 2),)), Figure(cell, "inside", "s", (inside,))])
                print("asked", *cell.values(), flush=True)


if __name__ == "__main__":
    _begun = time.perf_counter()
    ENGINES[sys.argv[1]][0](sys.argv[2], sys.argv[3])
    print(json.dumps({"seconds": round(time.perf_counter() - _begun, 2)}))
