"""The example beside a program has an answer, or the model is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import helper

from lstm_onnx.contract import METADATA_KEY, Contract, Values, from_json, to_json
from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import read_contract
from tests.embedding.harness import ROOT
from tests.embedding.models import monthly_model, text_model


def changed(file: Path, out: Path, change: Callable[[Contract], Contract]) -> Path:
    """A file with another contract."""
    model = onnx.load(file)
    contract = read_contract(model, file)
    assert contract is not None
    helper.set_model_props(model, {METADATA_KEY: to_json(change(contract))})
    onnx.save(model, out)
    return out


def replaced(old: str, new: str) -> Callable[[Contract], Contract]:
    return lambda contract: from_json(to_json(contract).replace(old, new), "changed")


def test_what_is_known_ahead_cannot_be_streamed(tmp_path: Path) -> None:
    ahead = replaced(
        '"columns":["temperature","clouds"],"rows":"past"', '"columns":["temperature","clouds"],"rows":"future"'
    )
    file = changed(ROOT / "exported" / "traffic-streaming.onnx", tmp_path / "stream.onnx", ahead)
    with pytest.raises(UserError, match="input 'past' is known ahead of time"):
        embed(file, "c", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_column_of_two_lines_is_refused(tmp_path: Path) -> None:
    file = changed(monthly_model(tmp_path), tmp_path / "odd.onnx", replaced('"promotion"', '"pro\\nmotion"'))
    with pytest.raises(UserError, match="line break"):
        embed(file, "c", tmp_path / "out")


def test_there_is_an_example_even_of_odd_texts(tmp_path: Path) -> None:
    def odd(contract: Contract) -> Contract:
        return contract.model_copy(update={"examples": contract.examples[1:]})

    out = embed(changed(text_model(tmp_path), tmp_path / "odd.onnx", odd), "c", tmp_path / "out").folder
    assert (out / "example.txt").read_text() == "two lines\n"


def test_an_example_without_an_answer_is_refused(tmp_path: Path) -> None:
    """Nothing of the past is known, in the golden example itself."""

    def unknown(contract: Contract) -> Contract:
        first = contract.examples[0]
        inputs = dict(first.inputs)
        shape = inputs["values"].shape
        inputs["values"] = Values(dtype="float32", shape=shape, values=("nan",) * shape[1])
        example = first.model_copy(update={"inputs": inputs})
        return contract.model_copy(update={"examples": (example,)})

    with pytest.raises(UserError, match="has no answer"):
        embed(changed(monthly_model(tmp_path), tmp_path / "odd.onnx", unknown), "c", tmp_path / "out")
