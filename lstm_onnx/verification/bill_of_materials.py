"""A bill of materials of an exported file, as CycloneDX 1.6 has it for machine learning (https://cyclonedx.org/mlbom).

All of it comes from the contract: what the model is, what it learnt from and under which licence, how it scored, and
which releases made it.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Iterator
from typing import Any

from lstm_onnx.contract import Contract, Scores, TensorSpec

_SPACE = uuid.UUID("5b0c3c0e-8d0e-5f4e-9a55-6d9c1b3f7a10")
"""Of serial numbers: the same file always gets the same."""


def bill_of_materials(contract: Contract, content: bytes) -> dict[str, Any]:
    """Return the bill as JSON holds it.

    Args:
        contract: of the file.
        content: the file itself.
    """
    origin, digest = contract.provenance, hashlib.sha256(content).hexdigest()
    data = {
        "type": "data",
        "bom-ref": "data",
        "name": f"training data of {origin.run}",
        "hashes": [{"alg": "SHA-256", "content": origin.data}],
        "data": [{"type": "dataset", "name": f"training data of {origin.run}"}],
    }
    if origin.licence is not None:
        data["licenses"] = [{"license": {"name": origin.licence}}]
    libraries = [_library(name, release) for name, release in origin.versions.items()]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, digest)}",
        "version": 1,
        "metadata": {"timestamp": origin.created, "component": _model(contract, digest)},
        "components": [data, *libraries],
        "dependencies": [{"ref": "model", "dependsOn": ["data", *(lib["bom-ref"] for lib in libraries)]}],
    }


def _model(contract: Contract, digest: str) -> dict[str, Any]:
    card: dict[str, Any] = {
        "modelParameters": {
            "task": contract.task,
            "architectureFamily": "recurrent neural network",
            "modelArchitecture": "LSTM",
            "datasets": [{"ref": "data"}],
            "inputs": [{"format": _format(t)} for t in contract.inputs],
            "outputs": [{"format": _format(t)} for t in contract.outputs],
        }
    }
    if contract.scores is not None:
        card["quantitativeAnalysis"] = {"performanceMetrics": list(_metrics(contract.scores))}
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": contract.name,
        "version": contract.provenance.created,
        "description": contract.description,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "modelCard": card,
    }


def _format(tensor: TensorSpec) -> str:
    unit = f" in {tensor.unit}" if tensor.unit else ""
    return f"{tensor.name}: {tensor.dtype} ({', '.join(tensor.dims)}){unit}, {tensor.meaning}"


def _metrics(scores: Scores) -> Iterator[dict[str, str]]:
    for name, value in scores.model.items():
        if math.isfinite(value):
            yield {"type": name, "value": f"{value:.6g}", "slice": "test"}


def _library(name: str, release: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name.lower()}@{release.replace('+', '%2B')}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": release, "purl": purl}
