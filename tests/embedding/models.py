"""Small models of every shape that a program must take, with contracts and golden examples, made without training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.contract import (
    METADATA_KEY,
    Axis,
    ColumnsSource,
    Contract,
    Example,
    ImageSource,
    LengthsSource,
    Provenance,
    StaticSource,
    Step,
    Table,
    TensorSpec,
    TextSource,
    TimeSource,
    Tolerance,
    Values,
    to_json,
)
from lstm_onnx.inference.session import session_answer

_KIND = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "string": TensorProto.STRING,
}
_PROVENANCE = Provenance(created="2026-01-01", run="made", plugin="tests", data="", versions={}, config={})
CLASSES = ("good, very", 'bad "quoted"', "größer")
TEXTS = ("a good film", "so schlecht wie größer", 'he said "no", twice')


def node(op: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: Mapping[str, np.ndarray],
    contract: Contract,
    inputs: list[dict[str, np.ndarray]],
) -> Path:
    """Write the model, with what ONNX Runtime answers for these inputs as golden examples."""

    def infos(tensors: tuple[TensorSpec, ...]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(t.name, _KIND[t.dtype], contract.dims_of(t)) for t in tensors]

    stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "graph", infos(contract.inputs), infos(contract.outputs), stored)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    answer = session_answer(model.SerializeToString(), str(path))

    def values(arrays: Mapping[str, np.ndarray]) -> dict[str, Values]:
        return {name: Values.of(np.asarray(a)) for name, a in arrays.items()}

    examples = tuple(Example(inputs=values(i), outputs=values(answer(i))) for i in inputs)
    contract = contract.model_copy(update={"examples": examples})
    helper.set_model_props(model, {METADATA_KEY: to_json(contract)})
    onnx.save(model, path)
    path.with_suffix(".json").write_text(to_json(contract))
    return path


def contract_of(name: str, task: str, axes: dict[str, Axis], **more: Any) -> Contract:
    return Contract(
        name=name,
        task=task,
        description=f"A model for tests: {name}.",
        opset=18,
        ir_version=8,
        axes={"batch": Axis(), **axes},
        tolerance=Tolerance(rtol=1e-5, atol=1e-6),
        provenance=_PROVENANCE,
        **more,
    )


def _label_outputs() -> tuple[TensorSpec, ...]:
    return (
        TensorSpec(name="label", dtype="string", dims=("batch",), meaning="the likeliest class"),
        TensorSpec(
            name="probabilities", dtype="float32", dims=("batch", "class"), meaning="of each class", is_scores=True
        ),
    )


_SCORES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]], np.float32)
_NAME = {"keys_int64s": [0, 1, 2], "values_strings": list(CLASSES), "domain": "ai.onnx.ml"}


def text_model(folder: Path) -> Path:
    """Strings in and out."""
    contract = contract_of(
        "text class",
        "classification",
        {"class": Axis(size=3, labels=CLASSES)},
        inputs=(
            TensorSpec(
                name="text", dtype="string", dims=("batch",), meaning="what was said", source=TextSource(column="text")
            ),
        ),
        outputs=_label_outputs(),
        table=Table(others=("class",)),
    )
    ids = {"keys_strings": list(TEXTS), "values_int64s": [0, 1, 2], "default_int64": 1, "domain": "ai.onnx.ml"}
    nodes = [
        node("LabelEncoder", "text", "id", **ids),
        node("LabelEncoder", "id", "label", **_NAME),
        node("Gather", "scores id", "probabilities"),
    ]
    inputs = [{"text": np.array(TEXTS, object)}, {"text": np.array(["", "two\nlines"], object)}]
    return save(folder / "text.onnx", nodes, {"scores": _SCORES}, contract, inputs)


def bytes_model(folder: Path) -> Path:
    """Bytes with lengths in; a string, an integer with labels and a float out."""
    contract = contract_of(
        "byte-class",
        "classification",
        {"byte": Axis(example_size=40), "class": Axis(size=3, labels=CLASSES)},
        inputs=(
            TensorSpec(
                name="bytes", dtype="uint8", dims=("batch", "byte"), meaning="UTF-8", source=TextSource(column="text")
            ),
            TensorSpec(
                name="lengths",
                dtype="int64",
                dims=("batch",),
                meaning="bytes of each text",
                source=LengthsSource(axis="byte", min=1),
            ),
        ),
        outputs=(
            TensorSpec(name="kind", dtype="int64", dims=("batch",), meaning="which class", labels=CLASSES),
            TensorSpec(name="sum", dtype="float32", dims=("batch",), meaning="of the bytes"),
            *_label_outputs(),
        ),
    )
    nodes = [
        node("Shape", "bytes", "count", start=1, end=2),
        node("Squeeze", "count", "stop"),
        node("Range", "zero stop one", "at"),
        node("Unsqueeze", "lengths last", "ends"),
        node("Less", "at ends", "counts"),
        node("Cast", "counts", "weight", to=TensorProto.FLOAT),
        node("Cast", "bytes", "numbers", to=TensorProto.FLOAT),
        node("Mul", "numbers weight", "kept"),
        node("ReduceSum", "kept last", "sum", keepdims=0),
        node("Cast", "sum", "whole", to=TensorProto.INT64),
        node("Mod", "whole three", "kind"),
        node("LabelEncoder", "kind", "label", **_NAME),
        node("Gather", "scores kind", "probabilities"),
    ]
    weights = {
        "zero": np.int64(0),
        "one": np.int64(1),
        "three": np.int64(3),
        "last": np.array([1], np.int64),
        "scores": _SCORES,
    }
    encoded = [t.encode() for t in TEXTS]
    padded = np.zeros((3, 40), np.uint8)
    for row, text in zip(padded, encoded, strict=True):
        row[: len(text)] = np.frombuffer(text, np.uint8)
    inputs = [{"bytes": padded, "lengths": np.array([len(t) for t in encoded], np.int64)}]
    return save(folder / "bytes.onnx", nodes, {k: np.asarray(v) for k, v in weights.items()}, contract, inputs)


def tagger_model(folder: Path) -> Path:
    """Bytes in; for each of them a label, and scores of more labels than fit into a row."""
    tags = tuple(f"tag {i}, or {i + 1}" for i in range(70))
    contract = contract_of(
        "tagger",
        "tagging",
        {"byte": Axis(example_size=9), "tag": Axis(size=len(tags), labels=tags)},
        inputs=(
            TensorSpec(
                name="bytes", dtype="uint8", dims=("batch", "byte"), meaning="UTF-8", source=TextSource(column="text")
            ),
        ),
        outputs=(
            TensorSpec(name="tag", dtype="int64", dims=("batch", "byte"), meaning="of each byte", labels=tags),
            TensorSpec(name="score", dtype="float32", dims=("batch", "byte", "tag"), meaning="", is_scores=True),
        ),
    )
    scores = np.round(np.random.default_rng(1).random((256, len(tags))), 2).astype(np.float32)  # some are equal
    nodes = [
        node("Cast", "bytes", "numbers", to=TensorProto.INT64),
        node("Gather", "scores numbers", "score"),
        node("ArgMax", "score", "tag", axis=2, keepdims=0),
    ]
    texts = np.frombuffer(b"good filmno reason", np.uint8).reshape(2, 9)
    return save(folder / "tagger.onnx", nodes, {"scores": scores}, contract, [{"bytes": texts}])


def series_model(folder: Path) -> Path:
    """Whole sequences with missing values and lengths in; a label, and NaN where nothing was known, out."""
    contract = contract_of(
        "series",
        "tagging",
        {
            "time": Axis(min=2, max=50, example_size=10),
            "channel": Axis(size=2, labels=("left, x", "right")),
            "class": Axis(size=2),
        },
        inputs=(
            TensorSpec(
                name="values",
                dtype="float32",
                dims=("batch", "time", "channel"),
                meaning="each step",
                missing=True,
                source=ColumnsSource(columns=("left, x", "right"), rows="all"),
            ),
            TensorSpec(
                name="lengths",
                dtype="int64",
                dims=("batch",),
                meaning="steps",
                source=LengthsSource(axis="time", min=2),
            ),
        ),
        outputs=(
            TensorSpec(name="per step", dtype="float32", dims=("batch", "time", "channel"), meaning="twice the value"),
            TensorSpec(name="steps", dtype="float32", dims=("batch", "time"), meaning="how many there are"),
        ),
    )
    nodes = [
        node("Mul", "values two", "per step"),
        node("Cast", "lengths", "floats", to=TensorProto.FLOAT),
        node("Unsqueeze", "floats last", "column"),
        node("Slice", "values zero end last2", "left3"),
        node("Squeeze", "left3 last2", "left"),
        node("Mul", "left none", "nothing"),
        node("IsNaN", "nothing", "odd"),
        node("Where", "odd column column", "steps"),
    ]
    weights = {
        "two": np.float32(2),
        "none": np.float32(0),
        "zero": np.array([0], np.int64),
        "end": np.array([1], np.int64),
        "last": np.array([1], np.int64),
        "last2": np.array([2], np.int64),
    }
    values = np.array([[[1, 2], [np.nan, 4], [5.5, -1e-3]], [[0, 0], [1e20, np.nan], [3, 3]]], np.float32)
    inputs = [{"values": values, "lengths": np.array([3, 2], np.int64)}]
    return save(folder / "series.onnx", nodes, {k: np.asarray(v) for k, v in weights.items()}, contract, inputs)


def monthly_model(folder: Path) -> Path:
    """Calendar months, covariates known ahead, and constants: the last value, plus promotion, times the size."""
    contract = contract_of(
        "monthly sales",
        "forecasting",
        {
            "time": Axis(min=1, example_size=4),
            "target": Axis(size=1, labels=("sales",)),
            "horizon": Axis(size=3),
            "covariate": Axis(size=1, labels=("promotion",)),
            "static": Axis(size=1, labels=("size",)),
        },
        inputs=(
            TensorSpec(
                name="values",
                dtype="float32",
                dims=("batch", "time", "target"),
                meaning="sold",
                missing=True,
                unit="pieces",
                source=ColumnsSource(columns=("sales",)),
            ),
            TensorSpec(
                name="future",
                dtype="float32",
                dims=("batch", "horizon", "covariate"),
                meaning="known ahead",
                missing=True,
                source=ColumnsSource(columns=("promotion",), rows="future"),
            ),
            TensorSpec(
                name="static",
                dtype="float32",
                dims=("batch", "static"),
                meaning="of the shop",
                missing=True,
                source=StaticSource(columns=("size",)),
            ),
            TensorSpec(
                name="ahead", dtype="int64", dims=("batch", "horizon"), meaning="when", source=TimeSource(rows="future")
            ),
        ),
        outputs=(
            TensorSpec(
                name="forecast",
                dtype="float32",
                dims=("batch", "horizon", "target"),
                meaning="to be sold",
                unit="pieces",
                source=ColumnsSource(columns=("sales",), rows="future"),
            ),
            TensorSpec(
                name="forecast_time",
                dtype="int64",
                dims=("batch", "horizon"),
                meaning="when",
                source=TimeSource(rows="future"),
            ),
        ),
        table=Table(time="month", step=Step(months=1)),
    )
    nodes = [
        node("Gather", "values newest", "last", axis=1),
        node("Add", "last future", "raised"),
        node("Unsqueeze", "static one", "factor"),
        node("Mul", "raised factor", "forecast"),
        node("Identity", "ahead", "forecast_time"),
    ]
    weights = {"newest": np.array([-1], np.int64), "one": np.array([1], np.int64)}
    months = np.array(["2024-12", "2025-01", "2025-02"], "datetime64[M]").astype("datetime64[s]").astype(np.int64)
    inputs = [
        {
            "values": np.array([[[5.0], [np.nan], [7.25]]], np.float32),
            "future": np.array([[[0.0], [1.0], [0.5]]], np.float32),
            "static": np.array([[1.5]], np.float32),
            "ahead": months[None],
        }
    ]
    return save(folder / "monthly.onnx", nodes, weights, contract, inputs)


def image_model(folder: Path) -> Path:
    """A picture in, of any size, and what is its mean colour."""
    contract = contract_of(
        "image",
        "captioning",
        {"height": Axis(), "width": Axis(), "colour": Axis(size=3)},
        inputs=(
            TensorSpec(
                name="image",
                dtype="uint8",
                dims=("batch", "height", "width", "colour"),
                meaning="a picture",
                source=ImageSource(),
            ),
        ),
        outputs=(TensorSpec(name="mean", dtype="float32", dims=("batch", "colour"), meaning="of each colour"),),
    )
    nodes = [node("Cast", "image", "numbers", to=1), node("ReduceMean", "numbers both", "mean", keepdims=0)]
    image = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    return save(folder / "image.onnx", nodes, {"both": np.array([1, 2], np.int64)}, contract, [{"image": image}])


MAKERS = {
    "tagger": tagger_model,
    "text": text_model,
    "bytes": bytes_model,
    "series": series_model,
    "monthly": monthly_model,
    "image": image_model,
}
