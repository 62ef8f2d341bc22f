"""Puts a frozen encoder behind what resizes pictures, in the one graph."""

from __future__ import annotations

from onnx import GraphProto

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.features.frozen_encoder import FrozenEncoder
from lstm_onnx.features.resizing import IMAGE, PICTURE, Fit, resize, resize_graph
from lstm_onnx.graph.subgraphs import connect, prefix_names
from lstm_onnx.task import Arrays, Stage

FEATURES = TensorSpec(
    name="features",
    dtype="float32",
    dims=("batch", "channel", "row", "column"),
    meaning="what the frozen encoder sees in each part of the square picture",
)


def map_axes(shape: tuple[int, int, int]) -> dict[str, Axis]:
    """Describe the channels, rows and columns of what an encoder gives."""
    channels, rows, columns = shape
    return {
        "channel": Axis(size=channels, meaning="features of a part"),
        "row": Axis(size=rows, meaning="parts of the square picture, from the top"),
        "column": Axis(size=columns, meaning="parts of the square picture, from the left"),
    }


def feature_stage(frozen: FrozenEncoder, fit: Fit) -> Stage:
    """Make `FEATURES` of pictures of any size: resize them, then let the frozen encoder look."""

    def reference(arrays: Arrays) -> dict[str, Array]:
        return {FEATURES.name: frozen.maps(resize(arrays[IMAGE.name], frozen.size, fit))}

    return Stage(
        inputs=(IMAGE,),
        outputs=(FEATURES,),
        build=lambda: _joined(resize_graph(frozen.size, fit), frozen),
        reference=reference,
        axes=map_axes(frozen.shape),
        opset=frozen.opset,
    )


def _joined(graph: GraphProto, frozen: FrozenEncoder) -> GraphProto:
    """Put the encoder's nodes and weights behind those that resize."""
    encoder = prefix_names(frozen.model.graph, "encoder/", {frozen.output: FEATURES.name})
    return connect(graph, encoder, [(PICTURE.name, frozen.input)])
