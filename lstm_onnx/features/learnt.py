"""The features of a model after the training part was seen: what a run folder keeps of the data."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lstm_onnx.contract import Table
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.audio import Audio
from lstm_onnx.features.category import Category
from lstm_onnx.features.image import Image
from lstm_onnx.features.inside import Inside
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.labels import Labels
from lstm_onnx.features.number import Number
from lstm_onnx.features.option import Option
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.series import Series
from lstm_onnx.features.steps import Steps
from lstm_onnx.features.tags import Tags
from lstm_onnx.features.text import Text
from lstm_onnx.features.transcript import Transcript

AnyInput = Annotated[
    Rows | Series | Text | Number | Category | Image | Audio | Option | Labels, Field(discriminator="kind")
]
AnyOutput = Annotated[
    Number | Category | LabelSet | Tags | Steps | Sentence | Transcript | Ahead | Inside, Field(discriminator="kind")
]


class Learnt(BaseModel):
    """The features, fitted; one is found by its name: `learnt["total"]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: tuple[AnyInput, ...]
    outputs: tuple[AnyOutput, ...]
    table: Table | None = None

    def __getitem__(self, name: str) -> AnyInput | AnyOutput:
        """Return a feature by its name."""
        for feature in (*self.inputs, *self.outputs):
            if feature.name == name:
                return feature
        raise KeyError(f"there is no feature '{name}'; there is: {', '.join(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all features."""
        return tuple(f.name for f in (*self.inputs, *self.outputs))
