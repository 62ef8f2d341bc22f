"""A text that goes along a sequence, whose letters nobody aligned with its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from lstm_onnx.contract import Axis, TensorSpec
from lstm_onnx.features.feature import InputFeature, found_along
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.task import Stage

if TYPE_CHECKING:
    from torch import Tensor, nn


class Transcript(Sentence):
    """What is said along the input `along`, such as a sound: CTC (Graves and others 2006).

    A row of its column is a text. `forward` answers with `NAME` (batch, step, width), a score of each letter (or,
    without `characters`, word) at each step, number 0 for none. The graph gives the text: of the likeliest path, or
    with `beams` by prefix beam search, which adds up all paths of a text; and the letter that begins at each step as
    `NAME_number`, which alone is what a stream gives. The loss is that of CTC: texts of more letters than steps are
    not learnt from.
    """

    kind: Literal["transcript"] = "transcript"  # type: ignore[assignment]  # a sentence, but for how it is found
    along: str = Field(description="the input whose steps are read")
    beams: int = Field(1, ge=1, description="texts that a search keeps; 1 takes the likeliest path, without one")
    characters: bool = Field(True, description="whether characters are put together, not words")
    longest: int = Field(80, ge=1, description="letters of an answer at most; longer ones are cut")
    axis: str = Field("", description="axis of the steps: set by the task")
    count: str = Field("", description="tensor that says how many steps count: set by the task")
    in_pieces: bool = Field(False, description="whether it is answered piece by piece: set by the task")

    @property
    def taught(self) -> None:
        """Nothing."""
        return None

    @property
    def number(self) -> str:
        """Name of the letters that begin at each step."""
        return f"{self.name}_number"

    def bound(self, inputs: Sequence[InputFeature]) -> Self:
        """Return a copy that knows the steps of the input that it runs along."""
        known = {f.name: f for f in inputs if f.steps is not None and f.lengths}
        feature = found_along("outputs", self, self.along, known, "which is no sequence that goes in")
        return self.model_copy(update={"axis": feature.steps, "count": feature.lengths, "scored": self.beams > 1})

    def streamed(self) -> Self:
        """Return a copy that answers piece by piece."""
        return self.model_copy(update={"in_pieces": True, "scored": False})

    def answers(self) -> tuple[TensorSpec, ...]:
        """Describe the string, its letters by number, and those of each step."""
        letters = TensorSpec(
            name=self.number,
            dtype="int64",
            dims=("batch", self.axis),
            meaning="letter that begins at a step; 0 for none",
            labels=self._vocabulary,
            count=self.count,
            internal=not self.in_pieces,
        )
        if self.in_pieces:
            return (letters,)
        # of a search there is one log-probability for all paths of a text, and none for each letter
        found = [t for t in super().answers() if t.name != f"{self.name}_log_probabilities"]
        return (*found, letters)

    def axes(self) -> dict[str, Axis]:
        """Describe the letters of an answer."""
        return {} if self.in_pieces else super().axes()

    def after(self) -> Stage | None:  # type: ignore[override]  # of a piece there is no string
        """Return what makes a string of numbers."""
        return None if self.in_pieces else super().after()

    def decoder(self) -> nn.Module:
        """Return what makes texts of scores."""
        from lstm_onnx.features.hearing import Heard

        return Heard(self.name, self.longest, self.beams)

    def loss(self, answer: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of CTC of a letter."""
        from lstm_onnx.features.hearing import ctc_loss

        return ctc_loss(answer, batch[self.count], batch[self.tokens], batch[self.counts] - 1)
