"""More data than memory holds: part by part, by several processes, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.inference.in_parts import RECORD, predict_parts
from lstm_onnx.inference.part_answer import Asked
from lstm_onnx.inference.part_list import list_parts

EXPORTED = Path(__file__).parents[2] / "exported"
NEWS = str(EXPORTED / "news.onnx")
LIFE = EXPORTED / "life.onnx"
WORDS = "oil wheat bank rate profits dollar ship"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of three files, of 500, 120 and 1 texts."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, count in (("a", 500), ("b", 120), ("c", 1)):
        rows = {
            "id": [f"{name}{k}" for k in range(count)],
            "text": [f"{WORDS} {'corn ' * (k % 9)}" for k in range(count)],
        }
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")
    return folder


def answers(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.parquet")}


def test_the_parts_together_are_the_answers_to_the_whole(texts: Path, tmp_path: Path) -> None:
    done = predict_parts(Asked(NEWS, top=0), texts / "*.parquet", tmp_path / "out", part_rows=200)
    assert (done.parts, done.rows, done.failed) == (5, 621, {})
    assert sorted(answers(tmp_path / "out")) == [
        "a-0.parquet", "a-1.parquet", "a-2.parquet", "b.parquet", "c.parquet"
    ]  # fmt: skip
    parts = pl.concat(pl.read_parquet(tmp_path / "out" / name) for name in sorted(answers(tmp_path / "out")))
    whole = pl.concat(pl.read_parquet(file) for file in sorted(texts.iterdir()))
    expected = lo.load(NEWS).predict(whole, top=0).table
    assert parts.get_column("id").to_list() == expected.get_column("id").to_list()
    assert parts.get_column("label").to_list() == expected.get_column("label").to_list()


def test_several_processes_write_the_same_bytes(texts: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / str(workers), workers=workers, part_rows=200)
    assert answers(tmp_path / "1") == answers(tmp_path / "2") != {}


def test_it_goes_on_after_a_kill(texts: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lstm_onnx",
        "predict",
        NEWS,
        str(texts / "*.parquet"),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--part-rows", "3", "--workers", "2"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    while len(answers(tmp_path / "out")) < 10 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = answers(tmp_path / "out")
    assert 10 <= len(before) < 208, "it was killed in the middle"
    done = predict_parts(Asked(NEWS, top=0), texts / "*.parquet", tmp_path / "out", part_rows=3)
    assert done.before == len(before) and done.parts == 208
    predict_parts(Asked(NEWS, top=0), texts / "*.parquet", tmp_path / "once", part_rows=3)
    assert answers(tmp_path / "out") == answers(tmp_path / "once"), "no part is lost, doubled or halved"


def as_text(frame: pl.DataFrame) -> str:
    """Write texts as an export may: remarks above, semicolons, and line ends within quotes."""
    lines = ["made by hand", "", "id;text"]
    lines += [f'{name};"{text}; more\nnext line"' for name, text in frame.iter_rows()]
    return "\n".join(lines) + "\n"


def test_a_file_of_text_is_read_in_pieces_too(texts: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(texts / "a.parquet")
    file = tmp_path / "a.csv"
    file.write_text(as_text(frame))
    done = predict_parts(Asked(NEWS, top=0), file, tmp_path / "out", part_rows=200)
    assert (done.parts, done.rows, done.failed) == (3, 500, {})
    assert not list((tmp_path / "out").glob(".*")), "no piece is left behind"
    found = pl.concat(pl.read_parquet(tmp_path / "out" / name) for name in sorted(answers(tmp_path / "out")))
    whole = lo.load(NEWS).predict(file, top=0).table
    assert found.get_column("text").to_list() == whole.get_column("text").to_list()
    assert found.get_column("label").to_list() == whole.get_column("label").to_list()
    lines = texts / "b.jsonl"
    pl.read_parquet(texts / "b.parquet").write_ndjson(lines)
    assert [p.rows for p in list_parts(lo.load(NEWS).require_contract(), lines, 50)] == [50, 50, 20]


def test_an_odd_quotation_mark_keeps_a_file_whole(texts: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(as_text(pl.read_parquet(texts / "a.parquet")) + 'x;5" screen\n')
    assert len(list_parts(lo.load(NEWS).require_contract(), file, 100)) == 1


def test_a_bad_cell_of_a_piece_is_named_by_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "machines.csv"
    frame = machines([k for k in range(20) for _ in range(5)])
    file.write_text(frame.write_csv().replace("m15,2.5,60.0,pump,1.0", "m15,2.5,hot,pump,1.0", 1))
    done = predict_parts(Asked(str(LIFE)), file, tmp_path / "out", part_rows=50)
    (wrong,) = done.failed.values()
    assert wrong.startswith(
        f"{file}, rows 51 to 100, counted from the header: row 27, column 'temperature': found 'hot'"
    )
    assert done.rows == 10


def test_a_bad_part_is_named_and_stops_no_other(texts: Path, tmp_path: Path) -> None:
    (texts / "bad.parquet").write_bytes(b"PAR1 and no more")
    done = predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "out")
    assert list(done.failed) == [str(texts / "bad.parquet")] and len(answers(tmp_path / "out")) == 3
    assert str(texts / "bad.parquet") in (tmp_path / "out" / "bad.error.txt").read_text()
    pl.DataFrame({"id": ["x"], "text": ["oil"]}).write_parquet(texts / "bad.parquet")
    again = predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "out")
    assert (again.before, again.rows, again.failed) == (3, 1, {})
    assert not list((tmp_path / "out").glob("*.error.txt"))


def test_a_file_that_has_changed_is_answered_anew(texts: Path, tmp_path: Path) -> None:
    predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "out")
    pl.DataFrame({"id": ["new"], "text": ["wheat and corn"]}).write_parquet(texts / "c.parquet")
    done = predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "out")
    assert (done.before, done.rows) == (2, 1)
    assert pl.read_parquet(tmp_path / "out" / "c.parquet").get_column("id").to_list() == ["new"]


def test_answers_to_another_question_are_not_mixed(texts: Path, tmp_path: Path) -> None:
    predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "out")
    with pytest.raises(lo.UserError, match=r"holds answers of another question \(keep differ\)"):
        predict_parts(Asked(NEWS, keep=("all",)), texts / "*.parquet", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear …")
    with pytest.raises(lo.UserError, match="holds something else already"):
        predict_parts(Asked(NEWS), texts / "*.parquet", tmp_path / "full")
    assert json.loads((tmp_path / "out" / RECORD).read_text())["question"]["keep"] == []


def machines(order: list[int]) -> pl.DataFrame:
    row = {"vibration": 1.0, "temperature": 60.0, "kind": "pump", "load": 1.0}
    return pl.DataFrame([{"machine": f"m{k}", **row, "vibration": 1.0 + 0.1 * k} for k in order])


def test_an_example_stays_whole(tmp_path: Path) -> None:
    contract = lo.load(LIFE).require_contract()
    machines([k for k in range(10) for _ in range(30)]).write_parquet(tmp_path / "m.parquet")
    parts = list_parts(contract, tmp_path / "m.parquet", rows=100)
    assert [(p.begin, p.rows) for p in parts] == [(0, 90), (90, 90), (180, 90), (270, 30)]
    done = predict_parts(Asked(str(LIFE)), tmp_path / "m.parquet", tmp_path / "out", part_rows=100)
    assert done.rows == 10 and not done.failed


def test_rows_of_one_example_that_stand_apart_are_refused(tmp_path: Path) -> None:
    machines([0, 0, 1, 1, 0]).write_parquet(tmp_path / "m.parquet")
    with pytest.raises(lo.UserError, match=r"the rows of machine m0 stand apart.*sort it by machine, or give"):
        list_parts(lo.load(LIFE).require_contract(), tmp_path / "m.parquet", rows=2)


def test_a_pattern_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match="no file has such a name; put the pattern in quotes"):
        predict_parts(Asked(NEWS), tmp_path / "*.parquet", tmp_path / "out")


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "lstm_onnx", *map(str, words)], capture_output=True, text=True)


def test_the_command_says_what_failed_and_ends_with_2(texts: Path, tmp_path: Path) -> None:
    (texts / "bad.csv").write_text("id,other\n1,2\n")
    found = run("predict", NEWS, texts / "*", "--out", tmp_path / "out")
    assert found.returncode == 2 and "bad.csv: " in found.stderr and "the same command again" in found.stderr
    assert "parts    3 of 4" in found.stdout
    (texts / "bad.csv").unlink()
    found = run("predict", NEWS, texts / "*", "--out", tmp_path / "out", "--json")
    assert found.returncode == 0 and json.loads(found.stdout)["before"] == 3
    found = run("predict", NEWS, texts / "*", "--out", tmp_path / "out.csv")
    assert found.returncode == 2 and "name a new folder for them" in found.stderr
