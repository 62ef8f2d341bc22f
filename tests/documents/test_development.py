"""The development table: what is kept is not run again, its sums follow from the figures, and the page shows them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.development import __main__ as development
from benchmarks.development.figures import KEPT, RIVALS, Figure, append, read, trained
from benchmarks.development.part import Part
from benchmarks.development.tables import as_table


def test_the_page_shows_the_figures_that_are_kept() -> None:
    page = development.README.read_text(encoding="utf-8")
    assert page.count("<!-- table ") == len(development.PARTS)
    assert development.with_tables(page, read(RIVALS, KEPT)) == page, "run: python -m benchmarks.development --readme"


def test_figures_of_the_page_say_what_made_them() -> None:
    ours, others = read(KEPT), read(RIVALS)
    assert all(f.release for f in ours if f.method == "default")
    assert all(f.machine in ("CPU, 1 thread", "GPU") for f in ours if f.seconds is not None)
    assert {f.method for f in others if f.source == "published"} == {"InceptionTime"}
    finals = {f.set for f in ours if f.part == "ucr-final"}
    assert finals.isdisjoint(f.set for f in ours if f.part == "ucr")


def _figure(name: str, method: str, value: float, **fields: Any) -> Figure:
    return Figure("ucr", name, method, "accuracy", value, **fields)


def test_sums_of_a_table() -> None:
    figures = [
        *(_figure("A", "default", value, seed=seed, seconds=4.0) for seed, value in enumerate((0.8, 0.9, 1.0))),
        *(_figure(name, "default", value, seed=0) for name, value in (("B", 0.5), ("C", 0.7), ("D", 0.7))),
        *(_figure(name, "DTW", v) for name, v in (("A", 0.8), ("B", 0.6), ("C", 0.7), ("D", 0.7004))),
        *(_figure(name, "deep", v) for name, v in (("A", 1.0), ("B", 0.7), ("C", 0.6))),
        _figure("E", "DTW", 1.0),  # the default was not run there
        _figure("A", "old", 0.1),
    ]
    lines = as_table(figures, ("DTW", "deep", "old")).splitlines()
    assert lines[2] == "| A | 0.900 ± 0.100 | 0.800 | **1.000** | 0.100 | 4 |"
    assert lines[5] == "| D | 0.700 | 0.700 |  |  |  |"  # equal as they are shown
    assert "- The default against DTW: better on 1, equal on 2, worse on 1 of 4 sets; mean 0.700 and 0.700." in lines
    # A: deep, default, DTW; B: deep, DTW, default; C: default and DTW share the first two places
    assert lines[-1] == "- Mean rank on 3 sets: deep 1.67, default 2.17, DTW 2.17."


def test_the_lowest_error_is_the_best() -> None:
    figures = [Figure("x", "A", m, "MASE", v, better="min") for m, v in (("default", 1.0), ("naive", 2.0), ("mean", 3))]
    assert "against naive: better on 1" in as_table(figures, ("naive",))
    beside = as_table(figures, None)
    assert "| A | MASE ↓ | 1.000 | 2.000 naive |  |" in beside
    assert "worse on 0 of 1 set." in beside


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Trainings that are made, of a part with two sets and one without its package."""
    made: list[tuple[str, int]] = []

    def train(name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
        if (name, seed) == ("B", 1) and made.count(("B", 1)) == 0:
            made.append((name, seed))
            raise KeyboardInterrupt
        made.append((name, seed))
        yield trained("ucr", name, seed, changed, metric="accuracy", value=0.5 + seed / 10, seconds=1.0)

    def missing() -> list[str]:
        raise SystemExit("the package 'texts_of_somebody' is missing")

    parts = {"ucr": Part("two sets", lambda: ["A", "B"], train, None, ("1-NN DTW",))}
    parts["texts"] = Part("texts", missing, train, None, ())
    monkeypatch.setattr(development, "PARTS", parts)
    return made


def test_goes_on_where_it_was(
    runs: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kept" / "figures.jsonl"
    command = ["development", "--seeds", "0", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(KeyboardInterrupt):
        development.main()
    assert runs == [("A", 0), ("B", 0), ("A", 1), ("B", 1)]
    whole = out.read_text()
    out.write_text(whole + whole.splitlines()[0][:30])  # killed while it wrote a line
    development.main()
    assert runs[4:] == [("B", 1)]
    said = capsys.readouterr()
    assert "| B | 0.550 ± 0.071 | 1 |" in said.out
    assert "texts is left out: the package 'texts_of_somebody' is missing" in said.err
    monkeypatch.setattr(sys, "argv", [*command, "--table"])
    development.main()
    assert len(runs) == 5
    monkeypatch.setattr(sys, "argv", [*command, "--set", "learning_rate=0.002", "--sets", "A"])
    development.main()
    assert runs[5:] == [("A", 0), ("A", 1)]
    assert "| set | default | learning_rate=0.002 | seconds |" in capsys.readouterr().out


def test_the_later_figure_of_the_same_stays(tmp_path: Path) -> None:
    kept = tmp_path / "figures.jsonl"
    append(kept, [_figure("A", "default", 0.1, seed=0)])
    append(kept, [_figure("A", "default", 0.2, seed=0), _figure("A", "default", 0.3, seed=1)])
    assert [(f.value, f.seed) for f in read(kept)] == [(0.2, 0), (0.3, 1)]
