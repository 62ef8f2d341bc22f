"""How several models on the same features answer as one: each output in the way of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from lstm_onnx.data.joining import EachAnswer, Joining
from lstm_onnx.errors import UserError
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.transcript import Transcript

if TYPE_CHECKING:
    from torch import Tensor

    from lstm_onnx.features.module import FeatureModel


@runtime_checkable
class Joins(Protocol):
    """A decoder that makes one answer of several."""

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the outputs of the torch part that several models answer together."""
        ...


def joining_of(task: str, model: FeatureModel) -> Joining:
    """Return what joins the outputs of several models like this one.

    Raises:
        UserError: an output of this kind cannot be joined; says why.
    """
    decoders = []
    for feature, decoder in zip(model.learnt.outputs, model.decoders, strict=True):
        whole = [t.name for t in feature.answers() if t.dtype in ("int64", "bool")]
        cannot = f"several runs of '{task}' cannot answer as one: '{feature.name}' is "
        if isinstance(feature, Sentence | Transcript):
            raise UserError(f"{cannot}a text, which each model finds by a search of its own; export the best of them")
        if not isinstance(decoder, Joins) or (feature.kind == "steps" and whole):
            raise UserError(f"{cannot}a choice that the task makes by itself (Task.joining); export the best of them")
        decoders.append(cast(Joins, decoder))

    def join(said: EachAnswer) -> dict[str, Tensor]:
        made: dict[str, Tensor] = {}
        for decoder in decoders:
            made |= decoder.join(said)
        return made

    return join
