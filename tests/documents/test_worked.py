"""The worked examples do run, small, and what they say of themselves holds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tools.documents.links import ROOT

FOLDER = ROOT / "examples" / "worked"
QUICK = {"epochs": 1, "batch_size": 128}


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_on_the_page_with_its_output() -> None:
    page = (ROOT / "docs" / "tutorials" / "worked.md").read_text()
    for file in FOLDER.glob("*.py"):
        assert f"<!-- made from the code: file examples/worked/{file.name} -->" in page
        assert f"python examples/worked/{file.name}" in page
    assert page.count("```text") == len(list(FOLDER.glob("*.py")))


def test_heartbeats_are_read_from_the_archive_and_classified(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    ecg = example("ecg")
    random = np.random.default_rng(0)
    for part, count in (("TRAIN", 30), ("TEST", 12)):
        beats = random.normal(np.arange(count) % 2, 1, (16, count)).round(4).T
        lines = [f"{(-1, 1)[k % 2]}\t" + "\t".join(map(str, beat)) for k, beat in enumerate(beats)]
        (tmp_path / f"Beats_{part}.tsv").write_text("\n".join(lines))
    assert ecg.read(tmp_path)["beat"].unique().sort().to_list() == ["-1", "1"]
    scores = ecg.main(tmp_path, hidden=4, **QUICK)
    said = capsys.readouterr().out
    assert "42 beats, 12 of them to score" in said
    assert f"lstm-onnx: accuracy {scores.model['accuracy']:.3f}" in said
    assert "really -1: " in said


def test_costs_are_paid_and_the_best_way_is_told(capsys: pytest.CaptureFixture) -> None:
    portfolio = example("portfolio")
    found = np.zeros((4, 4))
    worth, trades = portfolio.traded(found, range(4), lambda day, held: np.eye(4)[day])
    assert (round(worth, 6), trades) == (round((1 - 0.001) * (1 - 0.002) ** 3, 6), 4)
    told = portfolio.main(days=160, folds=1, **QUICK)
    said = capsys.readouterr().out
    for name, ways in told.items():
        told_of = said.split(name)[1]
        best = max(ways, key=ways.get)
        assert (f"do not use the model: '{best}' is better" in told_of) or best == "model"


def test_no_window_sees_the_day_that_it_forecasts() -> None:
    portfolio = example("portfolio")
    found = portfolio.returns(40, 0.5, np.random.default_rng(0))
    table = portfolio.windows(found, 20, 22)
    assert table["day"].unique().to_list() == [20, 21]
    assert (table["step"] < table["day"]).all()
    assert table["next_east"].unique().sort().to_list() == sorted(found[20:22, 1])


def test_decisions_on_credit_follow_their_costs(capsys: pytest.CaptureFixture) -> None:
    credit = example("credit")
    bad = np.array([True, False, False, False])
    assert credit.cost(bad, np.array([False, True, False, False])) == 100 * (10 + 1) / 4
    told = credit.main(count=120, **QUICK)
    assert len(told) == 4
    assert "area under the curve" in capsys.readouterr().out


def test_the_arm_is_moved_by_a_stream() -> None:
    robot = example("robot")
    told = robot.main(demonstrations=6, trials=3, **QUICK)
    assert told["expert, who sees speeds"] < 0.1 < told["no action"]
    assert np.isfinite(told["learner, as a stream"])


def test_frames_that_agree_are_joined() -> None:
    clip = example("clip_captions")
    assert clip.joined(list("aaaabaaacccc")) == [("a", 0, 8), ("c", 8, 12)]
    found, told = clip.main(ROOT / "exported" / "scenes.onnx")
    assert [caption for caption, _, _ in found] == [caption for caption, _ in told]
