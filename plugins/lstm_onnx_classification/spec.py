"""What goes in and out of a classifier's graph, as data, and the name of the likeliest class after it."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import GraphProto, TensorProto, helper, numpy_helper
from torch import nn

from lstm_onnx.contract import Axis, ColumnsSource, LengthsSource, TensorSpec, Tolerance
from lstm_onnx.features.word_graphs import byte_stage, string_stage
from lstm_onnx.task import Arrays, GraphSpec, Stage
from lstm_onnx_classification.options import Config, Info

TOLERANCE = Tolerance(rtol=0, atol=1e-5)
"""Of probabilities."""

LABEL = TensorSpec(name="label", dtype="string", dims=("batch",), meaning="the likeliest class")


def graph_spec(model: nn.Module, config: Config, info: Info) -> GraphSpec:
    """Describe the graph of a classifier."""
    before = _words(config, info)
    inputs = before.inputs if before is not None else series_inputs(info)
    axes = outer_axes(info)
    if before is None:
        axes |= {
            "time": Axis(example_size=info.typical, meaning="steps of a sequence, the first first, the rest padding"),
            "channel": channel_axis(info),
        }
    elif config.text_input == "bytes":
        axes["byte"] = Axis(example_size=6 * info.typical, meaning="bytes of a text, the rest padding")
    what = "texts" if info.words is not None else f"sequences of {', '.join(info.channels[:8])}"
    return GraphSpec(
        module=model,
        inputs=inputs,
        outputs=outputs(),
        axes=axes,
        description=f"Classifies {what}{' and more' if len(info.channels) > 8 else ''} as one of {_few(info.classes)}.",
        table=info.table,
        tolerance=TOLERANCE,
        before=before,
        after=label_stage(info),
    )


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _words(config: Config, info: Info) -> Stage | None:
    if info.words is None:
        return None
    make = string_stage if config.text_input == "string" else byte_stage
    return make(info.words, info.typical)


def series_inputs(info: Info) -> tuple[TensorSpec, TensorSpec]:
    """Describe the values of sequences, and their lengths."""
    return (
        TensorSpec(
            name="values",
            dtype="float32",
            dims=("batch", "time", "channel"),
            meaning="each step of a sequence, in the units of the data; missing where NaN or infinite",
            missing=True,
            source=ColumnsSource(columns=info.channels, rows="all"),
        ),
        TensorSpec(
            name="lengths",
            dtype="int64",
            dims=("batch",),
            meaning="steps of each sequence",
            source=LengthsSource(axis="time", min=1),
        ),
    )


def channel_axis(info: Info) -> Axis:
    """Describe the axis of what was measured at each step."""
    return Axis(size=len(info.channels), labels=info.channels, meaning="what was measured")


def outputs() -> tuple[TensorSpec, ...]:
    """Describe the answer."""
    return (
        LABEL,
        TensorSpec(
            name="probabilities",
            dtype="float32",
            dims=("batch", "class"),
            meaning="probability of each class, calibrated on validation data if there was any",
            is_scores=True,
        ),
    )


def outer_axes(info: Info) -> dict[str, Axis]:
    """Describe the axes that every classifier has."""
    return {
        "batch": Axis(meaning="one example each"),
        "class": Axis(size=len(info.classes), labels=info.classes, meaning="what an example can be"),
    }


def label_stage(info: Info) -> Stage:
    """Look up the class by its number."""
    names = np.array(info.classes, dtype=object)

    def reference(arrays: Arrays) -> dict[str, Any]:
        return {"label": names[arrays["label_number"]]}

    return Stage(
        inputs=(
            TensorSpec(
                name="label_number",
                dtype="int64",
                dims=("batch",),
                meaning="number of the likeliest class",
                labels=info.classes,
            ),
        ),
        outputs=(LABEL,),
        build=lambda: _label_graph(names),
        reference=reference,
    )


def _label_graph(names: Any) -> GraphProto:
    return helper.make_graph(
        [helper.make_node("Gather", ["names", "label_number"], ["label"], name="label")],
        "number to label",
        [helper.make_tensor_value_info("label_number", TensorProto.INT64, ["batch"])],
        [helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"])],
        [numpy_helper.from_array(names, "names")],
    )
