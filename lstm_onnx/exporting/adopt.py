"""From a file that somebody else exported to one of ours: a contract, golden examples, scaling inside, and proof.

What the file does not say is found out by asking it: which axes of the outputs are which of the inputs, and which axis
is the batch (the one along which examples do not know of each other). Names, meanings, units and scaling are the
person's to say (`lstm_onnx.exporting.about`), or those of a Darts spec in the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lstm_onnx.contract import (
    METADATA_KEY,
    Array,
    Axis,
    Contract,
    Example,
    Provenance,
    StateSpec,
    Stream,
    TensorSpec,
    Tolerance,
    Values,
    to_json,
)
from lstm_onnx.data.arrays import check_inputs, load_arrays
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.data.given import given_file
from lstm_onnx.data.made_up_inputs import FoundTensor, made_up_inputs
from lstm_onnx.errors import CheckFailed, UserError, nearest
from lstm_onnx.exporting.about import About, AboutTensor, Scale, read_about
from lstm_onnx.graph.description import Description, describe_model, described_file
from lstm_onnx.graph.traversal import with_inner
from lstm_onnx.inference.session import session_answer
from lstm_onnx.task import Answer
from lstm_onnx.training.provenance import now
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.fingerprints import fingerprints
from lstm_onnx.verification.options import USUAL_ENGINES
from lstm_onnx.verification.report import Report
from lstm_onnx.verification.verify import chosen_engines, verify_bytes
from lstm_onnx.version import __version__

TASK = "adopted"
TOLERANCE = Tolerance(rtol=1e-4, atol=1e-5)
DARTS = "darts.onnx_spec"
_LENGTHS = (5, 7, 11, 13, 17, 19, 23)
"""Sizes to ask with, different from each other, so that an output's axes are recognized by their sizes."""


@dataclass(frozen=True)
class Adopted:
    """What `adopt` wrote.

    Attributes:
        path: the file; its contract lies beside it as `.json`.
        contract: what it says of itself.
        report: of the verification.
        notes: what was found out, and what was changed in the graph.
    """

    path: Path
    contract: Contract
    report: Report
    notes: tuple[str, ...]

    def __fspath__(self) -> str:
        """The path of the file, so that it can be given where a file is wanted."""
        return str(self.path)


def adopt(
    file: str | PathLike[str],
    out: str | Path | None = None,
    about: About | str | Path | None = None,
    example: str | Path | Mapping[str, Any] | None = None,
    engines: Sequence[str] = USUAL_ENGINES,
) -> Adopted:
    """Give a file a contract.

    Args:
        file: an `.onnx` file that has none.
        out: file to write; None means `exported/NAME.onnx`.
        about: what is known of it, or a TOML file that says so.
        example: inputs by name, or a file of them (`.npz`, `.json`), to become the first golden example, in the unit
            in which values go in; None makes some up.
        engines: what is asked besides ONNX Runtime, as for `verify`.

    Raises:
        UserError: the file cannot be read or has a contract already, what is said of it does not fit, or no inputs
            that it takes could be made up.
        ParityError: engines do not agree on it, or it uses what other runtimes get wrong.
    """
    path = given_file(file, "adopt")
    known, found = described_file(path)
    engines = chosen_engines(engines)
    if known is not None:
        raise UserError(f"{path}: has a contract already; look at it with lstm-onnx inspect {path}")
    to = Path(out) if out is not None else Path("exported") / f"{path.stem}.onnx"
    if to.suffix != ".onnx":
        raise UserError(f"{to}: the file to write must end in .onnx")
    if to.resolve() == path.resolve():
        raise UserError(f"{to}: would take the place of the file that is adopted; say another with --out")
    said = about if isinstance(about, About) else read_about(Path(about)) if about is not None else About()
    given = load_arrays(Path(example)) if isinstance(example, str | Path) else dict(example) if example else None
    return _Adoption(path, found, said).make(to, given, engines)


class _Adoption:
    def __init__(self, path: Path, found: Description, about: About) -> None:
        self.path, self.notes = path, list[str]()
        self.model = _loaded(path)
        self.found = found
        darts = _darts_spec(self.model)
        self.about = _with_darts(about, darts, found) if darts is not None else about
        if darts is not None:
            self.notes.append("names and meanings are those of the Darts spec in the file")
        for side, there in (("inputs", found.inputs), ("outputs", found.outputs)):
            names = [t.name for t in there]
            for name in getattr(self.about, side):
                if name not in names:
                    raise UserError(f"{path}: has no {side[:-1]} '{name}', of which was told{nearest(name, names)}")

    def make(self, to: Path, example: Mapping[str, Any] | None, engines: Sequence[str]) -> Adopted:
        original = session_answer(self.model.SerializeToString(), str(self.path))
        self._drop_lengths(original)
        inputs, outputs, axes = self._interface(original)
        self._write_interface(inputs, outputs, axes)
        self._scale()
        answer = session_answer(self.model.SerializeToString(), str(self.path))
        contract = self._contract(to.stem, inputs, outputs, axes)
        examples = [self._example(contract, answer, original, seed, example) for seed in range(2)]
        contract = contract.model_copy(update={"examples": tuple(examples), "fingerprints": fingerprints(self.model)})
        entry = self.model.metadata_props.add()
        entry.key, entry.value = METADATA_KEY, to_json(contract)
        content = self.model.SerializeToString()
        report = verify_bytes(content, str(to), engines=engines)
        report.raise_if_failed()
        to.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(to, content)
        write_atomically(to.with_suffix(".json"), to_json(contract) + "\n")
        return Adopted(to, contract, report, tuple(self.notes))

    def _interface(self, original: Answer) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...], dict[str, Axis]]:
        """Name every axis: as told, as the file names it, or as asking it shows."""
        axes, called = dict[str, Axis](), self._called()
        dims = {t.name: self._dims(t, self.about.inputs.get(t.name), axes, called) for t in self.found.inputs}
        free = [name for name, axis in axes.items() if axis.size is None]
        answered = self._asked(original, dims, axes, {n: _LENGTHS[k % 7] for k, n in enumerate(free)})
        other = self._asked(original, dims, axes, {n: _LENGTHS[(k + 1) % 7] for k, n in enumerate(free)})
        if free and "batch" not in axes:
            batch = next((n for n in free if self._is_batch(original, dims, axes, answered[0], n)), None)
            if batch is not None:
                self.notes.append(f"along axis '{batch}' examples do not know of each other: it is called batch")
                rename = {batch: "batch"}
                axes = {rename.get(n, n): axis for n, axis in axes.items()}
                dims = {t: tuple(rename.get(n, n) for n in names) for t, names in dims.items()}
                answered, other = ((s | {"batch": s.pop(batch)}, i, o) for s, i, o in (answered, other))
        sizes, _, found = answered
        others, _, again = other
        for t in self.found.outputs:
            told = self.about.outputs.get(t.name)
            if told is not None and told.dims is not None:
                names = self._told(t.name, told.dims, found[t.name].ndim)
            elif self.about.states.get(t.name) in dims:  # a state comes out as it goes in
                names = self._told(t.name, dims[self.about.states[t.name]], found[t.name].ndim)
            else:
                pairs = zip(found[t.name].shape, again[t.name].shape, strict=True)
                names = tuple(self._output_axis(t, k, pair, sizes, others) for k, pair in enumerate(pairs))
            for name, size, after in zip(names, found[t.name].shape, again[t.name].shape, strict=True):
                axes.setdefault(name, self.about.axes.get(name, Axis(size=size if size == after else None)))
            dims[t.name] = names
        for side, tensors in ((self.about.inputs, self.found.inputs), (self.about.outputs, self.found.outputs)):
            for t in tensors:
                told = side.get(t.name)
                if told is not None and told.labels is not None:
                    last = dims[t.name][-1]
                    if axes[last].size != len(told.labels):
                        raise UserError(
                            f"{self.path}: '{t.name}' was told {len(told.labels)} labels, and its last axis has "
                            f"{axes[last].size or 'no fixed number of'} places"
                        )
                    axes[last] = axes[last].model_copy(update={"labels": told.labels})
        return (
            tuple(self._tensor(t, self.about.inputs, dims) for t in self.found.inputs),
            tuple(self._tensor(t, self.about.outputs, dims, found) for t in self.found.outputs),
            axes,
        )

    def _called(self) -> dict[str, str]:
        """What the file's own names of axes are called by the person, who need not say it of every input."""
        return {
            there: said
            for t in self.found.inputs
            for there, said in zip(t.dims, (self.about.inputs.get(t.name) or AboutTensor()).dims or (), strict=False)
            if isinstance(there, str)
        }

    def _dims(
        self, tensor: FoundTensor, told: AboutTensor | None, axes: dict[str, Axis], called: Mapping[str, str]
    ) -> tuple[str, ...]:
        if told is not None and told.dims is not None:
            names = self._told(tensor.name, told.dims, len(tensor.dims))
        else:
            names = tuple(_axis_name(tensor, k, dim, called) for k, dim in enumerate(tensor.dims))
        for name, dim in zip(names, tensor.dims, strict=True):
            size = dim if isinstance(dim, int) else None
            if name in axes and axes[name].size != size:
                raise UserError(
                    f"{self.path}: axis '{name}' is {axes[name].size or 'free'} in one input and {size or 'free'} in "
                    f"'{tensor.name}'; name them differently (dims)"
                )
            told_axis = self.about.axes.get(name, Axis())
            axes[name] = told_axis.model_copy(update={"size": size}) if size else told_axis
        return names

    def _told(self, name: str, dims: tuple[str, ...], rank: int) -> tuple[str, ...]:
        if len(dims) != rank:
            raise UserError(f"{self.path}: '{name}' has {rank} axes, and was told {len(dims)} ({', '.join(dims)})")
        return dims

    def _output_axis(
        self, tensor: FoundTensor, k: int, pair: tuple[int, int], sizes: Mapping[str, int], others: Mapping[str, int]
    ) -> str:
        """The input's axis that has this size in both answers; else an axis of its own."""
        return next((n for n, size in sizes.items() if (size, others[n]) == pair), f"{tensor.name}_{k}")

    def _asked(
        self,
        answer: Answer,
        dims: Mapping[str, tuple[str, ...]],
        axes: Mapping[str, Axis],
        wanted: Mapping[str, int],
    ) -> tuple[dict[str, int], dict[str, Array], dict[str, Array]]:
        """Ask with made-up inputs of these sizes, within the bounds of the axes; return sizes, inputs and outputs."""
        sizes = {n: min(max(s, axes[n].min), axes[n].max or s) for n, s in wanted.items()}
        tensors = [
            FoundTensor(t.name, t.dtype, tuple(axes[n].size or sizes[n] for n in dims[t.name]))
            for t in self.found.inputs
        ]
        inputs = made_up_inputs(tensors)
        try:
            return sizes, inputs, answer(inputs)
        except Exception as error:
            shapes = ", ".join(f"{t.name} {t.shape}" for t in tensors)
            raise UserError(
                f"{self.path}: ONNX Runtime does not answer for made-up inputs {shapes} "
                f"({str(error).splitlines()[0][:200]}); tell the bounds of its axes with --about"
            ) from error

    def _is_batch(
        self,
        answer: Answer,
        dims: Mapping[str, tuple[str, ...]],
        axes: Mapping[str, Axis],
        sizes: Mapping[str, int],
        name: str,
    ) -> bool:
        """Whether each place along an axis, alone, is answered as among the others."""
        _, inputs, whole = self._asked(answer, dims, axes, sizes)
        where = {t: names.index(name) for t, names in dims.items() if name in names}
        for place in range(2):
            alone = {t: np.take(a, [place], axis=where[t]) if t in where else a for t, a in inputs.items()}
            try:
                found = answer(alone)
            except Exception:
                return False
            for t, all_of_it in whole.items():
                along = [k for k, n in enumerate(all_of_it.shape) if n == sizes[name] and found[t].shape[k] == 1]
                if not along or not np.allclose(np.take(all_of_it, [place], axis=along[0]), found[t], 1e-4, 1e-5):
                    return False
        return True

    def _tensor(
        self,
        found: FoundTensor,
        told: Mapping[str, AboutTensor],
        dims: Mapping[str, tuple[str, ...]],
        answers: Mapping[str, Array] | None = None,
    ) -> TensorSpec:
        about = told.get(found.name, AboutTensor())
        dtype: Any = found.dtype
        if answers is not None and dtype == "unknown":
            dtype = str(answers[found.name].dtype)
        try:
            return TensorSpec(
                name=found.name,
                dtype=dtype,
                dims=dims[found.name],
                meaning=about.meaning or f"{found.name}, of which nobody said what it means",
                unit=about.unit,
            )
        except ValueError as error:
            raise UserError(f"{self.path}: '{found.name}' is of the type {dtype}, which no contract has") from error

    def _write_interface(
        self, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], axes: Mapping[str, Axis]
    ) -> None:
        """Name the axes in the graph as in the contract, and leave out what other runtimes choke on."""
        given = {t.name for t in inputs}
        kept = [v for v in self.model.graph.input if v.name in given]
        values = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in kept]
        del self.model.graph.input[:]
        self.model.graph.input.extend(values)
        for graph in with_inner(self.model.graph):
            del graph.value_info[:]
        for tensor, value in zip((*inputs, *outputs), (*self.model.graph.input, *self.model.graph.output), strict=True):
            value.doc_string = tensor.meaning
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            value.type.tensor_type.shape.SetInParent()
            for name in tensor.dims:
                size = axes[name].size
                shape.dim.add(**({"dim_value": size} if size else {"dim_param": name}))

    def _drop_lengths(self, original: Answer) -> None:
        """Leave out lengths of LSTMs that are always full, as some exporters write them; runtimes misread them."""
        spoken = [n for g in with_inner(self.model.graph) for n in g.node if n.op_type == "LSTM" and _lengths(n)]
        if not spoken:
            return
        without = onnx.ModelProto.FromString(self.model.SerializeToString())
        for node in (n for g in with_inner(without.graph) for n in g.node if n.op_type == "LSTM" and _lengths(n)):
            node.input[4] = ""
        found = describe_model(without, 0)
        answer = session_answer(without.SerializeToString(), str(self.path))
        for first, others in ((2, 16), (3, 5), (1, 1)):
            inputs = made_up_inputs(found.inputs, first=first, others=others)
            try:
                wanted, got = original(inputs), answer(inputs)
            except Exception:
                return
            if not all(np.array_equal(got[n], wanted[n]) for n in wanted):
                return  # they count; verify says which node has them
        self.model = without
        self.notes.append(
            f"{len(spoken)} LSTM{'s' * (len(spoken) > 1)} had sequence_lens that were always full: left out"
        )

    def _scale(self) -> None:
        graph = self.model.graph
        before, after = list[onnx.NodeProto](), list[onnx.NodeProto]()
        for value in (*graph.input, *graph.output):
            is_input = value in graph.input
            told = (self.about.inputs if is_input else self.about.outputs).get(value.name)
            if told is None or told.scale is None:
                continue
            if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
                raise UserError(f"{self.path}: '{value.name}' is not float32, so that it cannot be scaled")
            inner = f"{value.name}.scaled"
            for node in (n for g in with_inner(graph) for n in g.node):
                node.input[:] = [inner if n == value.name else n for n in node.input]
                node.output[:] = [inner if n == value.name else n for n in node.output]
            mean, spread = (self._constant(value, told.scale, part) for part in ("mean", "spread"))
            if is_input:
                before += [
                    helper.make_node("Sub", [value.name, mean], [f"{inner}.centred"], name=f"adopt/Sub_{value.name}"),
                    helper.make_node("Div", [f"{inner}.centred", spread], [inner], name=f"adopt/Div_{value.name}"),
                ]
            else:
                after += [
                    helper.make_node("Mul", [inner, spread], [f"{inner}.spread"], name=f"adopt/Mul_{value.name}"),
                    helper.make_node("Add", [f"{inner}.spread", mean], [value.name], name=f"adopt/Add_{value.name}"),
                ]
        if before or after:
            nodes = [*before, *(onnx.NodeProto.FromString(n.SerializeToString()) for n in graph.node), *after]
            del graph.node[:]
            graph.node.extend(nodes)
            self.notes.append("scaling is inside the graph now")

    def _constant(self, value: onnx.ValueInfoProto, scale: Scale, part: str) -> str:
        number = np.asarray(getattr(scale, part), dtype=np.float32)
        last = value.type.tensor_type.shape.dim[-1].dim_value if value.type.tensor_type.shape.dim else 1
        if number.ndim and len(number) != last:
            raise UserError(
                f"{self.path}: '{value.name}' was told {len(number)} numbers to scale by ({part}), not {last}"
            )
        if part == "spread" and not (np.isfinite(number).all() and (number > 0).all()):
            raise UserError(f"{self.path}: '{value.name}': a spread must be positive")
        name = f"{value.name}.{part}"
        self.model.graph.initializer.append(numpy_helper.from_array(number, name))
        return name

    def _contract(
        self, name: str, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], axes: dict[str, Axis]
    ) -> Contract:
        names = {t.name for t in (*inputs, *outputs)}
        for pair in self.about.states.items():
            if missing := [n for n in pair if n not in names]:
                raise UserError(
                    f"{self.path}: has no '{missing[0]}', which was told to be a state{nearest(missing[0], names)}"
                )
        stream = self.about.stream
        if stream is not None and (stream not in axes or axes[stream].size is not None):
            raise UserError(f"{self.path}: has no free axis '{stream}' to be fed along (stream)")
        if self.about.states and stream is None:
            raise UserError(f"{self.path}: has states: say along which axis it is fed in pieces (stream)")
        opset = next((o.version for o in self.model.opset_import if o.domain in ("", "ai.onnx")), 0)
        origin = f"Adopted from {self.path.name}, by {self.found.producer or 'somebody'}."
        return Contract(
            name=name,
            task=TASK,
            description=self.about.description or origin,
            opset=opset,
            ir_version=self.model.ir_version,
            axes=axes,
            inputs=inputs,
            outputs=outputs,
            variant="streaming" if stream is not None else "fp32",
            states=tuple(StateSpec(output=o, input=i) for o, i in self.about.states.items()),
            stream=Stream(axis=stream) if stream is not None else None,
            tolerance=TOLERANCE,
            provenance=Provenance(
                created=now(),
                run=TASK,
                plugin=self.found.producer or "not said",
                data="not known",
                versions={"lstm-onnx": __version__, "onnx": onnx.__version__},
                config={"file": self.path.name, "sha256": sha256(self.path.read_bytes()).hexdigest()},
            ),
        )

    def _example(
        self, contract: Contract, answer: Answer, original: Answer, seed: int, given: Mapping[str, Any] | None
    ) -> Example:
        """Ask for the answers to an example, and hold them against those of the file as it was."""
        if seed == 0 and given is not None:
            inputs = check_inputs(contract, given)
        else:
            inputs = self._made_up(contract, seed)
        outputs = answer(inputs)
        plain = {n: _scaled(a, self.about.inputs.get(n)) for n, a in inputs.items()}
        wanted = {n: _unscaled(a, self.about.outputs.get(n)) for n, a in original(plain).items()}
        try:
            compare(outputs, wanted, TOLERANCE, f"{self.path}: as adopted, example {seed + 1}", Report(str(self.path)))
        except CheckFailed as error:
            raise UserError(
                f"{error}: the adopted graph does not answer as the file did; this is a fault of ours"
            ) from error
        return Example(
            inputs={n: Values.of(a) for n, a in inputs.items()}, outputs={n: Values.of(a) for n, a in outputs.items()}
        )

    def _made_up(self, contract: Contract, seed: int) -> dict[str, Array]:
        sizes = {n: _usual(n, axis, seed) for n, axis in contract.axes.items() if axis.size is None}
        tensors = [
            FoundTensor(t.name, t.dtype, tuple(contract.axes[d].size or sizes[d] for d in t.dims))
            for t in contract.inputs
        ]
        inputs = made_up_inputs(tensors, seed=seed)
        inputs = {n: _unscaled(a, self.about.inputs.get(n)) for n, a in inputs.items()}
        resets = {s.input for s in contract.states} if seed == 0 else set()  # a stream begins
        return {n: np.zeros_like(a) if n in resets else a for n, a in inputs.items()}


def _axis_name(tensor: FoundTensor, k: int, dim: int | str | None, called: Mapping[str, str]) -> str:
    """The file's own name where it has one; else one after the place."""
    if isinstance(dim, str) and dim.replace("_", "").isalnum():
        return called.get(dim, dim)
    return ("first", "time")[k] if not isinstance(dim, int) and k < 2 else f"{tensor.name}_{k}"


def _usual(name: str, axis: Axis, seed: int) -> int:
    wanted = (axis.example_size or (2 if name == "batch" else 16)) if seed == 0 else 3 if name == "batch" else axis.min
    return min(max(wanted, axis.min), axis.max or wanted)


def _loaded(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(path)
    except Exception as error:
        raise UserError(f"{path}: its weights cannot be read ({str(error).splitlines()[0]})") from error


def _lengths(node: onnx.NodeProto) -> str:
    return node.input[4] if len(node.input) > 4 else ""


def _scaled(array: Array, told: AboutTensor | None) -> Array:
    """What goes into the file as it was."""
    if told is None or told.scale is None:
        return array
    mean, spread = (np.asarray(v, np.float32) for v in (told.scale.mean, told.scale.spread))
    return np.asarray((array - mean) / spread, array.dtype)


def _unscaled(array: Array, told: AboutTensor | None) -> Array:
    """The same in the person's unit."""
    if told is None or told.scale is None:
        return array
    mean, spread = (np.asarray(v, np.float32) for v in (told.scale.mean, told.scale.spread))
    return np.asarray(array * spread + mean, array.dtype)


def _darts_spec(model: onnx.ModelProto) -> dict[str, Any] | None:
    text = next((p.value for p in model.metadata_props if p.key == DARTS), None)
    try:
        spec = json.loads(text) if text else None
    except json.JSONDecodeError:
        return None
    return spec if isinstance(spec, dict) else None


_OF_DARTS = {
    "past_target": ("history", "target", "the newest values of the series, the last one last"),
    "past_covariates": ("history", "past_covariate", "covariates over the same steps"),
    "historic_future_covariates": ("history", "future_covariate", "covariates known ahead, over the steps of the past"),
    "future_covariates": ("ahead", "future_covariate", "covariates known ahead, over the steps to forecast"),
    "static_covariates": ("component", "static_covariate", "what does not change"),
}


def _with_darts(about: About, spec: Mapping[str, Any], found: Description) -> About:
    """Add what a Darts spec says; what a person says comes first."""
    ranks = {t.name: len(t.dims) for t in (*found.inputs, *found.outputs)}
    inputs, outputs = dict(about.inputs), dict(about.outputs)
    for name, (axis, last, meaning) in _OF_DARTS.items():
        if ranks.get(name) == 3:
            inputs[name] = _filled(inputs.get(name), AboutTensor(meaning=meaning, dims=("batch", axis, last)))
    for name in spec.get("state_input_names") or ():
        if name in ranks:
            inputs[name] = _filled(inputs.get(name), AboutTensor(meaning="state: zeros at first, then what came out"))
    labels = spec.get("likelihood_parameter_names")
    if ranks.get("prediction") == 4:
        told = AboutTensor(
            meaning="forecasts, as scaled as the values that went in",
            dims=("batch", "horizon", "target", "parameter"),
            labels=tuple(map(str, labels)) if labels else None,
        )
        outputs["prediction"] = _filled(outputs.get("prediction"), told)
    return about.model_copy(update={"inputs": inputs, "outputs": outputs})


def _filled(told: AboutTensor | None, usual: AboutTensor) -> AboutTensor:
    return usual if told is None else usual.model_copy(update=told.model_dump(exclude_unset=True))
