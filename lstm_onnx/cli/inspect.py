"""`lstm-onnx inspect`: show what a file says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import folding, scores_table
from lstm_onnx.display import number
from lstm_onnx.errors import UserError

if TYPE_CHECKING:
    from lstm_onnx.contract import Axis, Contract
    from lstm_onnx.graph.description import Description


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
            **_members(contract),
            "examples": f"{len(contract.examples)} golden examples inside",
        }
        yield from contract_tables(contract)
        if contract.scores is not None:
            yield scores_table(contract.scores, "test scores")
        yield {"next": f"lstm-onnx verify {self.file}"}


def _members(contract: Contract) -> dict[str, str]:
    """Say which runs answer together, each with its own score."""
    members = contract.provenance.members
    if members is None:
        return {}
    told = [m.run + (f" ({number(m.score)})" if m.score is not None else "") for m in members]
    name = f", {contract.scores.primary} of each" if contract.scores is not None else ""
    return {"ensemble": f"{len(members)} runs answer together{name}: {', '.join(told)}"}


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


@dataclass(frozen=True)
class Described(Result):
    """What a file without a contract says of itself."""

    file: Path
    found: Description

    def to_json(self) -> Iterable[str]:
        """Return all that was found."""
        yield encode({"file": str(self.file), "contract": None} | asdict(self.found))

    def to_text(self) -> Iterable[Shown]:
        """Return what the file is made of, and its inputs and outputs."""
        found = self.found
        opsets = ", ".join(f"{domain} {version}" for domain, version in found.opsets.items())
        lines = {
            "file": f"{self.file} ({found.size / 1024:,.0f} kB, {found.weights:,} weights)",
            "made": found.producer or "it does not say by what",
            "format": f"opset {opsets}; IR {found.ir_version}",
            "contract": "none: it does not say what its inputs and outputs mean",
            "operators": ", ".join(f"{name} {count}" for name, count in found.operators.items()),
        }
        yield lines | ({"metadata": ", ".join(found.metadata)} if found.metadata else {})
        for title, tensors in (("inputs", found.inputs), ("outputs", found.outputs)):
            table = folding("name", "type", "shape", title=title)
            for t in tensors:
                table.add_row(t.name, t.dtype, t.shape)
            yield table
        yield {"next": f"lstm-onnx adopt {self.file}, which gives it a contract"}


@dataclass(frozen=True)
class Billed(Result):
    """A file's bill of materials."""

    file: Path
    contract: Contract
    always_json = True

    def to_json(self) -> Iterable[str]:
        """Return it as CycloneDX."""
        from lstm_onnx.verification.bill_of_materials import bill_of_materials

        yield encode(bill_of_materials(self.contract, self.file.read_bytes()))

    def to_text(self) -> Iterable[Shown]:
        """Return nothing: a bill is read by programs."""
        return ()


def inspect(
    file: Annotated[Path, typer.Argument(help="exported .onnx file, or any other")],
    bom: Annotated[bool, typer.Option("--bom", help="print a bill of materials, CycloneDX in JSON")] = False,
) -> Inspected | Described | Billed:
    """Read a file's contract, or what stands in a file that has none.

    Raises:
        UserError: it is no ONNX file, or a bill is asked for and it has no contract to make one of.
    """
    from lstm_onnx.graph.description import described_file

    contract, found = described_file(file)
    if bom:
        if contract is None:
            raise UserError(f"--bom: {file} has no contract, which says what it is made of")
        return Billed(file, contract)
    return Inspected(file, contract) if contract is not None else Described(file, found)
