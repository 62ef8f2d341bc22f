"""Mistakes of an author are told before the first epoch, in one line that names the method."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lstm_onnx as lo
from tests.conftest import ADDING, EXAMPLES, TINY

SQUARES = '(np.square(outputs["total"] - batch["answer"]).sum(), len(batch["answer"]))'


def complaint(folder: Path, source: Path, changes: dict[str, str]) -> str:
    """Train with a changed plugin, and return what is said."""
    text = source.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "changed.py").write_text(text)
    with pytest.raises(lo.UserError) as caught:
        lo.train("adding", plugin_file=folder / "changed.py", runs=folder / "runs", epochs=1, threads=1, **TINY)
    assert not (folder / "runs").exists(), "a run folder was left behind"
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return (self.head(last[0]).squeeze(1),)", "return (self.head(last[0]).squeeze(1), last)", "loss raised Val"),
        (
            "return (self.head(last[0]).squeeze(1),)",
            "return (self.head(last[0]),)",
            r"\(4, 1\), and it is described as",
        ),
        (
            '"lengths": lengths, "answer"',
            '"steps": lengths, "answer"',
            r"loss raised KeyError: 'lengths' \(line \d+ of",
        ),
        ('PrimaryMetric("mse"', 'PrimaryMetric("rmse"', "metrics gives mse, and primary_metric is 'rmse'"),
        ('{"total": np.ones', '{"totl": np.ones', "metrics of the baseline 'always 1' raised KeyError: 'total'"),
        ('"batch": Axis(),', "", "graphs describes no axis 'batch', which 'pairs' has"),
        ('LengthsSource(axis="time"', 'LengthsSource(axis="tiem"', "has lengths 'lengths' along 'tiem'"),
        ("(config.count, 1000, 1000)", "(config.count, 100, 0)", "load_data gives no example in the test part"),
        ("(config.count, 1000, 1000)", "(0, 100, 100)", "load_data gives no example in the train part"),
        (', "lengths": drawn["lengths"]}', "}", "sample makes no 'lengths', which is an input"),
        (SQUARES, "0.5", r"gives 'mse' as float; it must be a pair \(sum, count\)"),
        ('labels=("number", "marker")', 'labels=("number",)', "gives axis 'pair' 1 labels, and its size is 2"),
        ("    Info = Info\n", '    Info = Info\n    adjustable = ("beam",)\n', "adjustable names 'beam', which is no"),
        (".square().mean()", ".square()", r"loss returned a tensor of the shape \(4,\); it must return"),
        (".square().mean()", ".square().mean().detach()", "that no parameter has a part in"),
    ],
)
def test_a_mistake_in_a_task_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = complaint(tmp_path, ADDING, {old: new})
    assert message.startswith("plugin 'adding': ")
    assert re.search(said, message), message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'return {"total": self.head(state[0][0])}, state',
            "return state",
            "module.forward: returned a dict with|tensor",
        ),
        ('{"total": self.head', '{"sum": self.head', "returned a dict with sum; the outputs are total"),
        (
            'return {"total": self.head(state[0][0])}, state',
            'return {"total": self.head(state[0][0])}',
            "with `streams` it must return",
        ),
        ('"total": total}', '"totl": total}', "read: gives no column 'total', which is a feature"),
        ("lengths, state):", "steps, state):", "loss raised TypeError: .*unexpected keyword argument 'lengths'"),
        ('[metrics.mse("total")]', '[metrics.mae("total")]', "metrics gives mae, and primary_metric is 'mse'"),
        ('features["pairs"].size', 'features["pair"].size', "there is no feature 'pair'"),
    ],
)
def test_a_mistake_on_features_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = complaint(tmp_path, EXAMPLES / "adding.py", {old: new})
    assert re.search(said, message), message


def test_a_sound_plugin_trains_to_the_same_weights_with_and_without(tmp_path: Path, monkeypatch) -> None:
    from safetensors.numpy import load_file

    from lstm_onnx.training import train as training

    options = {"plugin_file": ADDING, "epochs": 1, "threads": 1, **TINY}
    rehearsed = lo.train("adding", runs=tmp_path / "a", **options)
    monkeypatch.setattr(training, "rehearse", lambda *_: None)
    bare = lo.train("adding", runs=tmp_path / "b", **options)
    one, other = load_file(rehearsed.weights), load_file(bare.weights)
    assert all((one[name] == other[name]).all() for name in one)
