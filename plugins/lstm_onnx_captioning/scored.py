"""Other pictures than a captioner was trained on, all of them, to score what it says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError
from lstm_onnx.task import Arrays, ScoredData
from lstm_onnx_captioning.examples import picture_split
from lstm_onnx_captioning.options import Config, Info
from lstm_onnx_captioning.pictures import read_examples
from lstm_onnx_captioning.reading import read
from lstm_onnx_captioning.worded import in_words, with_captions


def load_scored(source: Path, config: Config, info: Info) -> ScoredData:
    """Read all pictures with their captions, whatever part they are said to belong to.

    Raises:
        UserError: the captions or a picture cannot be read.
    """
    notes: list[str] = []
    found = read(source, config)
    notes += found.notes
    config, texts = in_words(config, found.rows, notes)
    examples = read_examples(with_captions(found.rows, texts, source, notes), source, config, notes)
    known = set(info.words)
    said = [word for captions in examples.captions for text in captions for word in text.split()]
    share = sum(word in known for word in said) / max(1, len(said))
    if not share:
        raise UserError(f"{source}: no word of its captions is known to the model; is it of another language?")
    if share < 1:
        notes.append(f"known are {share:.1%} of the words in these captions: others were never learnt")
    chosen = np.arange(len(examples), dtype=np.int64)
    split = picture_split(
        examples, chosen, info.words, config.max_words, lambda pictures: {"image": examples.images[pictures]}
    )
    return ScoredData(split, "pictures", tuple(notes))


def truth(batch: Arrays) -> dict[str, Array]:
    """Return the captions of each picture, joined by ` | `."""
    joined = [" | ".join(str(captions).split("\n")) for captions in batch["references"]]
    return {"caption": np.array(joined, dtype=object)}
