"""From a run folder to one `.onnx` file that says what it is, and that is proved before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from lstm_onnx.contract import METADATA_KEY, Contract, Example, Values, to_json
from lstm_onnx.describe import describe
from lstm_onnx.eager import Answer, Restored, eager, restore
from lstm_onnx.errors import UserError
from lstm_onnx.files import write_atomically
from lstm_onnx.onnx_graph import to_onnx, trace_sizes
from lstm_onnx.parity import Report, verify_bytes
from lstm_onnx.run import Run, newest_run, open_run
from lstm_onnx.task import GraphSpec


@dataclass(frozen=True)
class Exported:
    """What `export` wrote."""

    path: Path
    contract: Contract
    report: Report


def export(run: Run | str | Path | None = None, out: str | Path | None = None, runs: str | Path = "runs") -> Exported:
    """Write the main graph of a run as one `.onnx` file, with its contract in it and beside it.

    Args:
        run: run folder; None takes the newest one in `runs`.
        out: file to write; None means `exported/NAME.onnx`.
        runs: where to look for the newest run.

    Returns:
        The file, its contract, and the report of the verification.

    Raises:
        UserError: there is no such run, or it cannot be exported.
        ParityError: the file would not answer as PyTorch does; nothing is written.
    """
    if not isinstance(run, Run):
        run = open_run(Path(run)) if run is not None else newest_run(Path(runs))
    path = Path(out) if out is not None else Path("exported") / f"{run.record.name}.onnx"
    if path.suffix != ".onnx":
        raise UserError(f"{path}: the file to write must end in .onnx")
    restored = restore(run)
    graph = restored.graphs[0]
    model, contract = build(restored, graph, path.stem)
    content = model.SerializeToString()
    report = verify_bytes(content, str(path), restored=restored)
    report.raise_if_failed()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)
    write_atomically(path.with_suffix(".json"), to_json(contract) + "\n")
    return Exported(path, contract, report)


def build(restored: Restored, graph: GraphSpec, name: str) -> tuple[onnx.ModelProto, Contract]:
    """Export one graph of a run, with its contract and golden examples inside."""
    sample = restored.task.sample
    model = to_onnx(graph, sample(graph, trace_sizes(graph), 0))
    contract = describe(restored.run.record, graph, name, golden_examples(restored, graph, eager(graph)))
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, to_json(contract)
    return model, contract


def golden_examples(restored: Restored, graph: GraphSpec, answer: Answer) -> tuple[Example, ...]:
    """Ask PyTorch for the answers to sampled inputs: one as in training, and an odd batch of the smallest size."""
    free = {name: axis for name, axis in graph.axes.items() if axis.size is None}
    usual = {name: axis.typical or axis.min for name, axis in free.items()}
    odd = {name: 3 if name == "batch" else max(axis.min, 1) for name, axis in free.items()}
    examples = []
    for seed, sizes in enumerate((usual, odd)):
        inputs = restored.task.sample(graph, sizes, seed)
        outputs = answer(inputs)
        examples.append(
            Example(
                inputs={t.name: Values.of(inputs[t.name]) for t in graph.inputs},
                outputs={t.name: Values.of(outputs[t.name]) for t in graph.outputs},
            )
        )
    return tuple(examples)
