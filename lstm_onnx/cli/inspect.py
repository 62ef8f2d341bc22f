"""`lstm-onnx inspect`: show what a file says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lstm_onnx.cli.console import Result, Shown
from lstm_onnx.cli.tables import folding, scores_table

if TYPE_CHECKING:
    from lstm_onnx.contract import Axis, Contract


@dataclass(frozen=True)
class Inspected(Result):
    """A file's contract."""

    file: Path
    contract: Contract

    def to_json(self) -> Iterable[str]:
        """Return the contract as it stands in the file."""
        from lstm_onnx.contract import to_json

        yield to_json(self.contract)

    def to_text(self) -> Iterable[Shown]:
        """Return what the file is, where it is from, and its tensors."""
        contract, origin = self.contract, self.contract.provenance
        yield {
            "name": contract.name,
            "task": f"{contract.task}, {contract.variant}: {contract.description}",
            "format": f"opset {contract.opset}, IR {contract.ir_version}, {self.file.stat().st_size / 1024:,.0f} kB",
            "made": f"{origin.created[:19]}Z from run {origin.run} by {origin.plugin}",
            "examples": f"{len(contract.examples)} golden examples inside",
        }
        yield from contract_tables(contract)
        if contract.scores is not None:
            yield scores_table(contract.scores, "test scores")
        yield {"next": f"lstm-onnx verify {self.file}"}


def contract_tables(contract: Contract) -> Iterator[Table]:
    """Inputs, outputs and axes of a file, as three tables."""
    for title, tensors in (("inputs", contract.inputs), ("outputs", contract.outputs)):
        table = folding("name", "type", "shape", "unit", "meaning", title=title)
        for t in tensors:
            table.add_row(t.name, t.dtype, f"({', '.join(t.dims)})", t.unit or "", t.meaning)
        yield table
    axes = folding("name", "size", "meaning", title="axes")
    for name, axis in contract.axes.items():
        axes.add_row(name, _size(axis), axis.meaning)
    yield axes


def _size(axis: Axis) -> str:
    if axis.size is not None:
        return f"{axis.size}: {', '.join(axis.labels)}" if axis.labels else str(axis.size)
    bounds = f"{axis.min} or more" if axis.max is None else f"{axis.min} to {axis.max}"
    return bounds + (f", {axis.example_size} in training" if axis.example_size else "")


def inspect(file: Annotated[Path, typer.Argument(help="exported .onnx file")]) -> Inspected:
    """Read a file's contract."""
    from lstm_onnx.inference.model import load

    return Inspected(file, load(file).require_contract())
