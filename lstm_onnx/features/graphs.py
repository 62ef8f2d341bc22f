"""The graphs of a model on features: the whole one, and the one that is fed in pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array, Axis, StateSpec, Stream, TensorSpec, Tolerance
from lstm_onnx.errors import UserError
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.feature import BATCH, InputFeature
from lstm_onnx.features.image import Image
from lstm_onnx.features.inside import Inside
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.number import Number
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.series import Series
from lstm_onnx.features.stages import side_by_side
from lstm_onnx.features.steps import Steps
from lstm_onnx.features.tags import Tags
from lstm_onnx.features.text import Text
from lstm_onnx.features.transcript import Transcript
from lstm_onnx.task import GraphSpec, Stage

if TYPE_CHECKING:
    from torch import Tensor

    from lstm_onnx.features.module import Answering, FeatureModel

_AXIS = "of what is remembered"
_APART = 1e-4
"""Of the log-probability of a word; that of a sentence is their sum."""
_FROZEN = 3
"""So many times more behind a frozen encoder. Its dozens of layers, fused in one session and not in another, leave
features a few millionths apart; of EfficientNet-Lite0 that was up to 1e-4 in log-probabilities."""


@dataclass(frozen=True)
class Remembered:
    """A part of the state of a stream, for people and programs.

    Attributes:
        meaning: what it says.
        dims: names of its axes, `batch` among them, in the order in which they stand.
        start: every element before the first piece; the module must begin with the same where its state is None.
        enters: name of the input, where it is not that of the part; the output is that of the part and `_out`.
    """

    meaning: str
    dims: tuple[str, ...]
    start: float = 0.0
    enters: str | None = None


def whole_graph(model: FeatureModel, description: str) -> GraphSpec:
    """Return the graph that takes whole sequences."""
    learnt = model.learnt
    before, after = _stages(learnt)
    outputs = tuple(t for f in learnt.outputs for t in f.answers())
    graph = GraphSpec(
        module=model,
        inputs=tuple(t for f in learnt.inputs for t in f.tensors()),
        outputs=outputs,
        axes=_axes(learnt),
        description=description,
        table=learnt.table,
        tolerance=tolerance(learnt),
        before=before,
        after=after,
    )
    return _with_module(graph, model)


def streaming_graph(
    model: FeatureModel, description: str, described: Mapping[str, Remembered] | None = None
) -> GraphSpec:
    """Return the graph that takes a sequence in pieces: `forward` with a state, which goes round.

    Args:
        model: whose author's module takes and gives a state.
        description: of the whole graph.
        described: parts of the state, as the author describes them.

    Raises:
        UserError: something in the model needs the whole sequence, or the state is none.
    """
    from lstm_onnx.features.module import flattened

    learnt = _in_pieces(model.learnt)
    before, after = _stages(learnt)
    sequences = [f for f in learnt.inputs if f.steps is not None]
    written = {f.continues for f in learnt.outputs if isinstance(f, Sentence)}
    as_numbers = {
        f.name for f in sequences if isinstance(f, Text) and f.name in written
    }  # nothing tells pieces of them
    if as_numbers:
        before = side_by_side([s for f in learnt.inputs if f.name not in as_numbers and (s := f.stage()) is not None])
    if len(sequences) != 1 or (sequences[0].kind not in ("rows", "series", "audio") and not as_numbers):
        told = ", ".join(f"'{f.name}' ({f.kind})" for f in sequences) or "none"
        raise UserError(
            f"a stream needs one sequence of rows, one sound, or a text that the answer goes on with, and this model "
            f"has {told}, so there is no streaming variant"
        )
    steps = sequences[0].steps
    assert steps is not None
    template = _state(model, 2)
    known = described or {}
    states, axes = _states(model, template, known)
    given = {f.name: f.inner() if f.name in as_numbers else f.tensors() for f in learnt.inputs}
    taken = tuple(t for own in given.values() for t in own if as_numbers or t.name != sequences[0].lengths)
    names = [(known[name].enters or name) if name in known else name for name, _ in states]
    clash = set(names) & {t.name for own in given.values() for t in own}
    if clash:
        raise UserError(f"module.forward: its state has a part '{min(clash)}', as an input is called; rename one")
    went_in, comes_out = (
        tuple(
            TensorSpec(
                name=f"{name}_out" if out else enters,
                dtype=_dtype(tensor),
                dims=dims,
                meaning=known[name].meaning if name in known else "what the model remembers",
            )
            for enters, (name, dims), (_, tensor) in zip(names, states, flattened(template), strict=True)
        )
        for out in (False, True)
    )
    answers = [t for f in learnt.outputs for t in f.answers()]
    outputs = (*(t.model_copy(update={"count": None}) for t in answers), *comes_out)  # in a stream every step counts
    step_by_step = any(isinstance(f, Tags | Steps | Transcript) for f in learnt.outputs)
    axes |= _axes(learnt)
    if as_numbers and isinstance(text := sequences[0], Text):
        axes = {name: axis for name, axis in axes.items() if name not in text.axes()} | {steps: text.step_axis()}
    axes[steps] = Axis(example_size=axes[steps].example_size, meaning="steps of a piece, the first first")
    graph = GraphSpec(
        module=model,
        inputs=(*taken, *went_in),
        outputs=outputs,
        axes=axes,
        description=f"{description} In pieces: answers for all since the reset.",
        table=learnt.table,
        states=tuple(
            StateSpec(output=f"{name}_out", input=enters, reset=known[name].start if name in known else 0.0)
            for enters, (name, _) in zip(names, states, strict=True)
        ),
        stream=Stream(axis=steps, context=1 if step_by_step else axes[steps].example_size or 1),
        tolerance=tolerance(learnt),
        before=before,
        after=after,
    )
    return _with_module(graph, model, names, template)


def _in_pieces(learnt: Learnt) -> Learnt:
    """Let outputs that answer otherwise piece by piece know it."""
    outputs = tuple(f.streamed() if isinstance(f, Transcript) else f for f in learnt.outputs)
    return learnt.model_copy(update={"outputs": outputs})


def _with_module(graph: GraphSpec, model: FeatureModel, states: Sequence[str] = (), template: Any = None) -> GraphSpec:
    """Give the graph the module that takes and gives what is left of it without its stages."""
    from lstm_onnx.features.module import answering
    from lstm_onnx.graph.subgraphs import torch_part

    part = torch_part(graph)
    module = answering(model, [t.name for t in part.inputs], [t.name for t in part.outputs], states, template)
    return dataclasses.replace(graph, module=module)


def tolerance(learnt: Learnt) -> Tolerance:
    """Return how far runtimes may differ: a share of the spread of a number, 1e-5 of a probability, 1e-4 of its log."""
    scaled = [f for f in learnt.outputs if isinstance(f, Number) and f.supervised]
    numbers = {t.name: 1e-5 * ((f.spread or 0) + abs(f.center or 0)) for f in scaled for t in f.answers()}
    numbers |= {f.name: 1e-5 * f.scale for f in learnt.outputs if isinstance(f, Steps)}
    ahead = [f for f in learnt.outputs if isinstance(f, Ahead)]
    if ahead:
        apart = max(f.tolerance() for f in learnt.inputs if isinstance(f, Series))
        numbers |= {t.name: apart for f in ahead for t in f.answers() if t.dtype == "float32"}
    said = [f for f in learnt.outputs if isinstance(f, Sentence) and f.scored]
    apart = _APART * (_FROZEN if any(isinstance(f, Image) and f.frozen is not None for f in learnt.inputs) else 1)
    sums = {f.score: apart * f.longest for f in said}
    sums |= {f.log_probabilities: apart for f in said if not isinstance(f, Transcript)}
    sums |= {f.name: apart for f in learnt.outputs if isinstance(f, Inside)}
    decided_by = said[0].score if said else None
    return Tolerance(rtol=1e-5, atol=1e-5, outputs={**numbers, **sums} or None, decided_by=decided_by)


def samples(module: Answering, names: Sequence[str], sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Make inputs of these names from rows of the training part; states as they are after some of them."""
    from lstm_onnx.features.module import flattened

    made = _rows(module.features, sizes, seed)
    if module.states:
        after = _state(module.model, sizes["batch"], seed + 1)
        parts = zip(module.states, flattened(after), strict=True)
        made |= {enters: tensor.cpu().numpy() for enters, (_, tensor) in parts}
    return {name: made[name] for name in names if name in made}


def _rows(features: Sequence[InputFeature], sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    made: dict[str, Array] = {}
    for feature in features:
        made |= feature.sample(sizes, random)
    return made


def _stages(learnt: Learnt) -> tuple[Stage | None, Stage | None]:
    before = [s for f in learnt.inputs if (s := f.stage()) is not None]
    after = [s for f in learnt.outputs if (s := f.after()) is not None]
    return side_by_side(before), side_by_side(after)


def _axes(learnt: Learnt) -> dict[str, Axis]:
    axes = {"batch": BATCH}
    for feature in (*learnt.inputs, *learnt.outputs):
        axes |= feature.axes()
    for feature in learnt.outputs:
        if isinstance(feature, Tags) and isinstance(along := learnt[feature.along], Text):
            axes[feature.axis] = along.step_axis()
    return axes


def _states(
    model: FeatureModel, template: Any, known: Mapping[str, Remembered]
) -> tuple[list[tuple[str, tuple[str, ...]]], dict[str, Axis]]:
    """Return the names and dims of the parts of a state, and the axes in them; parts of a pair share theirs.

    Raises:
        UserError: a part is described that there is not, or otherwise than it is.
    """
    from lstm_onnx.features.module import flattened

    found: list[tuple[str, tuple[str, ...]]] = []
    axes: dict[str, Axis] = {}
    for (name, two), (_, three) in zip(flattened(template), flattened(_state(model, 3)), strict=True):
        batch = _batch_axis(name, two, three)
        if name in known:
            own = known[name].dims
            if len(own) != two.dim() or "batch" not in own or own.index("batch") != batch:
                raise UserError(f"remembered: describes '{name}' as {own}, and it has the shape {tuple(two.shape)}")
            axes |= {d: Axis(size=n, meaning=_AXIS) for d, n in zip(own, two.shape, strict=True) if d != "batch"}
            found.append((name, own))
            continue
        family = name.removesuffix("hidden").removesuffix("cell").rstrip("_") or "state"
        dims = []
        for k, size in enumerate(two.shape):
            dim = f"{family}_axis{k}"
            if k == batch:
                dim = "batch"
            elif axes.setdefault(dim, Axis(size=size, meaning=_AXIS)).size != size:
                dim = f"{name}_axis{k}"
                axes[dim] = Axis(size=size, meaning=_AXIS)
            dims.append(dim)
        found.append((name, tuple(dims)))
    return found, axes


def _state(model: FeatureModel, batch: int, seed: int = 0) -> Any:
    """Return the state after a batch of samples, fed as in a stream: every step counts."""
    import torch

    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    inputs = model.learnt.inputs
    names = [t.name for f in inputs for t in f.inner() if t.name != f.lengths]
    made = _rows(inputs, {"batch": batch}, seed)
    arrays = {name: made[name] for name in names}
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.ask({n: torch.from_numpy(np.ascontiguousarray(a)).to(device) for n, a in arrays.items()})
    model.train(was_training)
    return state


def _batch_axis(name: str, two: Tensor, three: Tensor) -> int:
    """Find the batch axis of a state from what it is for two examples and for three."""
    same = two.dim() == three.dim()
    moved = [k for k in range(two.dim()) if two.shape[k] != three.shape[k]] if same else []
    if len(moved) != 1 or two.shape[moved[0]] != 2:
        raise UserError(
            f"module.forward: the state '{name}' has the shape {tuple(two.shape)} for 2 examples and "
            f"{tuple(three.shape)} for 3; it must have one axis for the examples, and the others fixed"
        )
    return moved[0]


def _dtype(tensor: Tensor) -> Any:
    return str(tensor.dtype).removeprefix("torch.")
