"""The name of the likeliest class, to stand after the classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import GraphProto, TensorProto, helper, numpy_helper

from lstm_onnx.contract import TensorSpec
from lstm_onnx.task import Arrays, Stage
from lstm_onnx_classification.config import Info

LABEL = TensorSpec(name="label", dtype="string", dims=("batch",), meaning="the likeliest class")


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
        build=lambda: _graph(names),
        reference=reference,
    )


def _graph(names: Any) -> GraphProto:
    return helper.make_graph(
        [helper.make_node("Gather", ["names", "label_number"], ["label"], name="label")],
        "number to label",
        [helper.make_tensor_value_info("label_number", TensorProto.INT64, ["batch"])],
        [helper.make_tensor_value_info("label", TensorProto.STRING, ["batch"])],
        [numpy_helper.from_array(names, "names")],
    )
