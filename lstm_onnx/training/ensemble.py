"""Several graphs of one kind as one graph, whose answer is that of all of them together.

Each member keeps its own way in (scaling, look-up of words) and its own state in a stream; what they answer, in the
user's units, is joined as `Task.joining` says, which may also let them find it together, word by word. What all of
them do alike before torch's part is done once.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn

from lstm_onnx.contract import Array, StateSpec, Stream, TensorSpec, Tolerance
from lstm_onnx.data.joining import AsksTogether
from lstm_onnx.errors import UserError
from lstm_onnx.features.stages import renamed, side_by_side
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.graph.subgraphs import torch_part
from lstm_onnx.task import AnyTask, Arrays, GraphSpec, Joining, Stage
from lstm_onnx.training.alike import unlike


class Ensemble(nn.Module):
    """Asks several modules, and joins their answers; made by `asking`.

    Args:
        members: the modules of torch parts.
        taken: of each member, its names of inputs -> names of inputs here.
        given: of each member, names of its outputs in their order.
        own: of each member, names of its states' outputs -> names of outputs here.
        outputs: names of outputs here, in their order.
        join: makes one answer of those of all.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        taken: Sequence[Mapping[str, str]],
        given: Sequence[Sequence[str]],
        own: Sequence[Mapping[str, str]],
        outputs: Sequence[str],
        join: Joining,
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.taken, self.given, self.own, self.outputs, self.join = taken, given, own, tuple(outputs), join

    def answer(self, tensors: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the outputs in their order."""
        made: dict[str, Tensor] = {}
        said = self._asked([{name: tensors[here] for name, here in taken.items()} for taken in self.taken])
        for answers, own in zip(said, self.own, strict=True):
            made |= {here: answers.pop(name) for name, here in own.items()}
        made |= self.join(said)
        return tuple(made[name] for name in self.outputs)

    def _asked(self, tensors: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Tensor]]:
        if isinstance(self.join, AsksTogether):
            return self.join.ask(list(self.members), tensors)
        each = zip(self.members, self.given, tensors, strict=True)
        return [dict(zip(names, member(**taken), strict=True)) for member, names, taken in each]


def together(task: AnyTask, graphs: Sequence[GraphSpec], names: Sequence[str], join: Joining) -> GraphSpec:
    """Return the graph whose answer is that of all `graphs` together.

    Args:
        task: of all of them.
        graphs: of the same kind, one of each run.
        names: of the runs, for errors.
        join: makes one answer of several.

    Raises:
        UserError: one takes or gives other than the first.
    """
    first = graphs[0]
    for name, other in zip(names[1:], graphs[1:], strict=True):
        if (why := unlike(first, other)) is not None:
            raise UserError(f"{name}: cannot answer together with {names[0]}: {why}")
        if _content(other.after) != _content(first.after):
            raise UserError(f"{name}: cannot answer together with {names[0]}: it spells its answers otherwise")
    stages, moved = _side_by_side([g.before for g in graphs])
    for k, graph in enumerate(graphs):
        moved[k] |= {s.input: _numbered(s.input, k) for s in graph.states}
    own = [{s.output: _numbered(s.output, k) for s in g.states} for k, g in enumerate(graphs)]
    axes = dict(first.axes)
    inputs, outputs, states = list(first.inputs), list(first.outputs), list(first.states)
    for k, graph in enumerate(graphs[1:], start=1):
        for spec in graph.states:
            for name, side, into in ((spec.input, graph.inputs, inputs), (spec.output, graph.outputs, outputs)):
                tensor = next(t for t in side if t.name == name)
                dims = tuple(d if d == "batch" else _numbered(d, k) for d in tensor.dims)
                axes |= {new: graph.axes[d] for d, new in zip(tensor.dims, dims, strict=True)}
                meaning = f"{tensor.meaning}, of model {k + 1}"
                into.append(tensor.model_copy(update={"name": _numbered(name, k), "dims": dims, "meaning": meaning}))
            states.append(StateSpec(output=_numbered(spec.output, k), input=_numbered(spec.input, k), reset=spec.reset))
    whole = dataclasses.replace(
        first,
        inputs=tuple(_allowing(t, graphs) for t in inputs),
        outputs=tuple(outputs),
        axes=axes,
        states=tuple(states),
        stream=_stream(graphs),
        description=f"{first.description} The answer of {len(graphs)} models together.",
        tolerance=_tolerance([g.tolerance for g in graphs]),
        opset=max(g.opset for g in graphs),
        before=stages,
        sample=lambda sizes, seed: _samples(task, graphs, moved, sizes, seed),
    )
    part, parts = torch_part(whole), [torch_part(g) for g in graphs]
    for name, other_part in zip(names[1:], parts[1:], strict=True):
        if isinstance(join, AsksTogether) and (why := join.unlike(parts[0].module, other_part.module)) is not None:
            raise UserError(f"{name}: cannot answer together with {names[0]}: {why}")
    taken = [{t.name: m.get(t.name, t.name) for t in p.inputs} for p, m in zip(parts, moved, strict=True)]
    module = asking(
        [p.module for p in parts],
        taken,
        [[t.name for t in p.outputs] for p in parts],
        own,
        [t.name for t in part.inputs],
        [t.name for t in part.outputs],
        join,
    )
    return dataclasses.replace(whole, module=module)


def asking(
    members: Sequence[nn.Module],
    taken: Sequence[Mapping[str, str]],
    given: Sequence[Sequence[str]],
    own: Sequence[Mapping[str, str]],
    inputs: Sequence[str],
    outputs: Sequence[str],
    join: Joining,
) -> Ensemble:
    """Return an `Ensemble` with `forward(INPUTS)`, whose names the exporter reads."""

    def forward(self: Ensemble, *args: Tensor, **kwargs: Tensor) -> tuple[Tensor, ...]:
        return self.answer({**dict(zip(inputs, args, strict=False)), **kwargs})

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", *inputs)]
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    kind: Callable[..., Ensemble] = type("Ensemble", (Ensemble,), {"forward": forward})
    return kind(members, taken, given, own, outputs, join)


def _numbered(name: str, k: int) -> str:
    """Name what belongs to member number `k`; the first one's keeps its name."""
    return name if k == 0 else f"{name}_{k + 1}"


def _side_by_side(stages: Sequence[Stage | None]) -> tuple[Stage | None, list[dict[str, str]]]:
    """Return what is done before torch's part for all members, and under which names each finds what it gives.

    Where all do the same, it is done once.
    """
    if len({_content(stage) for stage in stages}) == 1:
        return stages[0], [{} for _ in stages]
    moved = [{t.name: _numbered(t.name, k) for t in s.outputs} if s else {} for k, s in enumerate(stages)]
    return side_by_side([renamed(s, m, {}) for s, m in zip(stages, moved, strict=True) if s is not None]), moved


def _content(stage: Stage | None) -> bytes:
    return b"" if stage is None else stage.build().SerializeToString(deterministic=True)


def _allowing(tensor: TensorSpec, graphs: Sequence[GraphSpec]) -> TensorSpec:
    """Return an input as all members take it: values may be missing if none of them minds."""
    each = [t for g in graphs for t in g.inputs if t.name == tensor.name]
    return next((t for t in each if not t.missing), tensor)


def _stream(graphs: Sequence[GraphSpec]) -> Stream | None:
    streams = [g.stream for g in graphs if g.stream is not None]
    return max(streams, key=lambda s: s.context) if streams else None


def _tolerance(each: Sequence[Tolerance]) -> Tolerance:
    """Return the widest: a mean is off by no more than the members are."""
    names = {name for t in each for name in t.outputs or {}}
    outputs = {name: max(t.of(name).atol for t in each) for name in sorted(names)}
    return each[0].model_copy(
        update={"rtol": max(t.rtol for t in each), "atol": max(t.atol for t in each), "outputs": outputs or None}
    )


def _samples(
    task: AnyTask,
    graphs: Sequence[GraphSpec],
    moved: Sequence[Mapping[str, str]],
    sizes: Mapping[str, int],
    seed: int,
) -> Arrays:
    """Make inputs of the whole and of its torch part: what all share from the first member, the rest from each."""
    found: dict[str, Array] = {}
    for graph, names in zip(graphs, moved, strict=True):
        for one in (graph, torch_part(graph)) if graph.before is not None or graph.after is not None else (graph,):
            if all(axis.size is not None or name in sizes for name, axis in one.axes.items()):
                made = sample_inputs(task, one, sizes, seed)
                found = {names.get(name, name): array for name, array in made.items()} | found
    return found
