"""`predict`'s table and the plan of generated programs are one layout, for answers of every shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstm_onnx.contract import (
    Axis,
    ColumnsSource,
    Contract,
    Provenance,
    StateSpec,
    Step,
    Table,
    TensorSpec,
    TextSource,
    TimeSource,
    Tolerance,
)
from lstm_onnx.embedding.from_contract import project_of
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_layout import OutputLayout, output_layout
from lstm_onnx.inference.output_table import to_table

PAST = TensorSpec(
    name="past", dtype="float32", dims=("batch", "time", "column"), meaning="", source=ColumnsSource(columns=("x", "y"))
)
STEPS = PAST.model_copy(update={"source": ColumnsSource(columns=("x", "y"), rows="all")})
TEXT = TensorSpec(name="text", dtype="string", dims=("batch",), meaning="", source=TextSource(column="said"))
PIXELS = TensorSpec(name="image", dtype="uint8", dims=("batch", "height", "width", "rgb"), meaning="")
AHEAD = TensorSpec(name="at", dtype="int64", dims=("batch", "horizon"), meaning="", source=TimeSource(rows="future"))
AXES = {
    "batch": Axis(),
    "time": Axis(),
    "word": Axis(),
    "fixed": Axis(size=4),
    "height": Axis(),
    "width": Axis(),
    "rgb": Axis(size=3),
    "one": Axis(size=1),
    "column": Axis(size=2, labels=("x", "y")),
    "level": Axis(size=3, labels=("q0.1", "q0.5", "q0.9")),
    "horizon": Axis(size=5),
    "class": Axis(size=3, labels=("cat", "dog", "time")),
    "many": Axis(size=70, labels=tuple(f"class {i}" for i in range(70))),
    "wide": Axis(size=65),
}


def out(name: str, *dims: str, dtype: str = "float32", **more: Any) -> TensorSpec:
    return TensorSpec.model_validate({"name": name, "dtype": dtype, "dims": dims, "meaning": "", **more})


TIMED = Table(time="day", series="store", step=Step(seconds=86400))
GRID: dict[str, tuple[list[TensorSpec], list[TensorSpec], Table | None]] = {
    "forecaster": ([PAST], [AHEAD, out("load", "batch", "horizon", "level"), out("trend", "batch")], TIMED),
    "forecaster of labels called as columns": (
        [PAST],
        [out("rain", "batch", "horizon", "column"), AHEAD, out("class", "batch", "horizon", "class")],
        Table(time="time"),
    ),
    "classifier": (
        [STEPS],
        [out("label", "batch", dtype="string"), out("probability", "batch", "class", is_scores=True)],
        Table(series="id"),
    ),
    "numbers for labels": ([STEPS], [out("label", "batch", dtype="int64", labels=("cat", "dog"))], None),
    "many classes": ([TEXT], [out("label", "batch", dtype="string"), out("p", "batch", "many", is_scores=True)], None),
    "tagger": ([TEXT], [out("tag", "batch", "word", dtype="string"), out("score", "batch", "word", "class")], None),
    "tagger of many": (
        [TEXT],
        [
            out("tag", "batch", "word", dtype="int64", labels=("a", "b")),
            out("p", "batch", "word", "many", is_scores=True),
        ],
        None,
    ),
    "tagger beside a label": ([TEXT], [out("tag", "batch", "word"), out("label", "batch", dtype="string")], None),
    "steps in, steps out": (
        [STEPS], [out("score", "batch", "time"), out("alarm", "batch", "time", dtype="bool")], None,
    ),
    "fixed steps that are no input's": ([STEPS], [out("sum", "batch", "fixed")], None),
    "captioner": (
        [PIXELS],
        [out("caption", "batch", dtype="string"), out("score", "batch"),
         out("attention", "batch", "word", "fixed", internal=True)],
        None,
    ),
    "several outputs": (
        [STEPS], [out("mean", "batch", "column"), out("wide", "batch", "wide"), out("free", "batch", "word", "column")],
        None,
    ),
    "one value": ([STEPS], [out("total", "batch", "one"), out("scalar")], None),
}  # fmt: skip


def contract(name: str) -> Contract:
    inputs, outputs, table = GRID[name]
    used = {d for t in (*inputs, *outputs) for d in t.dims} | {"one"}
    state = out("memory", "batch", "one"), out("memory_next", "batch", "one")
    return Contract(
        name="m",
        task="t",
        description="",
        opset=18,
        ir_version=8,
        axes={k: v for k, v in AXES.items() if k in used},
        inputs=(*inputs, state[0]),
        outputs=(*outputs, state[1]),
        states=(StateSpec(output="memory_next", input="memory"),),
        table=table,
        tolerance=Tolerance(),
        provenance=Provenance(created="", run="", plugin="", data="", versions={}, config={}),
    )


def answer(made: Contract, batch: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    sizes = {"batch": batch, "word": 2, "time": 6}
    found = {}
    for t in made.outputs:
        shape = [made.axes[d].size or sizes[d] for d in t.dims]
        if t.source is not None:
            found[t.name] = (np.arange(np.prod(shape)).reshape(shape) + 18000) * 86400
        elif t.dtype == "string":
            found[t.name] = np.array([f"{t.name} {i}" for i in range(int(np.prod(shape)))], object).reshape(shape)
        elif t.dtype == "int64":
            found[t.name] = random.integers(0, 2, shape)
        else:
            found[t.name] = (
                random.random(shape).astype(np.float32) if t.dtype == "float32" else random.random(shape) > 0.5
            )
    return found


def as_a_program_prints(layout: OutputLayout, made: Contract, outputs: dict[str, np.ndarray]) -> list[list[Any]]:
    """What templates do with the plan, for a batch of one."""
    flat = [outputs[t.name].ravel().tolist() for t in made.outputs]
    first = outputs[made.outputs[layout.clock if layout.clock >= 0 else layout.cells[0].output].name]
    rows = []
    for row in range(1 if layout.rows == "one" else layout.count or first.shape[1]):
        cells: list[Any] = [flat[layout.clock][row] if layout.rows == "future" else row] if layout.lead else []
        for c in layout.cells:
            start = row * c.stride
            plain = [c.labels[v] if c.labels and c.rank < 0 else v for v in flat[c.output]]
            if c.joined:
                cells.append(" ".join(map(str, plain[start : start + c.stride] if c.stride else plain)))
            elif c.rank >= 0:
                scores = plain[start : start + c.count]
                place = sorted(range(c.count), key=lambda i: (-scores[i], i))[c.rank]
                cells.append(scores[place] if c.score else c.labels[place])
            else:
                cells.append(plain[start + c.place])
        rows.append(cells)
    return rows


@pytest.mark.parametrize("name", GRID)
def test_predict_shows_what_a_program_prints(name: str) -> None:
    made = contract(name)
    plan = project_of(made, 0, "1").answer
    outputs = answer(made, 1)
    table = to_table(made, ModelInputs({}), outputs)
    assert tuple(table.columns) == plan.header
    assert len(set(plan.header)) == len(plan.header)
    shown = table.to_dict(as_series=False)
    wanted = as_a_program_prints(plan, made, outputs)
    if plan.rows == "future":
        shown[plan.lead] = outputs["at"].ravel().tolist()
    assert [list(row) for row in zip(*shown.values(), strict=True)] == wanted


@pytest.mark.parametrize("name", [n for n in GRID if n != "one value"])
def test_examples_stand_below_each_other(name: str) -> None:
    made = contract(name)
    outputs = answer(made, 2)
    both = to_table(made, ModelInputs({}, ("first", "second")), outputs)
    for k, half in enumerate(("first", "second")):
        alone = to_table(made, ModelInputs({}), {n: a[k : k + 1] for n, a in outputs.items()})
        part = both.filter(both[both.columns[0]] == half).drop(both.columns[0])
        assert part.to_dict(as_series=False) == alone.to_dict(as_series=False)


def test_rows_columns_and_best_labels() -> None:
    rows = {name: output_layout(contract(name)).rows for name in GRID}
    assert [n for n, kind in rows.items() if kind == "step"] == ["tagger", "tagger of many", "steps in, steps out"]
    assert [n for n, kind in rows.items() if kind == "future"] == list(GRID)[:2]
    assert output_layout(contract("many classes")).header == (
        "label", "p top 1", "p top 1 score", "p top 2", "p top 2 score", "p top 3", "p top 3 score",
    )  # fmt: skip
    assert output_layout(contract("classifier"), top=1).header == (
        "label",
        "probability top 1",
        "probability top 1 score",
    )
    assert output_layout(contract("forecaster of labels called as columns")).header == (
        "time", "x", "y", "cat", "dog", "class time",
    )  # fmt: skip
