"""The models that programs are written around, and the workshop that builds them."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_onnx as lo
from tests.embedding.harness import ROOT, Workshop
from tests.embedding.models import MAKERS


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, adding_file: Path, adding_run) -> dict[str, Path]:
    """Every model by its short name: the reference models, the example of the documents, and made-up ones."""
    folder = tmp_path_factory.mktemp("models")
    found = {file.stem: file for file in sorted((ROOT / "exported").glob("*.onnx"))}
    found["adding"] = adding_file
    found["adding-streaming"] = lo.export(adding_run, folder / "adding-streaming.onnx", variant="streaming").path
    return found | {name: make(folder) for name, make in MAKERS.items()}
