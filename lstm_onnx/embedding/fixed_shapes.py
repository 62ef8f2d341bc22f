"""Fixes the free axes of a model, for code that knows one size of each: batch 1, and a stream a step at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.contract import Array, Contract, LengthsSource
from lstm_onnx.embedding.project import Dim, Port, Project

if TYPE_CHECKING:
    import onnx

Arrays = Mapping[str, Array]
Example = tuple[Arrays, Arrays]
"""Inputs, and what ONNX Runtime answers for them."""

MOST_EXAMPLES = 4


def fixed_sizes(project: Project) -> dict[str, int]:
    """Return a size for each free axis: 1 for the batch and along a stream, else the typical or the golden one."""
    contract = project.contract
    alone = {project.given[0].dims[0].name, contract.stream.axis if contract.stream else None}
    first = contract.examples[0].inputs
    golden = {dim.name: size for p in project.inputs for dim, size in zip(p.dims, first[p.name].shape, strict=True)}
    return {dim.name: 1 if dim.name in alone else dim.example_size or golden[dim.name] for dim in project.free}


def sizes_of(project: Project) -> dict[str, int]:
    """Return the sizes that `fixed` gave to axes that are free in the contract."""
    dims = (d for p in project.inputs for d in p.dims)
    return {d.name: d.size for d in dims if d.size is not None and project.contract.axes[d.name].size is None}


def fixed(project: Project, sizes: Mapping[str, int]) -> Project:
    """Return the project with these sizes in the place of its free axes."""
    made: dict[str, Dim] = {}

    def dim(of: Dim) -> Dim:
        return made.setdefault(of.name, replace(of, size=of.size or sizes.get(of.name)))

    def port(of: Port) -> Port:
        return replace(of, dims=tuple(map(dim, of.dims)), counts=dim(of.counts) if of.counts else None)

    return replace(
        project,
        inputs=tuple(map(port, project.inputs)),
        outputs=tuple(map(port, project.outputs)),
        states=tuple((port(before), port(after)) for before, after in project.states),
        free=(),
        rows=dim(project.rows) if project.rows else None,
        ahead=None,
    )


def fixed_model(model: bytes, sizes: Mapping[str, int]) -> onnx.ModelProto:
    """Return the graph for these sizes, with all that follows from them worked out by ONNX Runtime.

    What is left are standard operators. A product that is followed by a sum stays two nodes: as one, it would need its
    operands copied into other shapes. The steps of an LSTM that nobody reads are left out.
    """
    import onnx
    import onnxruntime as ort

    from lstm_onnx.inference.session import PROVIDERS, session_options

    options = session_options(level="basic", quiet=True)
    for name, size in sizes.items():
        options.add_free_dimension_override_by_name(name, size)
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "fixed.onnx")
        ort.InferenceSession(model, options, providers=[PROVIDERS["cpu"]], disabled_optimizers=["MatMulAddFusion"])
        found = onnx.load(options.optimized_model_filepath)
    del found.metadata_props[:]
    for value in (*found.graph.input, *found.graph.output):
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param in sizes:
                axis.dim_value = sizes[axis.dim_param]
    read = {name for node in found.graph.node for name in node.input} | {o.name for o in found.graph.output}
    for node in found.graph.node:
        if node.op_type == "LSTM" and node.output[0] not in read:
            node.output[0] = ""
    return found


def fixed_examples(contract: Contract, model: bytes, sizes: Mapping[str, int]) -> list[Example]:
    """Make golden examples of these sizes out of those of the contract, which may have others.

    Each sequence of a batch becomes an example, cut to the size or gone through again until it is as long; ONNX Runtime
    answers for it. A stream gives its first steps, each with the states that the one before it left.
    """
    from lstm_onnx.inference.session import session_answer

    answer = session_answer(model, contract.name)
    states = {s.output: s.input for s in contract.states}
    found: list[Example] = []
    for inputs in _pieces(contract, sizes):
        carried = {states[name]: a for name, a in found[-1][1].items() if name in states} if found else {}
        whole = {**inputs, **carried}
        found.append((whole, answer(whole)))
    return found


def _pieces(contract: Contract, sizes: Mapping[str, int]) -> list[Arrays]:
    """Cut inputs of these sizes from the contract's examples."""
    batch, stream = contract.external_inputs[0].dims[0], contract.stream.axis if contract.stream else None
    pieces: list[Arrays] = []
    for example in contract.examples:
        arrays = {t.name: example.inputs[t.name].array() for t in contract.inputs}
        lengths = {d: n for t in contract.inputs for d, n in zip(t.dims, arrays[t.name].shape, strict=True)}
        count = lengths[stream] if stream else lengths[batch]
        for begin in range(min(count, MOST_EXAMPLES - len(pieces))):
            starts = {stream or batch: begin}
            piece = {}
            for t in contract.inputs:
                array = arrays[t.name]
                for k, axis in enumerate(t.dims):
                    places = np.arange(sizes.get(axis, lengths[axis])) + starts.get(axis, 0)
                    array = array.take(places % lengths[axis], axis=k)
                if isinstance(t.source, LengthsSource) and t.source.axis in sizes:
                    array = np.minimum(array, sizes[t.source.axis])
                piece[t.name] = array
            pieces.append(piece)
        if stream:
            break  # the states of another example would be others
    return pieces
