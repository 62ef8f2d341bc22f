"""Each kind of file, of all tasks: its C and Node clients build, prove themselves, and answer as ONNX Runtime does.

Files of all nine tasks are those of `exported`, which `test_programs` runs for every target. Here are the kinds that no
file there is of.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from tests.embedding.harness import ROOT, Workshop, assert_answers
from tests.embedding.test_programs import MODELS

TINY = {"epochs": 1, "threads": 1, "hidden": 4}
TARGETS = ("c", "node")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kinds")


@pytest.fixture(scope="module")
def several_classes(sets_run: lo.Run, folder: Path) -> Path:
    """Several classes an example, decided by two members together."""
    data = sets_run.folder.parents[1] / "texts.csv"
    options = {"hidden": 8, "embedding": 8, "epochs": 1, "threads": 1, "several": ";", "seed": 1}
    other = lo.train("classification", data, runs=folder, name="sets", **options)
    return lo.export([sets_run, other], folder / "sets.onnx").path


@pytest.fixture(scope="module")
def tagged_rows(folder: Path) -> Path:
    """A label for each row of a recording."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"x": random.normal(size=600), "y": random.normal(size=600)})
    frame.with_columns(activity=pl.Series(["still", "walk"] * 300)).write_csv(folder / "walk.csv")
    run = lo.train("tagging", folder / "walk.csv", bidirectional=False, window=32, runs=folder, name="walk", **TINY)
    return run.export(folder / "walk.onnx").path


KINDS = ("told_sides", "measured_parts", "several_classes", "tagged_rows")


def test_every_task_has_a_file_that_is_run() -> None:
    exported = [f for f in (ROOT / "exported").glob("*.onnx") if f.stem in MODELS]
    tasks = {lo.load(file).require_contract().task for file in exported}
    assert tasks == {f.name.removeprefix("lstm_onnx_") for f in (ROOT / "plugins").glob("lstm_onnx_*")}
    assert len(tasks) == 9


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", KINDS)
def test_its_clients_prove_themselves(request, workshop: Workshop, kind: str, target: str) -> None:
    program = workshop.program(request.getfixturevalue(kind), target)
    done = program.run("--self-test")
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(program.project.contract.examples)
    assert done.stdout.splitlines()[-1] == f"self-test passed: {count} of {count} examples"
    if program.project.mode != "library":
        assert_answers(program)
