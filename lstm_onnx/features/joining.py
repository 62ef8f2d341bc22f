"""How several models on the same features answer as one: each output in the way of its kind.

A text is found by all of them together: what they say is averaged at each step of one search (`joint_search`) or, of
letters along a sound, their probabilities at each step of it. What stands beside a text, such as where a model looked,
comes from that one search, and is averaged like numbers are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from lstm_onnx.contract import Array
from lstm_onnx.data.joining import EachAnswer
from lstm_onnx.errors import UserError
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.transcript import Transcript

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lstm_onnx.features.module import Answering, Asked, FeatureModel


@runtime_checkable
class Joins(Protocol):
    """A decoder that makes one answer of several."""

    def join(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the outputs of the torch part that several models answer together."""
        ...


@dataclass(frozen=True)
class FeatureJoining:
    """Asks several models on features, and joins what they answer.

    Attributes:
        model: the first of them.
    """

    model: FeatureModel

    def unlike(self, one: nn.Module, other: nn.Module) -> str | None:
        """Say why two torch parts cannot find a text together; None where they can, or find none."""
        texts = [f for f in self.model.learnt.outputs if isinstance(f, Sentence)]
        if not texts:
            return None
        from lstm_onnx.nn.joint_search import is_pending

        a, b = _asked(one), _asked(other)
        if is_pending(a) and is_pending(b) and type(a) is type(b):
            for name, setting in a.settings.items():
                if b.settings[name] != setting:
                    return f"it searches with a {name} of {b.settings[name]}, and not {setting}; give both the same"
            return None
        for feature in texts:
            if is_pending(a) or is_pending(b) or not all(_is_scores(_answers(f)[feature.name]) for f in (a, b)):
                return (
                    f"'{feature.name}' is a text that each finds by a search of its own (authors of plugins: let "
                    "forward return a lstm_onnx.nn.joint_search.Search); export the best of them"
                )
            if isinstance(feature, Transcript):
                its = cast("Answering", other).model.learnt[feature.name]
                if isinstance(its, Transcript) and its.beams != feature.beams:
                    return f"it searches with {its.beams} beams, and not {feature.beams}; give both the same"
        return None

    def ask(self, models: Sequence[nn.Module], given: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Tensor]]:
        """Return what each answers, states among it; texts, which all have alike, of the first alone."""
        members = cast("Sequence[Answering]", models)
        begun = [m.model.begin(tensors, m.state_in(tensors)) for m, tensors in zip(members, given, strict=True)]
        found = found_together(self.model, [b.found for b in begun])
        asked = [m.model.finish(b, f) for m, b, f in zip(members, begun, found, strict=True)]
        each = zip(members, asked, strict=True)
        return [m.state_out(a) | self._decoded(m.model, a, is_first=k == 0) for k, (m, a) in enumerate(each)]

    def _decoded(self, model: FeatureModel, asked: Asked, is_first: bool) -> dict[str, Tensor]:
        made: dict[str, Tensor] = {}
        for k, feature in enumerate(self.model.learnt.outputs):
            if is_first or not isinstance(feature, Sentence):
                made |= model.decode_one(k, asked)
        return made

    def __call__(self, said: EachAnswer) -> dict[str, Tensor]:
        """Return the one answer of all."""
        made: dict[str, Tensor] = {}
        for feature, decoder in zip(self.model.learnt.outputs, self.model.decoders, strict=True):
            if isinstance(feature, Sentence):
                own = feature.streamed() if isinstance(feature, Transcript) else feature
                names = {t.name for f in (feature, own) for t in f.answers()}
                made |= {name: tensor for name, tensor in said[0].items() if name in names}
            else:
                made |= cast(Joins, decoder).join(said)
        return made


def joining_of(task: str, model: FeatureModel) -> FeatureJoining:
    """Return what joins the outputs of several models like this one.

    Raises:
        UserError: an output of this kind cannot be joined; says why.
    """
    for feature, decoder in zip(model.learnt.outputs, model.decoders, strict=True):
        if isinstance(feature, Sentence):
            continue
        whole = [t.name for t in feature.answers() if t.dtype in ("int64", "bool")]
        if not isinstance(decoder, Joins) or (feature.kind == "steps" and whole):
            raise UserError(
                f"several runs of '{task}' cannot answer as one: '{feature.name}' is a choice that the task makes by "
                "itself (Task.joining); export the best of them"
            )
    return FeatureJoining(model)


def found_together(model: FeatureModel, found: Sequence[Any]) -> list[Any]:
    """Return what the `forward` of each model would return, if it had found its texts with the others.

    Args:
        model: one of them.
        found: what the `forward` of each returned; alike, see `FeatureJoining.unlike`.
    """
    from lstm_onnx.nn.joint_search import is_pending, settled_together

    if is_pending(found[0]):
        return settled_together(found)
    for feature in model.learnt.outputs:
        if isinstance(feature, Sentence):
            found = _scored_together(feature.name, found)
    return list(found)


def _scored_together(name: str, found: Sequence[Any]) -> list[Any]:
    """Put the logarithms of the mean probabilities of all into what each returned, in place of its own scores."""
    import torch

    from lstm_onnx.nn.joint_search import log_mean

    answers = [_answers(f) for f in found]
    joint = log_mean([torch.log_softmax(a[name], dim=2) for a in answers])
    said = [{**a, name: joint} for a in answers]
    return [(s, *f[1:]) if isinstance(f, tuple) else s for s, f in zip(said, found, strict=True)]


def _answers(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found


def _asked(module: nn.Module) -> Any:
    """Return what the author's `forward` of a torch part says of two samples."""
    import numpy as np
    import torch

    model = cast("Answering", module).model
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    random = np.random.default_rng(0)
    made: dict[str, Array] = {}
    for feature in model.learnt.inputs:
        made |= feature.sample({"batch": 2}, random)
    names = [t.name for f in model.learnt.inputs for t in f.inner()]
    was_training = module.training
    module.eval()
    with torch.no_grad():
        tensors = {n: torch.from_numpy(np.ascontiguousarray(made[n])).to(device) for n in names}
        found = model.begin(tensors).found
    module.train(was_training)
    return found


def _is_scores(answer: Any) -> bool:
    """Whether it is scores (batch, step, word)."""
    from torch import Tensor

    return isinstance(answer, Tensor) and answer.dim() == 3
