"""Whether graphs of several runs take and give the same, so that one file can hold them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lstm_onnx.contract import Axis, LengthsSource, TensorSpec
from lstm_onnx.task import GraphSpec

_FACTS = ("dtype", "dims", "unit", "source", "labels", "is_scores", "threshold", "positive", "count", "default")


def unlike(first: GraphSpec, other: GraphSpec) -> str | None:
    """Say in what another graph differs from the first, for one who uses them; None where it does not.

    What each learnt by itself (scales, words, weights) stays in its part of the graph, and may differ.
    """
    for side, ours, theirs in (("takes", first.inputs, other.inputs), ("gives", first.outputs, other.outputs)):
        states = {name for s in other.states for name in (s.input, s.output)}
        if (why := _tensors(side, ours, theirs, states)) is not None:
            return why
    for name in sorted({d for t in (*other.external_inputs, *other.outputs) for d in t.dims} & first.axes.keys()):
        if (why := _axis(name, first.axes[name], other.axes[name], _has_one_size(name, first))) is not None:
            return why
    mine, its = (g.table.model_dump(exclude={"columns"}) if g.table is not None else {} for g in (first, other))
    if differ := [name for name in mine.keys() | its.keys() if mine.get(name) != its.get(name)]:
        return f"its table is read otherwise ({', '.join(sorted(differ))})"
    return None


def _tensors(verb: str, ours: Sequence[TensorSpec], theirs: Sequence[TensorSpec], states: set[str]) -> str | None:
    a, b = ([t for t in side if t.name not in states] for side in (ours, theirs))
    if [t.name for t in a] != [t.name for t in b]:
        return f"it {verb} {_listed(t.name for t in b)}, and not {_listed(t.name for t in a)}"
    for one, two in zip(a, b, strict=True):
        for fact in _FACTS:
            mine, other = getattr(one, fact), getattr(two, fact)
            if fact == "labels" and mine != other and mine is not None and other is not None:
                return f"its '{one.name}' {_apart(mine, other)}; train them on the same part, as --seeds does"
            if mine != other:
                return f"its '{one.name}' has another {fact} ({_told(other)}, and not {_told(mine)})"
    return None


def _axis(name: str, ours: Axis, theirs: Axis, has_one_size: bool) -> str | None:
    if ours.labels != theirs.labels:
        return f"its '{name}' {_apart(ours.labels or (), theirs.labels or ())}"
    if (ours.size, ours.min, ours.max) != (theirs.size, theirs.min, theirs.max):
        return f"its '{name}' has another size ({_told(theirs.size)}, and not {_told(ours.size)})"
    if has_one_size and ours.example_size != theirs.example_size:
        return f"it was trained on {theirs.example_size} along '{name}', and not on {ours.example_size}"
    return None


def _apart(ours: Sequence[str], theirs: Sequence[str]) -> str:
    mine, other = set(ours), set(theirs)
    told = [f"lacks {_listed(sorted(mine - other))}"] * bool(mine - other)
    told += [f"has {_listed(sorted(other - mine))}"] * bool(other - mine)
    return " and ".join(told) or "stands in another order"


def _has_one_size(name: str, graph: GraphSpec) -> bool:
    """Whether all examples of training had the same size along a free axis, as windows have: nothing says lengths."""
    padded = {t.source.axis for t in graph.inputs if isinstance(t.source, LengthsSource)}
    taken = {d for t in graph.external_inputs for d in t.dims}
    return graph.stream is None and name in taken and name != "batch" and name not in padded


def _told(value: Any) -> str:
    return str(value)[:80]


def _listed(names: Any) -> str:
    found = [f"'{n}'" for n in names]
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
