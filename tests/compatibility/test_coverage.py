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
    assert list(uncovered(lstm(direction="forward"))) == [], "as without it"
    model = lstm()
    model.graph.node.append(helper.make_node("Pad", ["x", "p"], ["q"], mode="constant"))
    model.graph.node.append(helper.make_node("DynamicQuantizeLSTM", [], ["r"], domain="com.microsoft", clip=1.0))
    assert list(uncovered(model)) == ["clip of com.microsoft.DynamicQuantizeLSTM"]
    model.graph.node.append(helper.make_node("Pad", ["x", "p"], ["q"], mode="reflect"))
    assert list(uncovered(model))[1:] == ["mode of Pad"]
    model = lstm()
    model.graph.node.append(helper.make_node("GRU", ["x", "W", "R"], ["z"], hidden_size=4))
    assert list(uncovered(model)) == ["GRU"]
