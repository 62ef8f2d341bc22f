"""Puts a frozen encoder before the captioner, in the one graph."""

from __future__ import annotations

from pathlib import Path

from onnx import GraphProto

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.errors import UserError
from lstm_onnx.features.resizing import IMAGE, PICTURE, resize, resize_graph
from lstm_onnx.plugin import connect, prefix_names
from lstm_onnx.task import Arrays, Stage
from lstm_onnx_captioning.extractor import Extractor, extractor
from lstm_onnx_captioning.options import Config, Info

FEATURES = TensorSpec(
    name="features",
    dtype="float32",
    dims=("batch", "channel", "row", "column"),
    meaning="what the frozen encoder sees in each part of the square picture",
)


def feature_stage(config: Config, info: Info) -> Stage:
    """Make `FEATURES` of pictures of any size: resize them, then let the frozen encoder look.

    Raises:
        UserError: the encoder is not there, or another one than the model was trained with.
    """
    frozen = extractor(Path(config.encoder), config.size)
    if info.encoder is not None and frozen.digest != info.encoder:
        raise UserError(
            f"{frozen.path}: has changed since the model was trained on its features; put the old file back"
        )
    assert info.features is not None
    channels, rows, columns = info.features

    def reference(arrays: Arrays) -> dict[str, Array]:
        if FEATURES.name in arrays:  # of validation and test pictures they were computed before training
            return {FEATURES.name: arrays[FEATURES.name]}
        return {FEATURES.name: frozen.maps(resize(arrays[IMAGE.name], config.size, config.fit))}

    return Stage(
        inputs=(IMAGE,),
        outputs=(FEATURES,),
        build=lambda: _joined(resize_graph(config.size, config.fit), frozen),
        reference=reference,
        axes={
            "channel": Axis(size=channels, meaning="features of a part"),
            "row": Axis(size=rows, meaning="parts of the square picture, from the top"),
            "column": Axis(size=columns, meaning="parts of the square picture, from the left"),
        },
        opset=frozen.opset,
    )


def _joined(graph: GraphProto, frozen: Extractor) -> GraphProto:
    """Put the encoder's nodes and weights behind those that resize."""
    encoder = prefix_names(frozen.model.graph, "encoder/", {frozen.output: FEATURES.name})
    return connect(graph, encoder, [(PICTURE.name, frozen.input)])
