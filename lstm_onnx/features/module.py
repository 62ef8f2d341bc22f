"""The torch part of a model on features: an author's module between the encoders and decoders of its features."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from lstm_onnx.errors import UserError
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.audio_coding import LogMel
from lstm_onnx.features.feature import InputFeature
from lstm_onnx.features.hearing import Heard
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.series import Series
from lstm_onnx.features.series_coding import SeriesEncoder
from lstm_onnx.features.transcript import Transcript
from lstm_onnx.nn.joint_search import Searcher, is_pending

OWN = ""
"""Key of the author's own state beside what encoders remember; empty, so that its parts keep their names."""


READY = "ready: "
"""What begins the names of tensors that were made ready to learn from."""


@runtime_checkable
class Learns(Protocol):
    """An author's module that parts its loss: what has no weight in it is computed for many batches at once."""

    def ready(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return tensors with a row for each example, from a batch and what `forward` sees of it."""
        ...

    def learn(self, ready: Mapping[str, Tensor]) -> Tensor:
        """Return the loss of a batch, a tensor of one number, from what `ready` returned."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """An author's module of which something has no weight in it: computed for many batches at once, ahead of them."""

    @property
    def prepares(self) -> bool:
        """Whether there is something."""
        ...

    def prepared(self, seen: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return what `forward` gets beside what it sees, a row for each example; without it, it computes that."""
        ...


@runtime_checkable
class Solves(Protocol):
    """An author's module of which some weights are solved for, before others are learnt by steps."""

    def solve_first(self, batches: Iterator[dict[str, Any]]) -> None:
        """Set them, from batches of the training part, each with what `forward` sees of it."""
        ...


@runtime_checkable
class LeavesOut(Protocol):
    """An author's module that knows what it would answer to examples, had it not learnt from them."""

    @property
    def leaves_out(self) -> bool:
        """Whether it does."""
        ...

    def left_out(self, seen: Iterator[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return answers to examples as they would be without each of them, by output, a row for each.

        Args:
            seen: batches that were learnt from, in random order, with what `forward` sees of them and what is right. It
                may stop before their end.
        """
        ...


class Asked(NamedTuple):
    """What a model was shown and said.

    Attributes:
        seen: what the author's `forward` got, by name.
        answers: what it answered, by output.
        state: as it is after that.
        before: what decoders remember of the piece before, by output; empty where there is none.
    """

    seen: dict[str, Any]
    answers: dict[str, Tensor]
    state: Any
    before: Mapping[str, Tensor]


class Begun(NamedTuple):
    """What a model was shown and said, where a search may still be to be made.

    Attributes:
        seen: what the author's `forward` got, by name.
        found: what it returned: answers, perhaps with a state, or a `Search` or `Sampling`.
        memory: what encoders, decoders and the author's module remembered of the piece before.
        after: what encoders remember of this one.
    """

    seen: dict[str, Any]
    found: Any
    memory: Mapping[str, Any]
    after: dict[str, Any]


class FeatureModel(nn.Module):
    """An author's module, what stands before and after it, and its loss.

    Args:
        network: the author's module: `forward(**tensors)` gives a dict with a tensor for each output; with `streams`,
            `forward(**tensors, state)` gives that and the state after it. In place of what is found step by step it may
            give a `Search` or a `Sampling` (`lstm_onnx.nn.joint_search`), so that several models can make it together.
        learnt: the features.
        streams: whether `network` takes and gives a state.
    """

    def __init__(self, network: nn.Module, learnt: Learnt, streams: bool) -> None:
        super().__init__()
        self.network, self.learnt, self.streams = network, learnt, streams
        self.encoders = nn.ModuleList(f.encoder() for f in learnt.inputs)
        self.decoders = nn.ModuleList(f.decoder() for f in learnt.outputs)
        self.search = Searcher()
        # once: what a feature says of its tensors may cost it, as the table of a text's words does
        self.taken = [tuple(t.name for t in f.inner()) for f in learnt.inputs]
        asked = inspect.signature(network.forward).parameters
        self.taught = {f.name: f.taught for f in learnt.outputs if f.taught is not None and f.name in asked}

    def ask(
        self, tensors: Mapping[str, Tensor], state: Any = None, to_learn: bool = False
    ) -> tuple[dict[str, Tensor], Any]:
        """Return what the author's `forward` answers, by output, and its state.

        Args:
            tensors: of the torch part, by name, perhaps more than that; lengths may be missing in a stream.
            state: as `forward` gave it, or None at the start.
            to_learn: whether `tensors` are a whole batch, of which `forward` may see what is right.
        """
        asked = self.run(tensors, state, to_learn)
        return asked.answers, asked.state

    def run(self, tensors: Mapping[str, Tensor], state: Any = None, to_learn: bool = False) -> Asked:
        """Do what `ask` does, and also return what `forward` saw: tensors, or more of them under one name."""
        begun = self.begin(tensors, state, to_learn)
        return self.finish(begun, self.search(begun.found) if is_pending(begun.found) else begun.found)

    def begin(self, tensors: Mapping[str, Tensor], state: Any = None, to_learn: bool = False) -> Begun:
        """Ask `forward`, and leave a search that it leaves."""
        seen: dict[str, Any] = {name: tensors[n] if to_learn else None for name, n in self.taught.items()}
        seen |= {name.removeprefix(READY): t for name, t in tensors.items() if name.startswith(READY)}
        memory = state if self.streams and isinstance(state, dict) and OWN in state else {OWN: state}
        after: dict[str, Any] = {}
        found: Any
        for feature, encoder, names in zip(self.learnt.inputs, self.encoders, self.taken, strict=True):
            given = {name: tensors[name] for name in names if name in tensors}
            if self.streams and isinstance(encoder, LogMel):
                found, after[encoder.memory] = encoder.go_on(given, memory.get(encoder.memory))
            else:
                found = encoder(**given)
            if self.streams and isinstance(encoder, SeriesEncoder):
                found[feature.name], after["known"] = encoder.remember(found[feature.name], memory.get("known"))
            elif not isinstance(encoder, SeriesEncoder):
                seen |= {name: None for name in names if name not in tensors}
            seen |= found
        found = self.network(**seen, state=memory[OWN]) if self.streams else self.network(**seen)
        return Begun(seen, found, memory, after)

    def finish(self, begun: Begun, found: Any) -> Asked:
        """Return what was said, where `found` is what `forward` gave, or would have if it had searched by itself."""
        seen, memory, after = begun.seen, begun.memory, dict(begun.after)
        own = memory[OWN]
        if self.streams:
            if not isinstance(found, tuple) or len(found) != 2:
                raise UserError(
                    f"module.forward: returned {_told(found)}; with `streams` it must return (answers, state), a "
                    f"dict of tensors and the state"
                )
            found, own = found
        answers = self._checked(found)
        said = {f"{f.name}_said": f.name for f in self.learnt.outputs if isinstance(f, Transcript)}
        before = {output: memory[part] for part, output in said.items() if part in memory}
        if self.streams:
            after |= {part: Heard.last(answers[output]) for part, output in said.items()}
        return Asked(seen, answers, {OWN: own, **after} if after else own, before)

    def _checked(self, found: Any) -> dict[str, Tensor]:
        names = [f.name for f in self.learnt.outputs]
        if not isinstance(found, dict):
            raise UserError(f"module.forward: returned {_told(found)}; it must return a dict with {', '.join(names)}")
        if set(found) != set(names):
            raise UserError(
                f"module.forward: returned a dict with {', '.join(map(str, found)) or 'nothing'}; the outputs are "
                f"{', '.join(names)}"
            )
        return found

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the author's `learn(ready)` or `loss(answers, batch)`, or the sum of what the outputs' kinds say."""
        if isinstance(self.network, Learns):
            ready = {name.removeprefix(READY): t for name, t in batch.items() if name.startswith(READY)}
            return self.network.learn(ready or self.network.ready(self.shown(batch)))
        seen, answers = self.run(batch, to_learn=True)[:2]
        # trained in bf16, a module answers in it, and a loss of two digits would teach little
        answers = {
            n: a.float() if isinstance(a, Tensor) and a.dtype == torch.bfloat16 else a for n, a in answers.items()
        }
        batch = {**batch, **{f.name: seen[f.name] for f in self.learnt.inputs if isinstance(f, Series)}}
        own = getattr(self.network, "loss", None)
        if own is not None:
            found = own(answers, batch)
            if not isinstance(found, Tensor) or found.dim():
                raise UserError(f"module.loss: returned {_told(found)}; it must return a tensor of one number")
            return found
        losses = [f.loss(answers[f.name], batch) for f in self.learnt.outputs]
        return torch.stack(losses).sum()

    @property
    def makes_ready(self) -> bool:
        """Whether the author parts the loss, or has something to prepare for it."""
        return isinstance(self.network, Learns) or (isinstance(self.network, Prepares) and self.network.prepares)

    @property
    def keeps_batch(self) -> bool:
        """Whether the loss takes what was prepared beside the batch."""
        return not isinstance(self.network, Learns)

    def ready(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what of the loss of batches has no weight in it.

        Args:
            batch: tensors with a row for each example, of one batch or of several.
        """
        prepare = self.network.ready if isinstance(self.network, Learns) else cast(Prepares, self.network).prepared
        with torch.no_grad():
            return {READY + name: tensor for name, tensor in prepare(self.shown(batch)).items()}

    def shown(self, batch: Mapping[str, Tensor]) -> dict[str, Any]:
        """Add to a batch what the author's `forward` would see of it at the start of a stream."""
        shown: dict[str, Any] = dict(batch)
        for encoder, names in zip(self.encoders, self.taken, strict=True):
            shown |= encoder(**{name: batch[name] for name in names if name in batch})
        return shown

    def decode(self, asked: Asked) -> dict[str, Tensor]:
        """Return the outputs of the torch part."""
        made: dict[str, Tensor] = {}
        for k in range(len(self.decoders)):
            made |= self.decode_one(k, asked)
        return made

    def decode_one(self, k: int, asked: Asked) -> dict[str, Tensor]:
        """Return those of the feature number `k` that comes out."""
        feature, decoder = self.learnt.outputs[k], self.decoders[k]
        answer, made = asked.answers[feature.name], cast(Callable[..., "dict[str, Tensor]"], decoder)
        if isinstance(feature, Transcript):
            return made(answer, asked.seen[feature.count], asked.before.get(feature.name))
        return made(answer, asked.seen[feature.along]) if isinstance(feature, Ahead) else made(answer)


@runtime_checkable
class Adjusts(Protocol):
    """A decoder that validation data may adjust, in place."""

    @property
    def adjusts(self) -> bool:
        """Whether it is to be."""
        ...

    def observe(self, answer: Tensor, batch: Mapping[str, Tensor], seen: Any) -> tuple[Tensor, ...]:
        """Return what a batch tells: tensors with a row for each example."""
        ...

    def adjust(self, *told: Tensor) -> None:
        """Take in what all batches tell, one behind the other."""
        ...


def solve_first(model: FeatureModel, batches: Iterator[Mapping[str, Tensor]]) -> None:
    """Let the author's module solve for weights, if it does."""
    if isinstance(model.network, Solves):
        with torch.no_grad():
            model.network.solve_first(model.shown(batch) for batch in batches)


def calibrate(model: FeatureModel, validation: Iterator[Mapping[str, Tensor]]) -> None:
    """Adjust what is answered, such as temperatures and quantiles, on batches that were not learnt from."""
    _adjust(model, (((asked := model.run(batch)).answers, asked.seen, batch) for batch in validation))


def calibrate_left_out(model: FeatureModel, learnt_from: Iterator[Mapping[str, Tensor]]) -> None:
    """Adjust what is answered on batches that were learnt from, if the author's module can leave them out."""
    network = model.network
    if not isinstance(network, LeavesOut) or not network.leaves_out or not _adjusted(model):
        return
    batches: list[Mapping[str, Tensor]] = []

    def seen() -> Iterator[dict[str, Any]]:
        for batch in learnt_from:
            batches.append(batch)
            yield model.shown(batch)

    answers = network.left_out(seen())
    sizes = [len(next(iter(batch.values()))) for batch in batches]
    pieces = {name: torch.split(answer, sizes) for name, answer in answers.items()}
    _adjust(model, (({name: parts[k] for name, parts in pieces.items()}, {}, b) for k, b in enumerate(batches)))


def _adjusted(model: FeatureModel) -> list[int]:
    return [k for k, d in enumerate(model.decoders) if isinstance(d, Adjusts) and d.adjusts]


def _adjust(
    model: FeatureModel, told: Iterator[tuple[Mapping[str, Tensor], Mapping[str, Any], Mapping[str, Tensor]]]
) -> None:
    """Show decoders the answers to batches, with what the author's `forward` saw of each, and what is right.

    No answer is asked for where no decoder adjusts.
    """
    places = _adjusted(model)
    if not places:
        return
    columns: dict[int, list[tuple[Tensor, ...]]] = {k: [] for k in places}
    for answers, seen, batch in told:
        for k in places:
            feature, decoder = model.learnt.outputs[k], model.decoders[k]
            if feature.name in answers:
                along = seen.get(feature.along) if isinstance(feature, Ahead) else None
                columns[k].append(cast(Adjusts, decoder).observe(answers[feature.name], batch, along))
    for k in places:
        if columns[k]:
            cast(Adjusts, model.decoders[k]).adjust(*(torch.cat(column) for column in zip(*columns[k], strict=True)))


class Answering(nn.Module):
    """What is exported: takes the tensors of the torch part by name and returns a tuple in the order of the outputs.

    The exporter reads names of tensors from the parameters of `forward`, so its class is made for them by `answering`.
    """

    def __init__(self, model: FeatureModel, outputs: Sequence[str], states: Sequence[str], template: Any) -> None:
        super().__init__()
        self.model, self.outputs, self.states, self.template = model, tuple(outputs), tuple(states), template

    @property
    def features(self) -> tuple[InputFeature, ...]:
        """What goes in."""
        return self.model.learnt.inputs

    def answer(self, tensors: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the outputs in their order."""
        asked = self.model.run(tensors, self.state_in(tensors))
        made = self.model.decode(asked) | self.state_out(asked)
        return tuple(made[name] for name in self.outputs)

    def state_in(self, tensors: Mapping[str, Tensor]) -> Any:
        """Put the state together that came in; None where there is none."""
        return rebuilt(self.template, iter([tensors[name] for name in self.states])) if self.states else None

    def state_out(self, asked: Asked) -> dict[str, Tensor]:
        """Take the state apart that goes out."""
        return {f"{name}_out": tensor for name, tensor in flattened(asked.state)} if self.states else {}


def answering(
    model: FeatureModel,
    inputs: Sequence[str],
    outputs: Sequence[str],
    states: Sequence[str] = (),
    template: Any = None,
) -> Answering:
    """Return a module with `forward(INPUTS)`, which returns `outputs` in their order.

    Args:
        model: that answers.
        inputs: names of the tensors that it takes, states among them.
        outputs: names of what it returns, in that order.
        states: those of `inputs` that are states, in the order of `flattened`.
        template: a state, whose structure is that of all.
    """

    def forward(self: Answering, *args: Tensor, **kwargs: Tensor) -> tuple[Tensor, ...]:
        return self.answer({**dict(zip(inputs, args, strict=False)), **kwargs})

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *inputs)]
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    kind: Callable[..., Answering] = type("Answering", (Answering,), {"forward": forward})
    return kind(model, outputs, states, template)


def flattened(state: Any, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Return the tensors of a state with names: of a pair `hidden` and `cell`, of a dict its keys, else `state0`, ….

    Raises:
        UserError: something in it is no tensor.
    """
    if isinstance(state, Tensor):
        return [(prefix or "state", state)]
    if isinstance(state, dict):
        parts = {str(k): v for k, v in state.items()}
    elif isinstance(state, tuple | list):
        names: tuple[str, ...] = (
            ("hidden", "cell") if len(state) == 2 else tuple(f"state{k}" for k in range(len(state)))
        )
        parts = dict(zip(names, state, strict=True))
    else:
        raise UserError(
            f"module.forward: the state has {_told(state)} in it; it may be a tensor, or a tuple or dict of tensors"
        )
    before = f"{prefix}_" if prefix else ""
    return [pair for name, part in parts.items() for pair in flattened(part, before + name)]


def rebuilt(template: Any, tensors: Iterator[Tensor]) -> Any:
    """Put tensors into the structure of a state."""
    if isinstance(template, Tensor):
        return next(tensors)
    if isinstance(template, dict):
        return {k: rebuilt(v, tensors) for k, v in template.items()}
    return tuple(rebuilt(v, tensors) for v in template)


def _told(found: Any) -> str:
    if isinstance(found, Tensor):
        return f"a tensor of the shape {tuple(found.shape)}"
    return f"a {type(found).__name__}"
