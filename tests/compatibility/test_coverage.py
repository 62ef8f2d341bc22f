"""The list of what ran is what the reference models are made of."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import helper

from lstm_onnx.compatibility.coverage import RAN, uncovered
from lstm_onnx.compatibility.rules import every_node, operator_name
from tests.compatibility.test_examine import lstm

REFERENCE = Path(__file__).parents[2] / "exported"


def test_the_list_is_that_of_the_reference_models() -> None:
    used: dict[str, set[str]] = {}
    for file in REFERENCE.glob("*.onnx"):
        for node in every_node(onnx.load(file)):
            used.setdefault(operator_name(node), set()).update(a.name for a in node.attribute)
    assert used == {name: set(attributes.split()) for name, attributes in RAN.items()}


def test_what_is_not_on_it_is_named() -> None:
    assert list(uncovered(lstm())) == []
    assert list(uncovered(lstm(direction="reverse"))) == ["direction of LSTM"]
    model = lstm()
    model.graph.node.append(helper.make_node("GRU", ["x", "W", "R"], ["z"], hidden_size=4))
    assert list(uncovered(model)) == ["GRU"]
