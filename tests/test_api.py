"""The Python API as a data scientist uses it: verbs take tables from memory, and each other's results."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.data.frames import to_polars
from lstm_onnx.exporting.exported import Exported
from lstm_onnx.exporting.options import ExportOptions
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.run_folder import Run, open_run
from tests.conftest import ADDING, TINY

QUICK: dict[str, Any] = {"epochs": 2, "hidden": 8, "threads": 1}


def sales(rows: int = 200) -> pl.DataFrame:
    """A week's rhythm, a day a row."""
    day = np.arange(rows)
    noise = np.random.default_rng(0).normal(size=rows)
    dates = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 1) + pl.duration(days=rows - 1), eager=True)
    return pl.DataFrame({"date": dates, "sales": 10 + 3 * np.sin(day * 2 * np.pi / 7) + noise})


@pytest.fixture(scope="module")
def df() -> pd.DataFrame:
    return sales().to_pandas()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def run(df: pd.DataFrame, folder: Path) -> Run:
    return lo.train("forecasting", df, horizon=14, runs=folder / "runs", **QUICK)


@pytest.fixture(scope="module")
def file(run: Run, folder: Path) -> Exported:
    return run.export(folder / "sales.onnx", variant="int8", max_drop=20)


@pytest.fixture(scope="module")
def plain(run: Run, folder: Path) -> Exported:
    return lo.export(run, folder / "plain.onnx")


def test_a_table_is_learnt_from_and_kept_in_the_run(run: Run, df: pd.DataFrame) -> None:
    assert run.record.config["horizon"] == 14
    assert (run.record.training.epochs, run.record.config["hidden"]) == (2, 8)
    assert pl.read_parquet(run.folder / "data.parquet").equals(to_polars(df))
    assert run.source == run.folder / "data.parquet"


def test_scores_history_and_what_a_run_says_of_itself(run: Run) -> None:
    assert run.record.scores is not None
    assert run.scores["mase"] == run.record.scores.model["mase"]
    assert run.history["epoch"].to_list() == [1, 2]
    assert {"train_loss", "validation_loss", "mase"} <= set(run.history.columns)
    told = repr(run)
    assert re.search(r"^Run of forecasting, finished: .*forecasting-table$", told, re.MULTILINE)
    assert "200 rows of 1d" in told
    assert f"mase    {run.scores['mase']:.3f}"[:12] in told
    assert "seasonal naive" in told


def test_a_notebook_shows_a_run_with_its_loss_curves(run: Run) -> None:
    html = run._repr_html_()
    assert "<td>mase</td>" in html and "seasonal naive" in html
    assert html.count('src="data:image/png;base64,iVBOR') == 1  # a PNG begins so
    assert run.history._repr_html_().count("<tr>") == 4  # header, types, two epochs


def test_one_variant_is_a_file_and_a_list_of_them_a_list(
    run: Run, file: Exported, adding_run: Run, folder: Path
) -> None:
    assert file.path == folder / "sales.onnx"
    assert file.contract.variant == "int8"
    both = run.export(folder / "both.onnx", variant=["fp32", "int8"], max_drop=20)
    assert [one.path.name for one in both] == ["both.onnx", "both-int8.onnx"]
    assert [one.contract.variant for one in adding_run.export(folder / "one.onnx", variant=["fp32"])] == ["fp32"]
    by_object = lo.export(adding_run, folder / "object.onnx", options=ExportOptions(variant=("streaming",)))
    assert isinstance(by_object, Exported) and by_object.contract.variant == "streaming"
    assert "int8" in repr(file) and "checks passed" in repr(file) and "mase" in file._repr_html_()


def test_a_file_verifies_evaluates_and_predicts(run: Run, file: Exported, df: pd.DataFrame) -> None:
    report = file.verify(run)
    report.raise_if_failed()
    assert any("PyTorch" in check.name for check in report.checks)
    assert "checks passed" in repr(report) and "<td>ok</td>" in report._repr_html_()
    found = file.evaluate(df)
    assert found.scores["mase"] == pytest.approx(file.scores["mase"], rel=0.02)
    assert "seasonal naive" in repr(found) and "<td>mase</td>" in found._repr_html_()
    answer = file.predict(df)
    assert answer.to_pandas()["sales"].to_numpy() == pytest.approx(answer.table["sales"].to_numpy())
    assert answer.to_polars() is answer.table
    assert answer.table.height == 14
    assert str(answer.table["date"][0]) == "2024-07-19 00:00:00"  # the day after the last of 200, typed as it
    assert repr(answer).startswith("Prediction, 14 rows") and "<table" in answer._repr_html_()


def test_a_failed_verification_says_where(plain: Exported, run: Run, tmp_path: Path) -> None:
    model = onnx.load(plain.path)
    weight = next(t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) == 3)
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * 1.5, weight.name))
    broken = tmp_path / "broken.onnx"
    onnx.save(model, broken)
    broken.with_suffix(".json").write_bytes(plain.path.with_suffix(".json").read_bytes())
    report = lo.verify(broken, run)
    assert not report.passed
    assert "FAILED at 'golden examples" in repr(report) and "<td>FAILED</td>" in report._repr_html_()


@pytest.mark.parametrize("kind", ["path", "export", "model"])
def test_verbs_take_what_other_verbs_return(
    kind: str, run: Run, plain: Exported, df: pd.DataFrame, tmp_path: Path
) -> None:
    x: Any = {"path": str(plain.path), "export": plain, "model": lo.load(plain)}[kind]
    wanted = lo.load(plain.path).predict(df).outputs["forecast"]
    np.testing.assert_array_equal(lo.load(x).predict(df).outputs["forecast"], wanted)
    assert lo.verify(x).passed
    assert lo.verify(x, run).passed
    assert lo.verify(x, str(run.folder)).passed
    assert lo.evaluate(x, df).scores.model == pytest.approx(run.scores, rel=1e-4)
    assert lo.examine(x, "web") == ()
    (figures,) = lo.benchmark(x, seconds=0.02, threads=1)
    assert figures.median > 0
    assert (lo.embed(x, "c", tmp_path / "out").folder / "model.onnx").read_bytes() == plain.path.read_bytes()


def test_methods_of_a_file_are_the_verbs(plain: Exported, tmp_path: Path) -> None:
    assert plain.examine("web") == ()
    assert plain.benchmark(seconds=0.02, threads=1)[0].cell.file == plain.path
    assert plain.embed("c", tmp_path / "out").folder == tmp_path / "out"
    assert plain.load().contract == plain.contract


def test_a_run_is_evaluated_and_exported_by_itself_or_its_folder(run: Run, df: pd.DataFrame, tmp_path: Path) -> None:
    for x in (run, run.folder, str(run.folder)):
        assert lo.evaluate(x).scores.model == pytest.approx(run.scores, rel=1e-5)
    assert lo.evaluate(run, df).scores.model == pytest.approx(run.scores, rel=1e-5)
    other = lo.evaluate(run, sales(150), plot=tmp_path)  # all of it
    assert other.examples > lo.evaluate(run).examples
    assert other.summary == f"all {other.examples} forecasts of the table"
    assert 'src="data:image/png' in lo.evaluate(run, plot=tmp_path)._repr_html_()
    assert lo.export(run.folder, tmp_path / "a.onnx").contract.name == "a"


def test_a_run_moves_with_its_table(df: pd.DataFrame, tmp_path: Path) -> None:
    run = lo.train("forecasting", df, horizon=14, runs=tmp_path / "runs", **QUICK)
    moved = open_run(run.folder.rename(tmp_path / "elsewhere"))
    assert lo.evaluate(moved).scores.model == pytest.approx(run.scores, rel=1e-5)
    assert moved.export(tmp_path / "a.onnx", variant="int8", max_drop=20).contract.variant == "int8"


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "index", "pyarrow", "file"])
def test_every_kind_of_table_teaches_the_same(kind: str, run: Run, tmp_path: Path) -> None:
    frame = sales()
    frame.write_parquet(tmp_path / "sales.parquet")
    data: Any = {
        "polars": frame,
        "lazy": frame.lazy(),
        "pandas": frame.to_pandas(),
        "index": frame.to_pandas().set_index("date"),
        "pyarrow": frame.to_arrow(),
        "file": tmp_path / "sales.parquet",
    }[kind]
    again = lo.train("forecasting", data, horizon=14, runs=tmp_path / "runs", **QUICK)
    assert again.scores == run.scores
    wanted = load_file(run.weights)
    for name, array in load_file(again.weights).items():
        np.testing.assert_array_equal(array, wanted[name])


class StopAfterOne(Observer):
    """Presses Ctrl-C after the first epoch."""

    def epoch_ended(self, row: Any, is_best: bool) -> None:
        raise KeyboardInterrupt


def test_a_run_of_a_table_is_resumed_unless_the_table_was_changed(run: Run, df: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("first", "second"):
        with pytest.raises(lo.UserError, match="--resume"):
            lo.train("forecasting", df, horizon=14, runs=tmp_path, name=name, observers=StopAfterOne(), **QUICK)
    assert lo.resume(open_run(tmp_path / "first")).scores == run.scores
    kept = tmp_path / "second" / "data.parquet"
    pl.read_parquet(kept).with_columns(pl.col("sales") * 2).write_parquet(kept)
    with pytest.raises(lo.UserError, match=r"data\.parquet: not what the run second was trained on"):
        lo.resume(tmp_path / "second")


@pytest.mark.parametrize("convert", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.lazy])
def test_predict_takes_every_kind_of_table(convert: Any, plain: Exported) -> None:
    wanted = lo.load(plain).predict(sales()).table
    assert lo.load(plain).predict(convert(sales())).table.equals(wanted)


def test_tables_of_pandas_become_plain_ones() -> None:
    clock = pd.date_range("2024-01-01", periods=2, freq="D")
    unnamed = pd.DataFrame({"kind": pd.Categorical(["a", "b"]), 7: [1.0, 2.0]}, index=clock)
    found = to_polars(unnamed)
    assert found is not None
    assert found.columns == ["time", "kind", "7"]
    assert found["kind"].dtype == pl.String
    counted = to_polars(pd.DataFrame({"x": [1, 2, 3]})[lambda t: t["x"] > 1])
    assert counted is not None and counted.columns == ["x"]
    assert to_polars(pa.table({"x": [1]})).equals(pl.DataFrame({"x": [1]}))  # type: ignore[union-attr]
    assert to_polars({"x": [1]}) is None and to_polars(3) is None
    with pytest.raises(lo.UserError, match=r"the table: .*'a' 2 times.*a name of its own"):
        to_polars(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(lo.UserError, match="the table: a column holds values of several kinds"):
        to_polars(pd.DataFrame({"x": [1, "a", {}]}))


def test_errors_speak_of_the_table_and_leave_nothing(df: pd.DataFrame, run: Run, tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"^the table: there is no column 'sale'.*did you mean 'sales'"):
        lo.train("forecasting", df, target="sale", runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    with pytest.raises(lo.UserError, match=r"^the table: .*200|^the table: there is no column 'date'"):
        lo.evaluate(run, df.rename(columns={"date": "when"}))


WRONG: dict[str, tuple[str, str]] = {
    "load(run)": ("run folder", "load needs a file; export it first: .*run.export()"),
    "verify(run)": ("run folder", "verify needs a file; export it first"),
    "examine(run, 'web')": ("run folder", "examine needs a file"),
    "benchmark(run)": ("run folder", "benchmark needs a file"),
    "embed(run, 'c', out)": ("run folder", "embed needs a file"),
    "verify(plain, plain)": ("is a file", "verify needs the folder of a run"),
    "export(plain)": ("is a file", "export needs the folder of a run"),
    "resume(plain)": ("is a file", "resume needs the folder of a run"),
    "load(df)": ("a DataFrame", "load: .* needs an exported .onnx file"),
    "load(None)": ("nothing", "load: .* needs an exported .onnx file"),
    "verify(3)": ("a int", "verify: .* needs an exported .onnx file"),
    "verify(plain, 3)": ("a int", "verify: .* needs a run folder"),
    "export(3)": ("a int", "export: .* needs a run folder"),
    "export(run, 3)": ("a int", "export: .* needs a path to write to"),
    "evaluate(3)": ("a int", "evaluate: .* needs a run or an exported file"),
    "evaluate(run, 3)": ("a int", "evaluate: .* give a path, or a table"),
    "evaluate(out)": ("nothing", "no such file"),
    "train('forecasting', 3)": ("a int", "train: .* give a path, or a table of polars, pandas or pyarrow"),
    "train('forecasting', {'x': [1]})": ("a dict", "give a path, or a table"),
    "train('forecasting', observers=[3])": ("a int", "an observer is"),
    "train('forecasting', horizons=3)": ("'horizons'", "not an option .* did you mean 'horizon'"),
    "train('forecasting', df, horizon='soon')": ("--horizon soon", "integer"),
    "load(plain).predict(3)": ("a int", "predict: .* needs a path, a table"),
    "load(plain).predict(None)": ("a NoneType", "predict: .* needs a path, a table"),
    "benchmark([plain, run], seconds=0.1)": ("run folder", "benchmark needs a file"),
    "embed(plain, 'c', 3)": ("a int", "embed: .* needs a folder"),
    "embed(plain, 'cc', out)": ("'cc'|cc", "did you mean"),
    "export(run, variant='int9')": ("int9", "did you mean 'int8'"),
    "export(run, depth=3)": ("'depth'", "not an option of export"),
    "verify(plain, engines='onyx')": ("onyx", "not installed"),
}


@pytest.mark.parametrize("call", WRONG)
def test_what_does_not_fit_gets_one_line(call: str, run: Run, plain: Exported, df: pd.DataFrame, folder: Path) -> None:
    given, needed = WRONG[call]
    names = {name: getattr(lo, name) for name in lo.__all__} | {
        "run": run,
        "plain": plain,
        "df": df,
        "out": folder / "nothing",
    }
    with pytest.raises(lo.UserError) as caught:
        eval(call, names)
    text = str(caught.value)
    assert "\n" not in text
    assert re.search(needed, text), text
    assert re.search(given, text), text


def test_parameters_of_release_0_1_warn_and_work(tmp_path: Path) -> None:
    old: dict[str, Any] = {"config": TINY, "settings": {"epochs": 1, "threads": 1}}
    with pytest.warns(DeprecationWarning, match=r"(config|settings)=.* is plain keywords") as warned:
        run = lo.train("adding", plugin_file=ADDING, runs=tmp_path, **old)
    assert {w.filename for w in warned} == {__file__}
    assert run.history.height == 1 and run.record.config["hidden"] == TINY["hidden"]
    seen = []

    class Watch(Observer):
        def epoch_ended(self, row: Any, is_best: bool) -> None:
            seen.append(row["epoch"])

    with pytest.warns(DeprecationWarning, match=r"observer= is observers="):
        lo.train("adding", plugin_file=ADDING, runs=tmp_path, observer=Watch(), epochs=2, threads=1, **TINY)
    assert seen == [1, 2]
    with pytest.warns(DeprecationWarning, match=r"export\(out=...\) is export\(to=...\)"):
        assert lo.export(run, out=tmp_path / "old.onnx").path == tmp_path / "old.onnx"


def test_the_package_lists_what_there_is() -> None:
    assert set(dir(lo)) >= {"train", "resume", "export", "load", "verify", "evaluate", "examine", "benchmark", "embed"}
    with pytest.warns(DeprecationWarning, match="lstm_onnx.Task is lstm_onnx.plugin.Task now"):
        _ = lo.Task


def test_loading_and_tables_need_no_torch(plain: Exported) -> None:
    code = (
        "import sys, lstm_onnx as lo, pandas as pd\n"
        f"table = pd.read_parquet({str(plain.path.parent / 'table.parquet')!r})\n"
        f"print(lo.load({str(plain.path)!r}).predict(table).to_pandas().shape, 'torch' in sys.modules)"
    )
    sales().write_parquet(plain.path.parent / "table.parquet")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(14, 2) False"
