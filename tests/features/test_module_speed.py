"""What a model on features does for every batch must not do again what was done once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lstm_onnx.features.module import FeatureModel
from lstm_onnx.plugin import Category, Learnt, Text


class Mean(nn.Module):
    """Scores of the mean vector of the words."""

    def __init__(self, learnt: Learnt) -> None:
        super().__init__()
        self.words = nn.Embedding(learnt.inputs[0].size, 2)

    def forward(self, text: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        return {"label": self.words(text).mean(dim=1)}


def test_the_tables_of_words_are_not_made_anew_for_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["good film", "bad film"] * 3
    given = Text(name="text", as_bytes=True).fit(said)
    learnt = Learnt(inputs=(given,), outputs=(Category(name="label").fit(["a", "b"] * 3),))
    model = FeatureModel(Mean(learnt), learnt, streams=False)
    batch = given.collate(given.prepare(said)) | learnt.outputs[0].collate_truth([0, 1] * 3)

    def again(*_: object) -> None:
        raise AssertionError("the stage of a text was made anew for a batch")

    monkeypatch.setattr(Text, "stage", again)
    loss = model.loss({name: torch.from_numpy(array) for name, array in batch.items()})
    assert torch.isfinite(loss)
