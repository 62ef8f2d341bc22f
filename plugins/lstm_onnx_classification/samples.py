"""Made-up inputs of any size, for tracing, verification and golden examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features import words
from lstm_onnx.features.words import FIRST
from lstm_onnx.task import GraphSpec
from lstm_onnx_classification.inputs import SeriesInput, WordInput
from lstm_onnx_classification.model import Classifier, SeriesClassifier

_COMMON = tuple("the of and to in is was for on with as by at from it this that not no new good bad said year".split())
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "si", "tu", "ve")


def sample(graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Return inputs of `graph`: values of the data's own scale, texts with known words and unknown ones."""
    random = np.random.default_rng(seed)
    batch = sizes["batch"]
    names = {t.name for t in graph.inputs}
    if "values" in names:
        time = sizes["time"]
        found: dict[str, Array] = {"values": _waves(graph, batch, time, random)}
        if "lengths" in names:
            return found | {"lengths": _lengths(1, time, batch, random)}
        return found | {"count": random.integers(0, 30, size=batch).astype(np.float32)}  # steps before this piece
    if "tokens" in names:
        return _tokens(graph, batch, sizes["word"], random)
    if "bytes" in names:
        return _bytes(batch, sizes["byte"], random)
    usual = graph.before.axes["word"].example_size if graph.before is not None else None
    count = _lengths(0, usual or 8, batch, random)
    return {"text": np.array([_text(int(n), random) for n in count], dtype=object)}


def _lengths(least: int, longest: int, batch: int, random: np.random.Generator) -> Array:
    """Draw lengths, the first of which is the longest."""
    lengths = random.integers(least, longest + 1, size=batch)
    lengths[:1] = longest
    return lengths


def _waves(graph: GraphSpec, batch: int, time: int, random: np.random.Generator) -> Array:
    model = getattr(graph.module, "model", graph.module)
    assert isinstance(model, SeriesClassifier)
    assert isinstance(model.see, SeriesInput)
    center, spread = (t.cpu().numpy() for t in (model.see.center, model.see.spread))
    phase = random.uniform(0, 6.3, size=(batch, 1, len(center)))
    wave = np.sin(np.arange(time)[None, :, None] * random.uniform(0.05, 0.8, size=phase.shape) + phase)
    values = center + spread * (1.5 * wave + 0.3 * random.standard_normal(wave.shape))
    values[random.random(values.shape) < 0.03] = np.nan
    return values.astype(np.float32)


def _tokens(graph: GraphSpec, batch: int, size: int, random: np.random.Generator) -> dict[str, Array]:
    assert isinstance(graph.module, Classifier)
    assert isinstance(graph.module.see, WordInput)
    known = graph.module.see.table.num_embeddings
    lengths = _lengths(0, size, batch, random)
    tokens = random.integers(1, max(known, FIRST), size=(batch, size))
    return {"tokens": np.where(np.arange(size) < lengths[:, None], tokens, 0), "lengths": lengths}


def _text(count: int, random: np.random.Generator) -> str:
    """Write words, some with a capital, a mark or an odd space, joined as people do."""
    made: list[Any] = []
    for _ in range(count):
        word = "".join(random.choice(_SYLLABLES, size=random.integers(1, 4)))
        word = str(random.choice([word, "été", *random.choice(_COMMON, size=3)]))
        word = str(random.choice([word, word, word.capitalize(), word.upper()]))
        made.append(word + str(random.choice(["", "", "", ",", ".", "!", "\n"])))
    return str(random.choice([" ", " ", "  ", "\t"])).join(made)


def _bytes(batch: int, size: int, random: np.random.Generator) -> dict[str, Array]:
    rows = []
    for length in _lengths(0, size, batch, random):
        text = _text(int(size), random).encode()[: int(length)]
        rows.append(text.decode(errors="ignore"))
    padded, lengths = words.to_bytes(rows)
    full = np.zeros((batch, size), dtype=np.uint8)
    full[:, : min(size, padded.shape[1])] = padded[:, :size]
    return {"bytes": full, "byte_count": np.minimum(lengths, size)}
