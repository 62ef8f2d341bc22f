"""Examples that are large, such as pictures, take no more memory however many there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.task import Arrays, GraphSpec
from lstm_onnx.training import examples
from lstm_onnx.training.scoring import BATCH, add_up, batches

SIDE = 96
PICTURE = TensorSpec(name="picture", dtype="uint8", dims=("batch", "side", "side"), meaning="")
LABEL = TensorSpec(name="label", dtype="int64", dims=("batch",), meaning="")
GRAPH = GraphSpec(None, (PICTURE,), (LABEL,), {"batch": Axis(), "side": Axis()}, "")  # type: ignore[arg-type]


class Pictures:
    """Pictures that are made when they are asked for, each of a grey of its own."""

    def __init__(self, count: int, side: int = SIDE) -> None:
        self.count, self.side = count, side

    def __len__(self) -> int:
        return self.count

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[dict[str, Array]]:
        for begin in range(0, self.count, size):
            grey = np.arange(begin, min(begin + size, self.count)) % 250
            pixels = np.repeat(grey.astype(np.uint8), self.side**2).reshape(-1, self.side, self.side)
            yield {"picture": pixels, "unit": pixels.astype(np.float32)}


def answer(batch: Arrays) -> dict[str, Array]:
    return {"label": batch["picture"][:, 0, 0].astype(np.int64)}


def peak(count: int) -> float:
    """Return the most megabytes that scoring, and choosing examples, take at once."""
    task: Any = SimpleNamespace(totals=lambda outputs, *rest: {"sum": (outputs["label"].sum(), len(outputs["label"]))})
    split = Pictures(count)
    tracemalloc.start()
    try:
        added = add_up(task, answer, split, task, task)
        assert len(examples.choose(GRAPH, [split], answer)) >= 8
        assert added["sum"] == (sum(k % 250 for k in range(count)), count)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_what_thousands_of_examples_show_is_held_as_numbers() -> None:
    tokens = TensorSpec(name="tokens", dtype="int64", dims=("batch", "side"), meaning="")
    graph = GraphSpec(None, (tokens,), (LABEL,), {"batch": Axis(), "side": Axis()}, "")  # type: ignore[arg-type]
    random = np.random.default_rng(0)
    rows = [{"tokens": random.integers(500, size=(1, 100)), "label": np.array([k % 3])} for k in range(1000)]
    tracemalloc.start()
    try:
        shown, kinds = examples._shown(graph, rows)
        assert tracemalloc.get_traced_memory()[0] < 4e6  # as sets of what they show it was 15 MB
    finally:
        tracemalloc.stop()
    assert kinds == 503
    assert [len(items) for items in shown] == [len({*row["tokens"][0].tolist()}) + 1 for row in rows]


def test_memory_does_not_grow_with_pictures() -> None:
    few, many = peak(1000), peak(4000)  # 9 MB and 37 MB of pixels
    assert many < few + 14, (few, many)  # up to 16 MB of them stay in memory


@pytest.mark.parametrize(("side", "size"), [(2, BATCH), (SIDE, 22), (2000, 1)])
def test_large_examples_are_scored_fewer_at_a_time(side: int, size: int) -> None:
    sizes = [len(batch["picture"]) for batch in batches(Pictures(300, side))][:1]
    assert sizes == [size]


def test_examples_that_lie_in_files_are_those_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    split = Pictures(300, 4)
    memory = examples.choose(GRAPH, [split, None, split], answer)
    monkeypatch.setattr(examples, "_HELD_BYTES", 1000)
    files = examples.choose(GRAPH, [split, None, split], answer)
    assert len(memory) == len(files) > 8
    for one, other in zip(memory, files, strict=True):
        assert one.keys() == other.keys()
        for name, array in one.items():
            np.testing.assert_array_equal(other[name], array)
