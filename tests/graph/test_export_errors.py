"""A module that cannot be exported is told of in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from tests.conftest import ADDING, TINY

DECIDES = "if last.sum() > 1e9:\n                    last = last * 2\n                "


def test_forward_that_decides_by_a_value(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = ADDING.read_text()
    place = next(line for line in text.splitlines() if "return (self.head(last[0])" in line)
    file = tmp_path / "deciding.py"
    file.write_text(text.replace(place.strip(), DECIDES + place.strip()))
    run = lo.train("adding", plugin_file=file, runs=tmp_path / "runs", epochs=1, threads=1, **TINY)
    with pytest.raises(UserError, match=r"cannot be exported: forward decides by .* torch\.where .*deciding\.py\)$"):
        run.export(tmp_path / "a.onnx")
    assert capfd.readouterr().err == ""
