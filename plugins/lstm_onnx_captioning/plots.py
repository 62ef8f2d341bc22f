"""Pictures with what the model says of them, and where it looked for each word."""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Arrays

_RIGHT, _WRONG, _SOFT = "#228833", "#cc3311", "#666666"
_SHOWN, _COLUMNS = 12, 4
_LETTERS, _POINTS = 32, 9
_LINE = 1.4 * _POINTS / 72
"""Height of a line, in inches."""
_WORDS_IN_A_ROW = 5


def figures(contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None) -> dict[str, Figure]:
    """Draw a sheet of pictures if there are several, and where the model looked at the first."""
    captions = outputs.get("caption", outputs["tokens"])
    said = [_sentence(contract, caption) for caption in captions]
    found: dict[str, Figure] = {}
    if len(said) > 1 or "attention" not in outputs:
        found["captions"] = caption_sheet(inputs["image"], said, truth["caption"] if truth is not None else None)
    if "attention" in outputs:
        words = said[0].split()
        fit = str(contract.provenance.config.get("fit", "crop"))
        found["attention"] = attention_figure(inputs["image"][0], words, outputs["attention"][0], fit)
    return found


def _sentence(contract: Contract, caption: Array | str) -> str:
    """Return the words; of a file without strings the contract says what the numbers mean."""
    if isinstance(caption, str):
        return caption
    labels = next(t.labels for t in contract.outputs if t.name == "tokens") or ()
    return " ".join(labels[int(i)] for i in caption if i)


def caption_sheet(images: Array, said: list[str], references: Array | None) -> Figure:
    """Draw pictures, taken evenly from all, with their captions; if known, whether they are right, and what would be.

    Args:
        images: of each picture (height, width, 3).
        said: the captions.
        references: right captions of each picture, joined by line breaks.
    """
    count = min(len(said), _SHOWN)
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    chosen = np.linspace(0, len(said) - 1, count).astype(int)
    texts = [_judged(said[k], None if references is None else str(references[k]).split("\n")) for k in chosen]
    lines = max(sum(text.count("\n") + 1.4 for text, _ in of_one) for of_one in texts)
    figure = Figure(figsize=(2.9 * columns, (2.9 + lines * _LINE) * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
        axes.set_anchor("N")
    for axes, k, of_one in zip(panels, chosen, texts, strict=False):
        axes.imshow(images[k], interpolation="nearest")
        above = 0.0
        for text, colour in of_one:
            down = (0, -4 - 72 * above * _LINE)
            axes.annotate(
                text,
                (0, 0),
                down,
                xycoords="axes fraction",
                textcoords="offset points",
                va="top",
                fontsize=_POINTS,
                color=colour,
            )
            above += text.count("\n") + 1.4
    return figure


def _judged(said: str, wanted: list[str] | None) -> list[tuple[str, str]]:
    """Return what to write under a picture, and the colour of each part."""
    if wanted is None:
        return [(fill(said, _LETTERS), "black")]
    if said in wanted:
        return [(fill(f"✓ {said}", _LETTERS), _RIGHT)]
    return [(fill(f"✗ {said}", _LETTERS), _WRONG), (fill(wanted[0], _LETTERS), _SOFT)]


def attention_figure(image: Array, words: list[str], attention: Array, fit: str) -> Figure:
    """Draw a picture, and beside it for each word where the model looked, the brighter the longer.

    Args:
        image: (height, width, 3).
        words: of the caption.
        attention: (word, row, column) of the square that was made of the picture, shares of each word.
        fit: how it was made square: crop, pad or stretch.
    """
    columns = min(len(words) + 1, _WORDS_IN_A_ROW + 1)
    rows = -(-(len(words) + 1) // columns)
    height, width = image.shape[:2]
    tall = min(max(height / width, 0.4), 2.0)
    figure = Figure(figsize=(1.9 * columns, (1.9 * tall + 0.25) * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    panels[0].imshow(image, interpolation="nearest")
    panels[0].set_title("picture", fontsize=9, color=_SOFT)
    pixels = np.asarray(image, dtype=np.float32) / 255
    pale = (pixels + pixels.mean(axis=2, keepdims=True)) / 2
    for axes, word, looked in zip(panels[1:], words, attention, strict=False):
        axes.imshow(pale, interpolation="nearest")
        axes.imshow(
            looked, cmap="inferno", alpha=0.6, vmin=0, extent=_square(height, width, fit), interpolation="bicubic"
        )
        axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))  # a padded square is larger than the picture
        axes.set_aspect("equal")
        axes.set_title(word, fontsize=10)
    return figure


def _square(height: int, width: int, fit: str) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of what the model saw, in pixels of the picture."""
    if fit == "stretch":
        return -0.5, width - 0.5, height - 0.5, -0.5
    side = (min if fit == "crop" else max)(height, width)
    left, top = (width - side) // 2 - 0.5, (height - side) // 2 - 0.5
    return left, left + side, top + side, top
