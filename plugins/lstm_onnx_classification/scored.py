"""Other data than a classifier was trained on, read whole and by what was learnt, to score it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, cast

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.data.splits import ArraySplit, RaggedSplit
from lstm_onnx.errors import UserError
from lstm_onnx.features import words
from lstm_onnx.task import Arrays, ScoredData
from lstm_onnx_classification.encode import TextSplit
from lstm_onnx_classification.examples import Examples
from lstm_onnx_classification.options import Config, Info
from lstm_onnx_classification.reading import read

UNKNOWN = -1
"""Number of a class that was never learnt: no answer is right."""
_SHOWN = 5


def load_scored(source: Path, config: Config, info: Info) -> ScoredData:
    """Read all examples of a file or folder; its parts, if it names any, do not matter.

    Raises:
        UserError: they are no examples of the kind that was learnt, or a class is missing.
    """
    found = read(source, config, alone=True)
    if bool(found.column) != (info.words is not None):
        kinds = ("texts", "sequences of numbers")
        there, wanted = kinds if found.column else kinds[::-1]
        raise UserError(f"{source}: holds {there}, and the model was trained on {wanted}")
    if not found.column and len(found.channels) != len(info.channels):
        raise UserError(
            f"{source}: has {len(found.channels)} channel{'s' * (len(found.channels) != 1)}, and the model takes "
            f"{len(info.channels)}: {', '.join(info.channels[:8])}"
        )
    notes = list(found.notes)
    examples = found.examples
    numbers = {name: i for i, name in enumerate(info.classes)}
    strange = Counter(label for label in examples.labels if label not in numbers)
    if strange:
        shown = ", ".join(f"'{name}' ({count:,})" for name, count in strange.most_common(_SHOWN))
        more = f" and {len(strange) - _SHOWN:,} more" if len(strange) > _SHOWN else ""
        notes.append(
            f"{strange.total():,} of {len(examples):,} examples are of classes that were never learnt, and count as "
            f"wrong: {shown}{more}"
        )
    if found.parts is not None and len(set(found.parts)) > 1:
        notes.append("all examples are scored, whatever part the data says that they belong to")
    targets = np.array([numbers.get(label, UNKNOWN) for label in examples.labels], dtype=np.int64)
    split = _texts(examples, targets, config, info) if info.words is not None else _series(examples, targets)
    names = tuple(place.removeprefix(f"{source}: ") for place in examples.places)
    return ScoredData(split, "texts" if found.column else "sequences", tuple(notes), names)


def _series(examples: Examples, targets: Array) -> RaggedSplit:
    named = np.array(examples.labels, dtype=object)
    return RaggedSplit({"values": cast(list[Array], examples.items)}, {"target": targets, "truth": named})


def _texts(examples: Examples, targets: Array, config: Config, info: Info) -> Any:
    texts, named = cast(list[str], examples.items), np.array(examples.labels, dtype=object)
    as_bytes = config.text_input == "bytes"
    if info.words is not None and info.words.known:
        table: Any
        if as_bytes:
            characters = info.words.units == "characters"
            table = words.bucket_table(info.words.known, characters)
            rows = [
                row[:n].copy()
                for i in range(0, len(texts), 64)
                for row, n in zip(*_look_up(texts[i : i + 64], table, characters), strict=True)
            ]
        else:
            table = words.spelling_table(info.words.known, info.words.spellings)
            rows = [words.numbers(text, table) for text in texts]
        split = TextSplit(texts, rows, targets, None, as_bytes)
        split.arrays["truth"] = named
        return split
    return _RawTexts(as_bytes, text=np.array(texts, dtype=object), target=targets, truth=named)


def _look_up(texts: list[str], table: Array, characters: bool) -> tuple[Array, Array]:
    return words.look_up_bytes(*words.to_bytes(texts), table, characters)


class _RawTexts(ArraySplit):
    """Texts alone, where the numbers of their words are not known: a file looks them up by itself."""

    def __init__(self, as_bytes: bool, **arrays: Array) -> None:
        super().__init__(**arrays)
        self.as_bytes = as_bytes

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Any:
        """Yield the texts, and their bytes where the model takes these."""
        for batch in super().batches(size, shuffle):
            if self.as_bytes:
                batch["bytes"], batch["byte_count"] = words.to_bytes(list(batch["text"]))
            yield batch


def scoring_info(info: Info) -> Info:
    """Leave out the words, which the graph of a file knows by itself."""
    if info.words is None:
        return info
    return info.model_copy(update={"words": info.words.model_copy(update={"known": (), "spellings": {}})})


def truth(batch: Arrays, info: Info) -> dict[str, Array]:
    """Return the true class of each example, by name."""
    if "truth" in batch:
        return {"label": batch["truth"]}
    return {"label": np.array(info.classes, dtype=object)[batch["target"]]}
