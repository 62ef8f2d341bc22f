"""Pieces of bytes: any text is cut and put together again, in Python as in the graphs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from lstm_onnx.contract import Array, TensorSpec
from lstm_onnx.features import pieces
from lstm_onnx.features.piece_graphs import piece_stage
from lstm_onnx.features.sentence_graph import SPECIAL
from lstm_onnx.features.utf8_graph import utf8_stage
from lstm_onnx.features.words import FIRST, to_bytes
from lstm_onnx.task import Stage

TEXTS = ["low lower lowest", "newer wider", "naïve Größe", "low, lower: 漢字 漢字", "😀 low"] * 3
STRANGE = ["", "l", "Größe 漢字漢 😀😀", "\x00\n\t ", "lowestlowestlowest", "ελληνικά"]


@pytest.fixture(scope="module", params=[pieces.BYTES, 300])
def known(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return pieces.known_pieces(TEXTS, request.param, 1)


def run(stage: Stage, arrays: dict[str, Array]) -> dict[str, Array]:
    opsets = [helper.make_opsetid("", stage.opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(stage.build(), opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [t.name for t in stage.outputs]
    return dict(zip(names, session.run(names, arrays), strict=True))


def test_merges_find_what_is_frequent() -> None:
    known = pieces.known_pieces(TEXTS, 400, 1)
    assert known[: pieces.BYTES] == pieces.SINGLE
    assert {"漢", "ï", "low", " low", " 漢字"} <= set(known) and len(set(known)) == len(known)
    assert max(map(len, pieces.contents(known))) <= pieces.LONGEST
    assert pieces.known_pieces(TEXTS, 10, 1) == pieces.SINGLE
    assert len(pieces.known_pieces(TEXTS, 270, 1)) == 270


def test_a_text_is_cut_into_the_longest_pieces_and_put_together(known: tuple[str, ...]) -> None:
    numbers, contents = pieces.numbered(known), pieces.contents(known)
    for text in TEXTS + STRANGE:
        found = pieces.cut(text.encode(), numbers) - FIRST
        assert b"".join(contents[k] for k in found) == text.encode()
    assert len(pieces.cut(b" lower low", numbers)) < 7 or len(known) == pieces.BYTES


def test_the_graph_cuts_as_python_does(known: tuple[str, ...]) -> None:
    stage, random = piece_stage(known, "text", 5), np.random.default_rng(0)
    padded, count = to_bytes(TEXTS[:5] + STRANGE)
    noise = random.integers(0, 256, (4, 40)).astype(np.uint8)
    cases = [(padded, count), (noise, np.array([40, 0, 7, 39])), (padded[:1] * 0, np.array([0])), (padded, count // 2)]
    for data, lengths in cases:
        arrays = {"bytes": data, "byte_count": lengths}
        ours, theirs = run(stage, arrays), stage.reference(arrays)
        assert ours["lengths"].tolist() == theirs["lengths"].tolist()
        np.testing.assert_array_equal(ours["tokens"], theirs["tokens"])


def test_the_graph_writes_as_python_does(known: tuple[str, ...]) -> None:
    """Whole texts, texts that are cut in the midst of a character, and bytes that are no text."""
    count, random = 60, np.random.default_rng(1)
    tokens = TensorSpec(name="t", dtype="int64", dims=("batch", "word"), meaning="numbers")
    written = TensorSpec(name="s", dtype="string", dims=("batch",), meaning="text")
    stage = utf8_stage(tokens, count, written, known, pieces.blocks(TEXTS))
    numbers, shift = pieces.numbered(known), len(SPECIAL) - FIRST
    texts = [t for t in TEXTS[:5] + STRANGE if "ε" not in t]
    rows = [pieces.cut(t.encode(), numbers) + shift for t in texts]
    rows += [row[:k] for row in rows for k in (4, 5, 6, 7)]
    bad = ["80", "c3", "c328", "e282", "e28241", "f0", "f09f98", "c0af", "eda080", "f4908080", "ff", "c3c3a9", "ceb1"]
    rows += [np.frombuffer(bytes.fromhex(b), np.uint8).astype(np.int64) + len(SPECIAL) for b in bad]
    rows += [random.integers(0, len(known) + len(SPECIAL), count) for _ in range(30)]
    rows += [np.resize(random.integers(0x7E, 0x100, 9), count) + len(SPECIAL) for _ in range(30)]
    filled = np.zeros((len(rows), count), np.int64)
    for place, row in zip(filled, rows, strict=True):
        place[: len(row)] = row[:count]
    ours, theirs = run(stage, {"t": filled})["s"].tolist(), stage.reference({"t": filled})["s"].tolist()
    assert ours == theirs
    assert ours[: len(texts)] == texts
    strange = ours[len(texts) * 5 :][: len(bad)]
    assert strange == ["�", "", "�(", "", "��A", "", "", "�", "�", "�", "�", "�é", "�"]
