"""The bill of materials is CycloneDX, by its own schema, and says where the data came from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from lstm_onnx.cli.app import run

EXPORTED = Path(__file__).parents[2] / "exported"


@pytest.mark.parametrize("name", ["traffic", "news", "scenes", "vowels-streaming"])
def test_the_bill_of_each_file_keeps_to_the_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    schema = pytest.importorskip("cyclonedx.schema")
    file = EXPORTED / f"{name}.onnx"
    assert run(["inspect", str(file), "--bom"]) == 0
    text = capsys.readouterr().out
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    model = bill["metadata"]["component"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]
    assert {m["type"] for m in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]}
    assert run(["inspect", str(file), "--bom"]) == 0
    assert capsys.readouterr().out == text  # the same file, the same bill
