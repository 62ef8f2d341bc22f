"""What goes in and out of a captioner's graph, as data."""

from __future__ import annotations

from lstm_onnx.contract import Axis, TensorSpec, Tolerance
from lstm_onnx.features.resizing import IMAGE, resize_stage
from lstm_onnx.features.sentence_graph import sentence_stage
from lstm_onnx.task import GraphSpec
from lstm_onnx_captioning.frozen import feature_stage
from lstm_onnx_captioning.model import Captioner
from lstm_onnx_captioning.options import Config, Info

CAPTION = TensorSpec(name="caption", dtype="string", dims=("batch",), meaning="what is to be seen, words in lower case")

_APART = 1e-4
"""Tolerance of log-probabilities and attention; words are exact."""

_APART_FROZEN = 3e-4
"""The same behind a frozen encoder. Its dozens of layers, fused in one session and not in another, leave features a few
millionths apart; of EfficientNet-Lite0 that was up to 1e-4 in log-probabilities."""

_TYPICAL = 64
"""Pixels of the pictures among the golden examples, at most: a file says what it is in less room than it takes."""


def graph_spec(model: Captioner, config: Config, info: Info) -> GraphSpec:
    """Describe the graph of a captioner."""
    typical = min(config.size, _TYPICAL)
    apart = _APART if info.features is None else _APART_FROZEN
    outputs, axes = (
        (CAPTION, *answers(info)),
        {
            "batch": Axis(meaning="one picture each"),
            "height": Axis(example_size=typical, meaning="pixels from the top"),
            "width": Axis(example_size=typical, meaning="pixels from the left"),
            "colour": Axis(size=3, labels=("red", "green", "blue")),
            "word": Axis(size=config.max_words, meaning="words of a caption, in order"),
        },
    )
    if config.decoder == "attend":
        outputs = (*outputs, ATTENTION)
        axes |= {
            "row": Axis(size=model.grid[0], meaning="parts of the square picture, from the top"),
            "column": Axis(size=model.grid[1], meaning="parts of the square picture, from the left"),
        }
    return GraphSpec(
        module=model,
        inputs=(IMAGE,),
        outputs=outputs,
        axes=axes,
        description=f"Says in words what is to be seen on a picture; knows {len(info.words):,} words.",
        # the score is a sum over words
        tolerance=Tolerance(rtol=0, atol=apart, outputs={"score": apart * config.max_words}, decided_by="score"),
        before=resize_stage(config.size, config.fit) if info.features is None else feature_stage(config, info),
        after=sentence_stage(tokens(info), config.max_words, CAPTION),
    )


def tokens(info: Info) -> TensorSpec:
    """Describe the words of captions as numbers."""
    return TensorSpec(
        name="tokens",
        dtype="int64",
        dims=("batch", "word"),
        meaning="words by number; 0 ends a caption and fills what follows",
        labels=info.vocabulary,
    )


def answers(info: Info) -> tuple[TensorSpec, ...]:
    """Describe what the search finds, in the order in which it gives it."""
    return (
        tokens(info).model_copy(update={"detail": True}),
        TensorSpec(name="lengths", dtype="int64", dims=("batch",), meaning="words of each caption", internal=True),
        TensorSpec(
            name="score", dtype="float32", dims=("batch",), meaning="log-probability of the caption, its end included"
        ),
        TensorSpec(
            name="log_probabilities",
            dtype="float32",
            dims=("batch", "word"),
            meaning="of each word, and of the end where there is room for it; 0 after it",
            internal=True,
        ),
    )


ATTENTION = TensorSpec(
    name="attention",
    dtype="float32",
    dims=("batch", "word", "row", "column"),
    meaning="how much of each part of the picture was looked at for each word, 1 in all; 0 after the end",
    internal=True,
)
