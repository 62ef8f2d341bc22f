"""Many examples run some at a time: the same answers, and memory that does not grow with the longest of all."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.contract import Array, Axis, Contract, LengthsSource, TensorSpec, TextSource
from lstm_onnx.data.arrays import check_inputs
from lstm_onnx.inference import batches
from lstm_onnx.inference.batches import apart, run_in_batches
from lstm_onnx.inference.model import load
from tests.inference.test_sequence_inputs import contract

EXPORTED = Path(__file__).parents[2] / "exported"


@pytest.fixture
def sums() -> Contract:
    """Bytes of texts, padded, of which a graph gives the sum and each alone."""
    made = contract(
        [
            TensorSpec(name="bytes", dtype="uint8", dims=("batch", "byte"), meaning="", source=TextSource(column="t")),
            TensorSpec(name="count", dtype="int64", dims=("batch",), meaning="", source=LengthsSource(axis="byte")),
        ],
        batch=Axis(),
        byte=Axis(),
    )
    return made.model_copy(
        update={
            "outputs": (
                TensorSpec(name="sum", dtype="int64", dims=("batch",), meaning=""),
                TensorSpec(name="each", dtype="int64", dims=("batch", "byte"), meaning=""),
            )
        }
    )


def test_answers_come_in_the_order_of_the_examples(sums: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CELLS", 64)
    random = np.random.default_rng(0)
    rows = [random.integers(1, 9, size=n).astype(np.uint8) for n in random.integers(1, 200, size=40)]
    shapes = []

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        array = check_inputs(sums, inputs)["bytes"].astype(np.int64)
        shapes.append(array.shape)
        return {"sum": array.sum(axis=1), "each": array}

    found = run_in_batches(sums, {"bytes": apart(rows), "count": np.array([len(r) for r in rows])}, run)
    assert found["sum"].tolist() == [int(r.sum()) for r in rows]
    assert found["each"].shape == (40, max(map(len, rows)))
    assert [list(e[: len(r)]) for e, r in zip(found["each"], rows, strict=True)] == [list(r) for r in rows]
    assert max(n * (size // 4) for n, size in shapes) <= 64
    assert len(shapes) < 40


def test_text_of_very_different_lengths_takes_no_memory_for_each_of_the_longest() -> None:
    texts = np.array(["short"] * 4000 + ["a" * 200_000], dtype=object)
    spec = TensorSpec(name="text", dtype="string", dims=("batch",), meaning="", source=TextSource(column="t"))
    made = contract([spec], batch=Axis())
    tracemalloc.start()
    assert check_inputs(made, {"text": texts})["text"].tolist() == texts.tolist()
    assert tracemalloc.get_traced_memory()[1] < 20e6  # it was 3.2 GB
    tracemalloc.stop()


def test_a_file_answers_the_same_to_the_bit_in_batches_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(EXPORTED / "vowels.onnx")
    random = np.random.default_rng(0)
    values = random.normal(size=(90, 29, 12)).astype(np.float32)
    inputs = {"values": values, "lengths": random.integers(7, 30, size=90)}
    whole = model.run(inputs)["probabilities"]
    for cells in (40, 300):
        monkeypatch.setattr(batches, "CELLS", cells)
        np.testing.assert_array_equal(model.predict(inputs).outputs["probabilities"], whole)
