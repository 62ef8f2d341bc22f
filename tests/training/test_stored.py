"""What is scored is what was stored."""

from __future__ import annotations

from pathlib import Path

import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from tests.conftest import ADDING, EXAMPLES, TINY

CALIBRATES = """
    def calibrate(self, model, validation, config):
        {body}

    def loss("""


def plugin(folder: Path, body: str, scaled: str, made: str = "") -> Path:
    """The adding problem, whose model multiplies its answers by something that `calibrate` sets."""
    text, built = ADDING.read_text(), "self.head = nn.Linear(config.hidden, 1)\n"
    for old, new in (
        ("\n    def loss(", CALIBRATES.format(body=body)),
        ("return (self.head(last[0]).squeeze(1),)", f"return (self.head(last[0]).squeeze(1) * {scaled},)"),
        (built, f"{built}                {made}\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = folder / "calibrated.py"
    path.write_text(text)
    return path


def test_calibrate_that_sets_a_plain_attribute_is_named(tmp_path: Path) -> None:
    made = plugin(tmp_path, "model.scale = 0.5", "self.scale", made="self.scale = 1.0")
    with pytest.raises(
        UserError, match=r"'adding': .*Adding\.calibrate changed an attribute that is not stored.*buffer"
    ):
        lo.train("adding", plugin_file=made, runs=tmp_path / "runs", epochs=2, threads=1, **TINY)


def test_calibrate_that_sets_a_buffer_is_scored_as_the_file_answers(tmp_path: Path) -> None:
    made = plugin(
        tmp_path,
        "model.scale.fill_(0.5)",
        "self.scale",
        made='self.register_buffer("scale", __import__("torch").ones(()))',
    )
    options = {"plugin_file": made, "runs": tmp_path / "runs", "epochs": 2, "threads": 1} | TINY
    run = lo.train("adding", **options)
    file = run.export(tmp_path / "a.onnx")
    assert file.evaluate(plugin_file=made).scores["mse"] == pytest.approx(run.scores["mse"], rel=1e-4)
    whole = lo.train("adding", **options | {"plugin_file": ADDING})
    assert run.scores["mse"] != pytest.approx(whole.scores["mse"], rel=0.01)  # the buffer counts


def test_what_loss_leaves_in_an_attribute_is_named_too(tmp_path: Path) -> None:
    text = ADDING.read_text()
    text = text.replace(
        '(total,) = model(batch["pairs"]', 'model.offset += 0.01\n        (total,) = model(batch["pairs"]'
    )
    text = text.replace(
        "return (self.head(last[0]).squeeze(1),)", "return (self.head(last[0]).squeeze(1) + self.offset,)"
    )
    text = text.replace(
        "self.lstm = LSTM(2, config.hidden)\n",
        "self.lstm = LSTM(2, config.hidden)\n                self.offset = 0.0\n",
    )
    made = tmp_path / "counted.py"
    made.write_text(text)
    with pytest.raises(UserError, match=r"Adding\.loss changed an attribute that is not stored"):
        lo.train("adding", plugin_file=made, runs=tmp_path / "runs", epochs=1, threads=1, **TINY)


def test_what_was_learnt_in_another_form_is_refused_in_a_line(tmp_path: Path) -> None:
    run = lo.train("adding", plugin_file=EXAMPLES / "adding.py", epochs=1, runs=tmp_path, **TINY)
    run.record.info = {"written": "otherwise"}
    run.save()
    with pytest.raises(UserError, match=r"what was learnt is kept as lstm-onnx .* wrote it, which 'adding' does not"):
        lo.export(run, tmp_path / "no.onnx")
