"""The exported files of a run: which there are, how large and how fast they are, and what is proved of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_onnx.benchmarking.benchmark import Figures, benchmark
from lstm_onnx.contract import Contract, Provenance
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.training.run_folder import Run
from lstm_onnx.verification.report import Report
from lstm_onnx.verification.verify import verify


@dataclass(frozen=True)
class File:
    """An exported file.

    Attributes:
        path: where it is.
        contract: what it says of itself.
        size: its bytes.
        digest: its SHA-256.
        proof: of its verification, made for the report.
        speed: how fast it answers one example with one thread; None where that was not measured.
    """

    path: Path
    contract: Contract
    size: int
    digest: str
    proof: Report
    speed: Figures | None


def files_of(paths: Sequence[Path], run: Run | None, seconds: float, plugin_file: Path | None) -> list[File]:
    """Verify and measure files.

    Args:
        paths: of the files.
        run: to prove them against PyTorch; None proves each against its golden examples.
        seconds: to spend on the latency of each; 0 for none.
        plugin_file: of the run, if its plugin is not installed.

    Raises:
        UserError: a file is no file of ours, or not of the run.
    """
    found = []
    for path in paths:
        content = path.read_bytes()
        contract = readable_contract(content)
        if contract is None:
            raise UserError(f"{path}: has no contract to report on; give it one with: lstm-onnx adopt {path}")
        if run is not None and not _is_of(contract.provenance, run.record.name, run.record.created):
            raise UserError(f"{path}: was exported from the run '{contract.provenance.run}', and not from {run.folder}")
        proof = verify(path, run, plugin_file=plugin_file)
        speed = benchmark(path, threads=1, seconds=seconds)[0] if seconds and proof.passed else None
        found.append(File(path, contract, len(content), hashlib.sha256(content).hexdigest(), proof, speed))
    return found


def beside(path: Path, origin: Provenance) -> list[Path]:
    """Return the exported file and the others of its run in the same folder, `path` first."""
    others = sorted(p for p in path.parent.glob("*.onnx") if p != path and _from(p, origin.run, origin.trained))
    return [path, *others]


def exported(run: Run) -> list[Path]:
    """Return the files of a run that lie in its folder or in `exported`, whole precision first."""
    folders = (run.folder, Path("exported"))
    found = [p for f in folders for p in sorted(f.glob("*.onnx")) if _from(p, run.record.name, run.record.created)]
    return sorted(found, key=lambda p: len(p.stem))


def _from(path: Path, run: str, trained: str | None) -> bool:
    contract = readable_contract(path.read_bytes())
    return contract is not None and _is_of(contract.provenance, run, trained)


def _is_of(origin: Provenance, run: str, trained: str | None) -> bool:
    return origin.run == run and origin.trained == trained
