"""What a classifier is held against, where there is little to go by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lstm_onnx_classification.baselines import baselines
from lstm_onnx_classification.options import Config

from tests.classification.test_data import load, texts


def test_of_texts_that_share_no_word_the_linear_model_knows_how_frequent_classes_are(tmp_path: Path) -> None:
    """As where nothing parts words, in Chinese: each text is a word of its own."""
    learnt = load(texts(tmp_path, {"a": 90, "b": 45}), Config()).info
    known = {"text": [f"w{number}" for number in range(135)], "label": ["a"] * 90 + ["b"] * 45}
    answer = baselines(learnt, known, known)["TF-IDF + logistic regression"]
    assert callable(answer)
    found = answer({"text": np.array(["w1", "other"], dtype=object)})["probabilities"]
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3]] * 2)
