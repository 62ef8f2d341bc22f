"""Pictures with what the model says of them, and where it looked for each word."""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from lstm_onnx.contract import Contract
from lstm_onnx.task import Array, Arrays

_RIGHT, _WRONG, _SOFT = "#228833", "#cc3311", "#666666"
_SHOWN, _COLUMNS = 12, 4
_WORDS_IN_A_ROW = 5


def figures(contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None) -> dict[str, Figure]:
    """Draw where the model looked at the first picture, and a sheet of pictures if there are several."""
    captions = outputs.get("caption", outputs["tokens"])
    said = [_sentence(contract, caption) for caption in captions]
    found: dict[str, Figure] = {}
    if "attention" in outputs:
        words = said[0].split()
        found["attention"] = attention_figure(inputs["image"][0], words, outputs["attention"][0])
    if len(said) > 1 or not found:
        found["captions"] = caption_sheet(inputs["image"], said, truth["references"] if truth is not None else None)
    return found


def _sentence(contract: Contract, caption: Array | str) -> str:
    """Return the words; of a file without strings the contract says what the numbers mean."""
    if isinstance(caption, str):
        return caption
    labels = next(t.labels for t in contract.outputs if t.name == "tokens") or ()
    return " ".join(labels[int(i)] for i in caption if i)


def caption_sheet(images: Array, said: list[str], references: Array | None) -> Figure:
    """Draw pictures with their captions; where it is known, whether they are right, and what would be."""
    count = min(len(said), _SHOWN)
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(2.9 * columns, 4.0 * rows), layout="constrained")
    for k, axes in enumerate(figure.subplots(rows, columns, squeeze=False).ravel()):
        axes.set_axis_off()
        if k >= count:
            continue
        axes.imshow(images[k], interpolation="nearest")
        wanted = str(references[k]).split("\n") if references is not None else []
        right = said[k] in wanted
        mark, colour = ("", "black") if not wanted else ("✓ ", _RIGHT) if right else ("✗ ", _WRONG)
        below = fill(mark + said[k], 30)
        axes.text(0, -0.04, below, transform=axes.transAxes, va="top", fontsize=9, color=colour)
        if wanted and not right:
            lines = below.count("\n") + 1
            other = fill(wanted[0], 30)
            axes.text(0, -0.05 - 0.062 * lines, other, transform=axes.transAxes, va="top", fontsize=9, color=_SOFT)
    return figure


def attention_figure(image: Array, words: list[str], attention: Array) -> Figure:
    """Draw a picture, and beside it for each word where the model looked, the brighter the longer.

    Args:
        image: (height, width, 3).
        words: of the caption.
        attention: (word, row, column) of the picture's square part, shares of each word.
    """
    columns = min(len(words) + 1, _WORDS_IN_A_ROW + 1)
    rows = -(-(len(words) + 1) // columns)
    figure = Figure(figsize=(1.9 * columns, 2.15 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    panels[0].imshow(image, interpolation="nearest")
    panels[0].set_title("picture", fontsize=9, color=_SOFT)
    pixels = np.asarray(image, dtype=np.float32) / 255
    pale = (pixels + pixels.mean(axis=2, keepdims=True)) / 2
    height, width = pale.shape[:2]
    for axes, word, looked in zip(panels[1:], words, attention, strict=False):
        axes.imshow(pale, interpolation="nearest")
        # the map covers the picture as it was fitted into a square: shown here as if it were stretched over it
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        axes.imshow(looked, cmap="inferno", alpha=0.6, vmin=0, extent=extent, interpolation="bicubic", aspect="auto")
        axes.set_title(word, fontsize=10)
    return figure
