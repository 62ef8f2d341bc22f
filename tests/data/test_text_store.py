"""A table of text in pieces says what it says as a whole: cells, names, row numbers, and how numbers are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lstm_onnx.data import text_store
from lstm_onnx.data.shown_piece import ShownPiece, showing
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import read_table, row_number
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.text_store import StoredText, store_text
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError

PLAIN = "\n".join(["time,load,note", *(f"2024-01-{k % 28 + 1:02d},{k}.5,word {k % 7}" for k in range(60))])
ODD = {
    "plain": PLAIN,
    "ends of Windows, a mark of order, an end": "\ufeff" + PLAIN.replace("\n", "\r\n") + "\r\n\r\n",
    "lines above, units below, a total": "Report of 2024\n\n" + PLAIN.replace("note\n", "note\n,kWh,\n")
    + "\nTotal,1800,",
    "empty lines and a repeated header": PLAIN.replace("\n2024-01-20", "\n\n\n2024-01-20").replace(
        "2024-01-11,10.5", "time,load,note\n2024-01-11,10.5"),
    "no number of rows in the file's order": "\n".join(
        [",a,b", *(f"{k},{k * 3 % 7},x{k}" for k in range(40)), *(f"{k},1,y" for k in range(30))]),
    "a column that counts the rows": "\n".join([",a,b", *(f"{k},{k * 3 % 7},x{k}" for k in range(70))]),
    "cells of several lines": "\n".join(
        ["id,text,label", *(f'{k},"one, ""two""\nand {k}",{"" if k % 5 else chr(34) * 2}' for k in range(50))]),
    "cells of several lines at the end alone": "\n".join(
        ["id,text,label", *(f'{k},"",b{k}' for k in range(50)), '99,"a\nb",c']),
    "a stray quotation mark": PLAIN.replace("word 3", '5" wide', 1),
    "one column": "\n".join(["text", *(f"word {k}" for k in range(90)), "", "", "end of all"]),
    "a comma in German": "\n".join(["name;weight", *(f"p{k};{k},25" for k in range(60))]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_store, "PIECE", 120)
    monkeypatch.setattr(text_store, "HEAD", 300)


def stored(path: Path, **asked: object) -> StoredText:
    into = path.parent / "pieces"
    into.mkdir()
    return store_text(path, into, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ODD)
def test_pieces_say_what_the_whole_says(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(ODD[name], newline="")
    found = stored(path)
    frames = [pl.read_parquet(file) for file in found.files]
    whole = read_table(path)
    assert len(frames) > 2 or "quotation" in name
    assert_frame_equal(pl.concat(frames), whole)
    numbers = [row_number(path, k) for k in range(len(whole))]
    told = Understanding(whole, path, TableOptions())
    assert bool(found.notes) == bool(reading_notes(path))
    for file, frame in zip(found.files, frames, strict=True):
        facts = found.facts(file, 0, len(frame))
        assert facts.rows is not None
        begin = found.files[file]
        assert facts.rows.tolist() == numbers[begin : begin + len(frame)]
        with showing(ShownPiece(path, frame, facts, None, found.evidence)):
            piece = Understanding(read_table(path), path, TableOptions())
        assert (piece.formats, piece.numbers, piece.decimal) == (told.formats, told.numbers, told.decimal)


def test_what_a_late_cell_says_holds_for_the_first_piece(tmp_path: Path) -> None:
    cells = [f"1.{k % 900 + 100}" for k in range(400)]
    path = tmp_path / "t.csv"
    for last, decimal in (("17,5", ","), ("17.5", "."), ("unknown", ".")):
        path.write_text("\n".join(["name;weight", *(f"p{k};{cell}" for k, cell in enumerate([*cells, last]))]))
        (tmp_path / last).mkdir()
        found = store_text(path, tmp_path / last)
        whole = Understanding(read_table(path), path, TableOptions())
        file = next(iter(found.files))
        frame = pl.read_parquet(file)
        with showing(ShownPiece(path, frame, found.facts(file, 0, len(frame)), None, found.evidence)):
            piece = Understanding(read_table(path), path, TableOptions())
        assert piece.formats == whole.formats
        if last == "unknown":
            with pytest.raises(UserError, match=r"'1\.100' may be 1100 or 1\.100: say which with --decimal"):
                piece.refuse_doubt(["weight"])
        else:
            assert piece.formats["weight"].format.decimal == decimal


def test_columns_of_many_numbers_are_known_by_their_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_onnx.data.evidence.LOOKED_AT", 4)
    random = np.random.default_rng(0)
    table = pl.DataFrame({"a": random.normal(size=200), "b": [*range(199), 2000], "c": ["x y"] * 199 + ["3"]})
    table.write_csv(tmp_path / "t.csv")
    found = stored(tmp_path / "t.csv").evidence
    assert (found["a"].known, found["a"].numbers, found["a"].signs) == (200, 200, {"."})
    assert (found["b"].known, found["b"].whole) == (200, 2000)
    assert found["c"].numbers == 0


@pytest.mark.parametrize("text, asked, told", [
    ("a,b\n" + "1,2\n" * 200 + "3\n", {}, r"row 202: has 1 cell where the header has 2"),
    ("a,b\n" + "1,2\n" * 200 + "3,ä\n", {"encoding": "ascii"}, r"row 202: is not ascii text \(found the byte 0xc3\)"),
    ("1,2\n" * 200, {}, r"give the names with --header"),
    ("a,b\n", {}, "has a header but no rows"),
    ("a,b\r" + "1,2\r" * 300, {}, "its lines do not end in line feeds"),
])  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, asked: dict[str, str], told: str) -> None:
    (tmp_path / "t.csv").write_text(text, newline="", encoding="utf-8")
    with pytest.raises(UserError, match=told):
        stored(tmp_path / "t.csv", **asked)


@pytest.mark.parametrize("text", [None, "", " \n\n", "a,b\n"])
def test_what_holds_nothing_is_refused_as_the_whole_is(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "sails.csv"
    if text is None:
        (tmp_path / "sales.csv").touch()
    else:
        path.write_text(text)
    with pytest.raises(UserError) as whole:
        read_table(path)
    with pytest.raises(UserError) as stored:
        store_text(path, tmp_path)
    assert str(stored.value) == str(whole.value)
    assert str(whole.value).endswith("did you mean 'sales.csv'?" if text is None else "choose another file")


def test_a_quotation_mark_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_store, "LONGEST", 900)
    (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 100 + '3,5" wide\n' + "1,2\n" * 900)
    with pytest.raises(UserError, match=r"a quotation mark is not closed within .* cannot be read in pieces"):
        stored(tmp_path / "t.csv")


def test_another_encoding_and_names_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("".join(f"Käse {k},{k}.5\n" for k in range(90)).encode("latin-1"))
    found = stored(tmp_path / "t.csv", encoding="latin-1", names=("what", "much"))
    frame = pl.concat([pl.read_parquet(file) for file in found.files])
    assert frame.columns == ["what", "much"] and len(frame) == 90 and frame["what"][80] == "Käse 80"
    assert found.facts(next(iter(found.files)), 0, 1).rows == np.array([1])
