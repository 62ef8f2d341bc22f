"""Proves that a file answers as it says and, given its run, as PyTorch does.

Checks go from the outside in: file, contract, operators, names, types, axes, values. Each kind of failure is a type of
its own, so that a caller can tell a renamed input from a wrong number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from lstm_onnx.contract import METADATA_KEY, Contract, Example, Tensor, Tolerance, from_json
from lstm_onnx.differences import distance, worst
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.runtime import available_providers, open_session
from lstm_onnx.task import Array, Arrays, GraphSpec

if TYPE_CHECKING:
    import onnxruntime as ort

    from lstm_onnx.eager import Restored

STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
BATCHES = (1, 2, 7, 33)


class ParityError(CheckFailed):
    """A file is not what it should be."""


class FileError(ParityError):
    """It is not a sound ONNX file."""


class ContractError(ParityError):
    """Its contract is missing, broken, or differs from the graph or from the JSON beside it."""


class OperatorError(ParityError):
    """It uses operators that a standard runtime need not have."""


class NameMismatch(ParityError):
    """Inputs or outputs have other names than the contract says."""


class TypeMismatch(ParityError):
    """An input or output has another element type than the contract says."""


class AxisMismatch(ParityError):
    """An axis is free where the contract fixes it, or fixed where it must be free."""


class ShapeMismatch(ParityError):
    """An answer has another shape than it should."""


class ValueMismatch(ParityError):
    """An answer has another value than it should."""


@dataclass(frozen=True)
class Check:
    """One line of the report."""

    name: str
    detail: str
    error: ParityError | None = None


@dataclass
class Report:
    """What was checked, and how it went.

    Attributes:
        where: the file.
        checks: in the order in which they ran; the first failure ends the list.
        largest_absolute: the largest difference of any number from what it should be, in the output's unit.
        largest_relative: the same over the largest number of its example.
    """

    where: str
    checks: list[Check] = field(default_factory=list)
    largest_absolute: float = 0.0
    largest_relative: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.error is None for check in self.checks)

    def raise_if_failed(self) -> None:
        """Raise the first failure, if there is one."""
        for check in self.checks:
            if check.error is not None:
                raise check.error

    def note(self, got: Array, wanted: Array) -> None:
        """Remember how far `got` is from `wanted`."""
        absolute, relative = distance(got, wanted)
        self.largest_absolute = max(self.largest_absolute, absolute)
        self.largest_relative = max(self.largest_relative, relative)


def verify(file: str | Path, run: str | Path | None = None) -> Report:
    """Check a file, and with `run` compare it with PyTorch over a grid of sizes.

    Raises:
        UserError: the file or the run is not there.
    """
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    restored = None
    if run is not None:
        from lstm_onnx.eager import restore
        from lstm_onnx.run import open_run

        restored = restore(open_run(Path(run)))
    return verify_bytes(path.read_bytes(), str(path), restored, beside=path.with_suffix(".json"))


def verify_bytes(content: bytes, where: str, restored: Restored | None = None, beside: Path | None = None) -> Report:
    """Check the content of a file; see `verify`."""
    report = Report(where)
    for check in _checks(content, where, restored, beside, report):
        report.checks.append(check)
        if check.error is not None:
            break
    return report


def _checks(
    content: bytes, where: str, restored: Restored | None, beside: Path | None, report: Report
) -> Iterator[Check]:
    def attempt(name: str, check: Callable[[], str]) -> Check:
        try:
            return Check(name, check())
        except ParityError as error:
            return Check(name, str(error), type(error)(f"{where}: {error}"))

    yield (loaded := attempt("file", lambda: check_file(content)))
    if loaded.error:
        return
    model = onnx.load_model_from_string(content)
    yield (read := attempt("contract", lambda: check_contract(model, where, beside)))
    if read.error:
        return
    contract = from_json(_contract_text(model), where)
    yield attempt("operators", lambda: check_operators(model, contract))
    yield attempt("names", lambda: check_names(model, contract))
    yield attempt("types", lambda: check_types(model, contract))
    yield attempt("axes", lambda: check_axes(model, contract))
    for provider in available_providers():
        for optimize in (True, False):
            session = open_session(content, where, provider, optimize=optimize)
            label = f"{provider}, optimisation {'on' if optimize else 'off'}"
            yield attempt(f"golden examples ({label})", lambda: check_examples(session, contract, report))  # noqa: B023
            yield attempt(f"batches ({label})", lambda: check_batches(session, contract, report))  # noqa: B023
            if restored is not None:
                yield attempt(f"PyTorch ({label})", lambda: check_against_torch(session, restored, report))  # noqa: B023


def check_file(content: bytes) -> str:
    """The file parses and passes ONNX's full checker, shapes included."""
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise FileError(f"is not a sound ONNX file: {str(error).splitlines()[0]}") from error
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer):
        raise FileError("keeps weights outside of the file; export it again")
    return f"{len(content):,} bytes, {len(model.graph.node)} nodes, ONNX checker clean"


def check_contract(model: onnx.ModelProto, where: str, beside: Path | None) -> str:
    """The contract is there, complete, true of opset and IR, and the same as in the JSON beside the file."""
    text = _contract_text(model)
    if not text:
        raise ContractError("has no contract in its metadata; export it with lstm-onnx export")
    try:
        contract = from_json(text, where)
    except UserError as error:
        raise ContractError(str(error).removeprefix(f"{where}: ")) from error
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if (opset, model.ir_version) != (contract.opset, contract.ir_version):
        raise ContractError(
            f"is opset {opset}, IR {model.ir_version}, but its contract says {contract.opset} and {contract.ir_version}"
        )
    if not contract.examples:
        raise ContractError("has no golden examples in its contract; export it again")
    if beside is not None:
        if not beside.is_file():
            raise ContractError(f"has no {beside.name} beside it, which programs in JavaScript read; export it again")
        if beside.read_text().strip() != text:
            raise ContractError(f"has another contract inside than in {beside.name} beside it; export it again")
    return f"task {contract.task}, opset {opset}, IR {model.ir_version}, {len(contract.examples)} golden examples"


def check_operators(model: onnx.ModelProto, contract: Contract) -> str:
    """Every operator is a standard one, and no LSTM uses what runtimes other than ONNX Runtime get wrong."""
    for node in model.graph.node:
        if node.domain not in STANDARD_DOMAINS:
            raise OperatorError(f"node {node.name} is {node.domain}.{node.op_type}, which not every runtime has")
        if node.op_type == "LSTM" and len(node.input) > 4 and node.input[4]:
            raise OperatorError(f"node {node.name} has sequence_lens, which OpenVINO, IREE and MNN ignore")
        if node.op_type == "LSTM" and any(a.name == "layout" and a.i for a in node.attribute):
            raise OperatorError(f"node {node.name} has layout 1, which ONNX Runtime refuses")
    kinds = {node.op_type for node in model.graph.node}
    return f"{len(kinds)} kinds, all standard"


def check_names(model: onnx.ModelProto, contract: Contract) -> str:
    """Inputs and outputs are called as the contract says, in its order."""
    for kind, found, wanted in _sides(model, contract):
        if (there := [v.name for v in found]) != (said := [t.name for t in wanted]):
            raise NameMismatch(f"{kind}s are called {', '.join(there)}; the contract says {', '.join(said)}")
    return ", ".join(t.name for t in contract.inputs) + " → " + ", ".join(t.name for t in contract.outputs)


def check_types(model: onnx.ModelProto, contract: Contract) -> str:
    """Inputs and outputs have the element types that the contract says."""
    for kind, found, wanted in _sides(model, contract):
        for value, tensor in zip(found, wanted, strict=True):
            there = _type_name(value.type.tensor_type.elem_type)
            if there != tensor.dtype:
                raise TypeMismatch(f"{kind} {tensor.name} is {there}; the contract says {tensor.dtype}")
    return ", ".join(sorted({t.dtype for t in (*contract.inputs, *contract.outputs)}))


def check_axes(model: onnx.ModelProto, contract: Contract) -> str:
    """Axes are free and fixed as the contract says."""
    for kind, found, wanted in _sides(model, contract):
        for value, tensor in zip(found, wanted, strict=True):
            there = tuple(
                d.dim_value if d.HasField("dim_value") else d.dim_param for d in value.type.tensor_type.shape.dim
            )
            if there != contract.dims_of(tensor):
                raise AxisMismatch(
                    f"{kind} {tensor.name} has the axes {_shape(there)}; the contract says "
                    f"{_shape(contract.dims_of(tensor))}"
                )
    return "free: " + ", ".join(name for name, axis in contract.axes.items() if axis.size is None)


def check_examples(session: ort.InferenceSession, contract: Contract, report: Report) -> str:
    """The golden examples, answered by PyTorch at export, are answered the same."""
    for number, example in enumerate(contract.examples, start=1):
        inputs, wanted = decode(example)
        compare(run(session, inputs), wanted, contract.tolerance, f"golden example {number}", report)
    return f"{len(contract.examples)} reproduced"


def check_batches(session: ort.InferenceSession, contract: Contract, report: Report) -> str:
    """An example's answer does not depend on how many examples stand beside it."""
    for number, example in enumerate(contract.examples, start=1):
        inputs, wanted = decode(example)
        if any("batch" not in t.dims[:1] for t in (*contract.inputs, *contract.outputs)):
            return "not checked: not every input and output has the batch as its first axis"
        for times in BATCHES:
            many = {name: np.concatenate([a] * times) for name, a in inputs.items()}
            answers = {name: np.concatenate([a] * times) for name, a in wanted.items()}
            place = f"golden example {number}, repeated to a batch of {len(next(iter(many.values())))}"
            compare(run(session, many), answers, contract.tolerance, place, report)
    return f"each example repeated {', '.join(map(str, BATCHES))} times"


def check_against_torch(session: ort.InferenceSession, restored: Restored, report: Report) -> str:
    """PyTorch and ONNX Runtime agree on sampled inputs over a grid of sizes, many of them never traced or trained."""
    from lstm_onnx.eager import eager

    graph = restored.graphs[0]
    answer, count = eager(graph), 0
    for count, sizes in enumerate(grid(graph), start=1):
        inputs = restored.task.sample(graph, sizes, seed=count)
        place = ", ".join(f"{name} {size}" for name, size in sizes.items())
        compare(run(session, inputs), answer(inputs), graph.tolerance, place, report)
    return f"{count} combinations of sizes"


def grid(graph: GraphSpec) -> Iterator[dict[str, int]]:
    """Sizes of the free axes: batches of `BATCHES`; others smallest, 2, odd, as in training, and longer."""
    choices: dict[str, list[int]] = {}
    for name, axis in graph.axes.items():
        if axis.size is None:
            usual = axis.typical or 16
            wanted = BATCHES if name == "batch" else (axis.min, 2, 5, usual, 2 * usual + 1)
            choices[name] = sorted({min(max(s, axis.min, 1), axis.max or s) for s in wanted})
    for combination in itertools.product(*choices.values()):
        yield dict(zip(choices, combination, strict=True))


def run(session: ort.InferenceSession, inputs: Arrays) -> dict[str, Array]:
    """Run a session; a refusal is a failure of parity, since PyTorch takes the same inputs."""
    names = [o.name for o in session.get_outputs()]
    shapes = ", ".join(f"{name} {_shape(a.shape)}" for name, a in inputs.items())
    try:
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))
    except Exception as error:
        raise ShapeMismatch(f"does not run on {shapes}: {str(error).splitlines()[0]}") from error


def compare(got: Arrays, wanted: Arrays, tolerance: Tolerance, place: str, report: Report) -> None:
    """Hold answers against what they should be.

    Raises:
        ShapeMismatch: a shape differs.
        ValueMismatch: a value differs by more than the tolerance; names the worst one.
    """
    for name, right in wanted.items():
        there = got[name]
        if there.shape != right.shape:
            raise ShapeMismatch(f"{place}: {name} has the shape {_shape(there.shape)} instead of {_shape(right.shape)}")
        report.note(there, right)
        at = worst(there, right, tolerance)
        if at is not None:
            absolute, relative = distance(there, right)
            raise ValueMismatch(
                f"{place}: {name}{list(at)} is {there[at]} instead of {right[at]} (largest difference "
                f"{absolute:.3g}, relative {relative:.3g}; allowed {tolerance.atol:g} + {tolerance.rtol:g} of largest)"
            )


def decode(example: Example) -> tuple[dict[str, Array], dict[str, Array]]:
    """Inputs and outputs of a golden example, as arrays."""
    return (
        {name: values.array() for name, values in example.inputs.items()},
        {name: values.array() for name, values in example.outputs.items()},
    )


def _sides(
    model: onnx.ModelProto, contract: Contract
) -> list[tuple[str, list[onnx.ValueInfoProto], tuple[Tensor, ...]]]:
    return [
        ("input", list(model.graph.input), contract.inputs),
        ("output", list(model.graph.output), contract.outputs),
    ]


def _contract_text(model: onnx.ModelProto) -> str:
    return next((p.value for p in model.metadata_props if p.key == METADATA_KEY), "")


def _type_name(element_type: int) -> str:
    if element_type == onnx.TensorProto.STRING:
        return "string"
    return str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element_type)))


def _shape(dims: tuple[int | str, ...]) -> str:
    return "(" + ", ".join(str(d) for d in dims) + ")"
