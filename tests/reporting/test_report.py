"""A report holds what is known of a model, and needs nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import PrimaryMetric
from lstm_onnx.plugins.registry import load_only_task
from lstm_onnx.reporting.answered import joined
from lstm_onnx.reporting.intervals import blocks_of, sureness
from lstm_onnx.reporting.page import Grid, Picture
from lstm_onnx.reporting.report import Reported

EXPORTED = Path(__file__).parents[2] / "exported"
ADDING = Path(__file__).parents[1] / "adding.py"
RUNTIME = Path(__file__).parents[2] / ".tools" / "node" / "node_modules" / "onnxruntime-web" / "dist"


class Links(HTMLParser):
    """Everything that a page asks for or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        for name, value in attrs:
            if name in ("src", "href"):
                self.found.append(value or "")
            if name == "id":
                self.ids.append(value or "")


@pytest.fixture(scope="module")
def of_run(adding_run, adding_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    out = tmp_path_factory.mktemp("report") / "deep" / "adding.html"
    return lo.report(adding_run, to=out, file=adding_file, seconds=0.01, plugin_file=ADDING)


def test_a_page_of_a_run_asks_nobody(of_run) -> None:
    text = of_run.path.read_text()
    links = Links()
    links.feed(text)
    assert {x for x in links.found if not x.startswith(("#", "data:"))} == set()
    assert {x[1:] for x in links.found if x.startswith("#")} <= set(links.ids)
    assert not re.search(r"https?://", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))
    assert {s.name for s in of_run.page.sections} == {
        *("scores", "answers", "worst", "data", "training", "files", "proof", "use", "origin")
    } - {"answers"}  # this task draws nothing of its answers


def test_its_scores_are_those_of_the_run_and_lie_in_their_intervals(of_run, adding_run) -> None:
    tile = of_run.page.tiles[0]
    low, high = map(float, re.findall(r"[\d.]+", tile.note))
    assert float(tile.value) == pytest.approx(adding_run.scores["mse"], rel=1e-3)
    assert low < float(tile.value) < high < 2 * low
    assert "always 1" in of_run.page.tiles[1].label


def test_the_worst_come_first_and_no_path_of_the_machine_is_told(of_run, tmp_path: Path) -> None:
    worst = next(s for s in of_run.page.sections if s.name == "worst")
    grid = next(p for p in worst.parts if isinstance(p, Grid))
    reached = [float(row[1]) for row in grid.rows]
    assert len(reached) == 6
    assert reached == sorted(reached, reverse=True)
    page = lo.report(EXPORTED / "vowels.onnx", to=tmp_path / "v.html", seconds=0, worst=2)
    text = page.path.read_text()
    assert str(EXPORTED.parent) not in text
    assert {"confusion", "calibration", "worst-examples"} <= {
        p.name for s in page.page.sections for p in s.parts if isinstance(p, Picture)
    }
    assert "13 checks passed" in text


def test_a_card_says_the_same_in_markdown(adding_run, adding_file: Path, of_run, tmp_path: Path) -> None:
    card = lo.report(adding_run, to=tmp_path / "card.md", file=adding_file, seconds=0, plugin_file=ADDING)
    text = card.path.read_text()
    assert f"**mse**: {of_run.page.tiles[0].value}" in text
    pictures = re.findall(r"!\[.*?\]\((.+?)\)", text)
    assert sorted(pictures) == sorted(p.relative_to(tmp_path).as_posix() for p in card.pictures)
    assert pictures
    assert all((tmp_path / p).is_file() for p in pictures)
    header, rule = re.search(r"^(\| metric .*)\n(\| --- .*)$", text, re.MULTILINE).groups()
    assert header.count("|") == rule.count("|")


def test_a_run_without_a_file_says_how_to_get_one(adding_run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = lo.report(adding_run, plugin_file=ADDING, worst=0)
    assert found.path == Path("adding-report.html")
    assert "lstm-onnx export" in found.path.read_text()


def test_the_model_itself_is_in_the_page(adding_file: Path, tmp_path: Path) -> None:
    if not RUNTIME.is_dir():
        pytest.skip("onnxruntime-web is not in .tools")
    found = lo.report(EXPORTED / "traffic.onnx", to=tmp_path / "t.html", seconds=0, worst=0, runtime=RUNTIME)
    text = found.path.read_text()
    assert text.count("<iframe") == 1
    assert "onnxruntime-web&#34;: &#34;data:" in text or "onnxruntime-web&quot;: &quot;data:" in text
    assert '"./' not in text  # what is imported from beside is found by the import map


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"to": Path("report.pdf")}, "a report ends in .html, a model card in .md"),
        ({"to": Path("report.html"), "format": "md"}, "leave one of them out"),
        ({"runtime": Path("nowhere")}, "npm install onnxruntime-web"),
        ({"file": (Path("other.onnx"),)}, "the other files beside it are found"),
    ],
)
def test_what_cannot_be(fields, told: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(told)):
        lo.report(EXPORTED / "traffic.onnx", **{"seconds": 0, "worst": 0} | fields)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_run_is_refused(adding_run) -> None:
    with pytest.raises(UserError, match="and not from"):
        lo.report(adding_run, file=EXPORTED / "vowels.onnx", plugin_file=ADDING)


def test_intervals_of_a_mean_are_those_of_its_standard_error() -> None:
    task = load_only_task(ADDING).task
    errors = np.random.default_rng(0).exponential(size=400)
    single = [{"mse": (float(e), 1)} for e in errors]
    found = sureness(task, {"model": blocks_of(single), "worse": [{"mse": (9.0, 1)}] * 100})
    mse = found.scores["model"]["mse"]
    assert found.blocks == 100
    assert mse.value == pytest.approx(errors.mean())
    assert (mse.high - mse.low) / 2 == pytest.approx(1.96 * errors.std() / 20, rel=0.25)
    assert found.wins == {"worse": 1.0}
    assert PrimaryMetric("mse") == task.primary_metric


def test_batches_of_one_are_joined_as_splits_pad() -> None:
    one = {"values": np.ones((1, 2, 1)), "lengths": np.array([2]), "word": np.array([["a"]], dtype=object)}
    two = {"values": np.ones((1, 3, 1)), "lengths": np.array([3]), "word": np.array([["b", "c"]], dtype=object)}
    both = joined([one, two])
    assert both["values"].sum() == 5
    assert both["values"].shape == (2, 3, 1)
    assert both["lengths"].tolist() == [2, 3]
    assert both["word"].tolist() == [["a", ""], ["b", "c"]]
