"""What goes in and out of a captioner's graph, as data."""

from __future__ import annotations

from lstm_onnx.contract import Axis, Picture, Tensor, Tolerance
from lstm_onnx.task import GraphSpec
from lstm_onnx_captioning.caption_graph import CAPTION, caption_stage
from lstm_onnx_captioning.config import Config, Info
from lstm_onnx_captioning.model import Captioner

TOLERANCE = Tolerance(rtol=0, atol=1e-4)
"""Of log-probabilities and attention; words are exact."""

IMAGE = Tensor(
    name="image",
    dtype="uint8",
    dims=("batch", "height", "width", "colour"),
    meaning="pictures of any size, the same for all of a batch, RGB",
    source=Picture(),
)


def graph_spec(model: Captioner, config: Config, info: Info) -> GraphSpec:
    """Describe the graph of a captioner."""
    tokens = Tensor(
        name="tokens",
        dtype="int64",
        dims=("batch", "word"),
        meaning="words by number; 0 ends a caption and fills what follows",
        labels=info.vocabulary,
        detail=True,
    )
    outputs = [
        CAPTION,
        tokens,
        Tensor(name="lengths", dtype="int64", dims=("batch",), meaning="words of each caption", detail=True),
        Tensor(name="score", dtype="float32", dims=("batch",), meaning="log-probability of the caption, its end included"),
        Tensor(
            name="log_probabilities",
            dtype="float32",
            dims=("batch", "word"),
            meaning="of each word, and of the end where there is room for it; 0 after it",
            detail=True,
        ),
    ]
    rows, columns = model.grid
    axes = {
        "batch": Axis(meaning="one picture each"),
        "height": Axis(typical=config.size, meaning="pixels from the top"),
        "width": Axis(typical=config.size, meaning="pixels from the left"),
        "colour": Axis(size=3, labels=("red", "green", "blue")),
        "word": Axis(size=config.max_words, meaning="words of a caption, in order"),
    }
    if config.decoder == "attend":
        outputs.append(
            Tensor(
                name="attention",
                dtype="float32",
                dims=("batch", "word", "row", "column"),
                meaning="where the model looked for each word; the shares of the places add up to 1",
                detail=True,
            )
        )
        axes |= {
            "row": Axis(size=rows, meaning="parts of the picture, from the top"),
            "column": Axis(size=columns, meaning="parts of the picture, from the left"),
        }
    return GraphSpec(
        module=model,
        inputs=(IMAGE,),
        outputs=tuple(outputs),
        axes=axes,
        description=f"Says in words what is to be seen on a picture; knows {len(info.words):,} words.",
        tolerance=TOLERANCE,
        after=caption_stage(tokens, config, info),
    )
