"""What a file says of how it was proved."""

from __future__ import annotations

from importlib.metadata import version

from lstm_onnx.contract import Proof
from lstm_onnx.verification.report import Report


def proof_of(report: Report) -> Proof:
    """Return what was checked, by what, and how far it is from PyTorch."""
    return Proof(
        checks={check.name: check.detail for check in report.checks},
        engines={name: version(name) for name in ("onnxruntime", "onnx", "torch", "lstm-onnx")},
        largest_absolute=report.largest_absolute,
        largest_relative=report.largest_relative,
        decisions=report.decisions,
        changed=report.changed,
    )
