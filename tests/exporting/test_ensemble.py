"""Several runs in one file: what it answers is the mean of what each answers by itself, and it is proved like any."""

from __future__ import annotations

import dataclasses
import random
import shutil

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.contract import Axis, TensorSpec, from_json, to_json
from lstm_onnx.data.joining import means
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.variant_quality import QualityDrop
from lstm_onnx.exporting.destination import refuse_overwriting
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.task import Answer
from lstm_onnx.training.alike import unlike
from lstm_onnx.training.restore import restore, restore_together
from lstm_onnx.training.several import Several

from ..conftest import ADDING, TINY


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Several:
    runs = tmp_path_factory.mktemp("runs")
    return lo.train_several("adding", seeds=3, plugin_file=ADDING, **TINY, epochs=1, threads=1, runs=runs, name="three")


@pytest.fixture(scope="module")
def both(seeds: Several, tmp_path_factory: pytest.TempPathFactory) -> list[lo.Exported]:
    return lo.export(seeds, tmp_path_factory.mktemp("exported") / "three.onnx", variant=["fp32", "streaming"])


@pytest.fixture
def together(both: list[lo.Exported]) -> lo.Exported:
    return both[0]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> list[lo.Run]:
    """Two classifiers of texts that kept different examples for the test, and so know different words."""
    folder, draw = tmp_path_factory.mktemp("texts"), random.Random(1)
    rows = ["text,label"]
    for k in range(60):
        words = [
            *draw.sample(["good", "fine", "warm"] if k % 2 else ["bad", "cold", "slow"], 2),
            f"w{draw.randrange(40)}",
        ]
        rows.append(f"{' '.join(words)},{'yes' if k % 2 else 'no'}")
    (folder / "texts.csv").write_text("\n".join(rows))
    options = {"hidden": 4, "embedding": 4, "epochs": 1, "threads": 1, "min_count": 1, "runs": folder / "runs"}
    return [lo.train("classification", folder / "texts.csv", seed=k, name=f"t{k}", **options) for k in (1, 2)]


@pytest.fixture(scope="module")
def of_texts(texts: list[lo.Run], tmp_path_factory: pytest.TempPathFactory) -> lo.Exported:
    return lo.export(texts, tmp_path_factory.mktemp("exported") / "e.onnx")


def inputs(seed: int = 0) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {"pairs": draw.random((4, 7, 2), dtype=np.float32), "lengths": np.array([7, 2, 5, 3])}


def alone(run: lo.Run) -> Answer:
    return torch_reference(restore(run).graphs[0])


def test_it_answers_with_the_mean(seeds: Several, together: lo.Exported) -> None:
    each = [alone(run)(inputs())["total"] for run in seeds.runs]
    assert np.ptp(np.stack(each), axis=0).max() > 1e-3
    found = together.load().run(inputs())["total"]
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-5, atol=1e-6)


def test_it_says_what_it_is_made_of_and_how_well_it_answers(seeds: Several, together: lo.Exported) -> None:
    origin, scores = together.contract.provenance, together.contract.scores
    assert origin.members is not None and origin.run == "three"
    assert [(m.run, m.seed, m.parts) for m in origin.members] == [("seed-0", 0, 0), ("seed-1", 1, 0), ("seed-2", 2, 0)]
    own = [run.scores["mse"] for run in seeds.runs]
    assert [m.score for m in origin.members] == pytest.approx(own)
    assert scores is not None and scores.model["mse"] <= np.mean(own) + 1e-6  # of squared errors no mean is worse
    assert from_json(to_json(together.contract), "here") == together.contract


def test_it_is_verified_against_all_of_its_runs(seeds: Several, together: lo.Exported) -> None:
    assert together.verify(seeds).passed
    with pytest.raises(UserError, match="was given 1 run, and the file was exported from 3: seed-0, seed-1, seed-2"):
        together.verify(seeds.runs[0])


def test_a_stream_has_a_state_for_each(both: list[lo.Exported]) -> None:
    stream = both[1]
    assert [s.input for s in stream.contract.states] == ["hidden", "cell", "hidden_2", "cell_2", "hidden_3", "cell_3"]
    assert stream.report.passed and any(check.name.startswith("pieces") for check in stream.report.checks)


def test_another_ensemble_is_not_written_over_it(seeds: Several, together: lo.Exported) -> None:
    refuse_overwriting(together.path, seeds.runs)
    for others in (seeds.runs[:1], seeds.runs[:2]):
        with pytest.raises(UserError, match="was made of another run"):
            refuse_overwriting(together.path, others)


def test_runs_are_given_once_and_are_all_trained(seeds: Several) -> None:
    with pytest.raises(UserError, match="seed-1: is given twice"):
        lo.export([seeds.runs[1], seeds])
    shutil.copytree(seeds.folder, half := seeds.folder.with_name("half"))
    shutil.rmtree(half / "seed-1")
    with pytest.raises(UserError, match=r"half: not all of its runs are trained; go on with: .*--resume"):
        lo.export(half)


def test_members_keep_their_own_words(texts: list[lo.Run], of_texts: lo.Exported) -> None:
    asked = {"text": np.array(["good warm w1 w2 w3 w4 w5 w6", "slow w7 w8 w9 w10", ""], dtype=object)}
    one, two = (alone(run)(asked)["probabilities"] for run in texts)
    found = of_texts.load().run(asked)
    np.testing.assert_allclose(found["probabilities"], (one + two) / 2, rtol=1e-5, atol=1e-6)
    labels = of_texts.contract.axes["class"].labels
    assert labels is not None and [labels[k] for k in found["probabilities"].argmax(axis=1)] == list(found["label"])


def test_no_score_stands_on_examples_that_a_member_learnt_from(texts: list[lo.Run], of_texts: lo.Exported) -> None:
    assert of_texts.contract.scores is None and "different examples for the test" in of_texts.note
    assert texts[0].source is not None
    with pytest.raises(UserError, match="its runs kept different examples"):
        lo.evaluate(of_texts, texts[0].source)
    with pytest.raises(UserError, match="kept different examples for the test"):
        QualityDrop(restore_together(texts), b"").scores(b"")  # of int8, or fp16
    with pytest.raises(UserError, match="numbers words in its own way"):
        lo.export(texts, numeric=True)


def test_runs_of_different_tasks_do_not_go_together(seeds: Several, texts: list[lo.Run]) -> None:
    with pytest.raises(UserError, match=r"is a run of .classification., and .* one of .adding."):
        lo.export([seeds.runs[0], texts[0]])


def test_what_differs_is_named(seeds: Several) -> None:
    graph = restore(seeds.runs[0]).graphs[0]
    pairs, _ = graph.inputs
    total = graph.outputs[0]

    def axes(**other: Axis) -> dict[str, Axis]:
        return {"axes": graph.axes | other}  # type: ignore[dict-item]

    differing = {
        r"it takes 'pairs', and not 'pairs', 'lengths'": {"inputs": (pairs,)},
        r"its 'total' has another unit \(m, and not None\)": {"outputs": (total.model_copy(update={"unit": "m"}),)},
        r"its 'pair' lacks 'marker' and has 'mark'": axes(pair=Axis(size=2, labels=("number", "mark"))),
        r"its 'time' has another size": axes(time=Axis(min=3)),
    }
    assert unlike(graph, graph) is None
    assert unlike(graph, dataclasses.replace(graph, **axes(time=Axis(min=2, example_size=99)))) is None  # lengths tell
    for why, change in differing.items():
        with pytest.raises(UserError, match=why):
            raise UserError(unlike(graph, dataclasses.replace(graph, **change)) or "alike")  # type: ignore[arg-type]


def test_what_has_no_mean_is_refused() -> None:
    with pytest.raises(UserError, match="cannot answer as one: 'answer' is string"):
        means("some", [TensorSpec(name="answer", dtype="string", dims=(), meaning="")])
