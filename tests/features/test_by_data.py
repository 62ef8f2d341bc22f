"""A task whose data says what goes in, that learns more than its features, and brings a baseline that looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Examples, FeatureTask, Learnt, Number, PrimaryMetric
from lstm_onnx.task import Answer


class Options(BaseModel):
    """The name of the number that goes in: the data decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given: str = ""


class More(Learnt):
    """Features, and the largest number that was seen."""

    largest: float = 0.0


class Doubling(FeatureTask[Options]):
    """Twice a number."""

    name = "doubling"
    summary = "twice a number"
    primary_metric = PrimaryMetric("rmse", mode="min")
    Config = Options
    Info = More

    def read(self, source: Path | None, options: Options, random: np.random.Generator) -> Examples:
        """Draw numbers, called as the data calls them."""
        drawn = [float(v) for v in random.uniform(0, 10, size=40)]
        return Examples(
            columns={"length": drawn, "double": [2 * v for v in drawn]},
            inputs=[Number(name="length")],
            outputs=[Number(name="double")],
            options=Options(given="length"),
        )

    def learn(self, fitted: Learnt, known: Mapping[str, Sequence[Any]], options: Options) -> More:
        """Remember the largest."""
        return More(**dict(fitted), largest=max(known[options.given]))

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: Options,
    ) -> Mapping[str, Answer | str]:
        """Always the middle of what was seen."""
        middle = float(np.median(known["double"]))
        return {"median": lambda batch: {"double": np.full(len(batch["length"]), middle, dtype=np.float32)}}

    def module(self, options: Options, features: Learnt) -> nn.Module:
        """A line."""

        class Line(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.line = nn.Linear(1, 1)

            def forward(self, length: Tensor) -> dict[str, Tensor]:
                return {"double": self.line(length.unsqueeze(-1)).squeeze(-1)}

        return Line()


def test_data_says_what_goes_in_and_what_else_is_learnt() -> None:
    data = Doubling().load_data(None, Options(), seed=0)
    assert isinstance(data.info, More)
    assert data.info.names == ("length", "double")
    assert 9 < data.info.largest <= 10
    assert data.config == Options(given="length")
    assert More.model_validate_json(data.info.model_dump_json()) == data.info
    batch = next(data.test.batches(5))
    assert data.baselines["median"](batch)["double"].shape == (5,)


def test_a_task_that_says_its_features_nowhere_is_told() -> None:
    class Mute(Doubling):
        """Says nothing."""

        def read(self, source: Path | None, options: Options, random: np.random.Generator) -> Examples:
            """Name no feature."""
            return Examples(columns={"length": [1.0], "double": [2.0]})

    with pytest.raises(UserError, match="inputs: returned no feature"):
        Mute().load_data(None, Options(), seed=0)
