"""Files of captions in every form, and what is refused of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.raw_captions import Row
from lstm_onnx_captioning.reading import read

from lstm_onnx.errors import UserError

Said = list[tuple[str, tuple[str, ...], str | None]]


def write(path: Path, content: str | bytes | Any) -> Path:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def said(rows: list[Row]) -> Said:
    return [(row.name, row.captions, row.part) for row in rows]


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(path, Config(**options))
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{path.parent}/", "")


PAIRS: Said = [("a.jpg", ("A dog.", "One dog"), None), ("b.jpg", ("Two cats",), None)]
COCO = {
    "info": {"year": 2014},
    "images": [{"id": 7, "file_name": "a.jpg", "width": 4}, {"id": 2, "file_name": "b.jpg"}],
    "annotations": [
        {"id": 1, "image_id": 7, "caption": "A dog."},
        {"id": 2, "image_id": 2, "caption": "Two cats"},
        {"id": 3, "image_id": 7, "caption": "One dog"},
    ],
}


def test_coco_captions(tmp_path: Path) -> None:
    found = read(write(tmp_path / "captions.json", COCO), Config())
    assert said(found.rows) == PAIRS
    assert found.rows[1].place == f"{tmp_path / 'captions.json'}: images[1]"
    assert (found.config, found.notes) == (Config(), ())


def test_coco_notes_captions_of_pictures_that_are_not_there(tmp_path: Path) -> None:
    coco = COCO | {"images": COCO["images"][1:]}  # type: ignore[index]
    found = read(write(tmp_path / "c.json", coco), Config())
    assert said(found.rows) == PAIRS[1:]
    assert found.notes == ("captions of pictures that are not in the list, which are left out: 2",)


def test_a_picture_without_a_caption_comes_without(tmp_path: Path) -> None:
    coco = COCO | {"annotations": COCO["annotations"][1:2]}  # type: ignore[index]
    assert said(read(write(tmp_path / "c.json", coco), Config()).rows) == [("a.jpg", (), None), PAIRS[1]]


def test_karpathy_splits(tmp_path: Path) -> None:
    splits = ["train", "restval", "val", "test"]
    images = [
        {
            "filename": f"{s}.jpg",
            "split": s,
            "sentences": [{"raw": "A dog.", "tokens": ["a", "dog"]}, {"tokens": ["x"]}],
        }
        for s in splits
    ]
    images[2]["filepath"] = "val2014"
    found = read(write(tmp_path / "dataset.json", {"images": images, "dataset": "coco"}), Config())
    captions = ("A dog.", "x")
    assert said(found.rows) == [
        ("train.jpg", captions, "train"),
        ("restval.jpg", captions, "train"),
        ("val2014/val.jpg", captions, "validation"),
        ("test.jpg", captions, "test"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "c.json: is not JSON at line 1, column 2: Expecting property name enclosed in double quotes"),
        (b'{"images": "\xe9"}', "c.json: row 1: is not UTF-8 text (found the byte 0xe9); save it as UTF-8"),
        ({}, "c.json: holds JSON that is not COCO's {'images': "),
        ({"images": []}, "c.json: holds JSON that is not COCO's"),
        ([], "c.json: holds JSON that is not COCO's"),
        ("3", "c.json: holds JSON that is not COCO's"),
        ({"images": [{"id": 1}], "annotations": []}, "c.json: images[0]: has no 'file_name' (found 'id'); the form is"),
        ({"images": [3], "annotations": []}, "c.json: images[0]: has no 'id' (found int); the form is COCO's"),
        ({"images": [3], "annotations": {}}, "c.json: annotations: is no list"),
        (COCO | {"annotations": [{"image_id": 7}]}, "c.json: annotations[0]: has no 'caption' (found 'image_id')"),
        (
            COCO | {"annotations": [{"image_id": 7, "caption": 3}]},
            "c.json: annotations[0]: its 'caption' is 3, where text is needed",
        ),
        ({"images": [{"filename": "a", "split": "train"}]}, "c.json: images[0]: has no 'sentences'"),
        (
            {"images": [{"filename": "a", "split": "train", "sentences": 1}]},
            "c.json: images[0]: its 'sentences' are no",
        ),
        ({"images": [{"filename": "a", "sentences": []}]}, "c.json: images[0]: has no 'split'"),
        (
            {"images": [{"filename": "a", "split": "holdout", "sentences": []}]},
            "c.json: images[0]: found 'holdout' as the part of the data, and it must say train, validation or test",
        ),
        (
            {"images": [{"filename": "a", "split": "train", "sentences": ["x"]}]},
            "c.json: images[0].sentences[0]: has no 'raw' (found str)",
        ),
    ],
)
def test_json_that_is_refused(tmp_path: Path, content: Any, says: str) -> None:
    assert refusal(write(tmp_path / "c.json", content)).startswith(says)


TOKENS = "a.jpg#0\tA dog.\nb.jpg#0\tTwo cats\r\n\na.jpg#1\tOne dog\n"


@pytest.mark.parametrize("name", ["Flickr8k.token.txt", "results.token"])
def test_token_files(tmp_path: Path, name: str) -> None:
    found = read(write(tmp_path / name, TOKENS), Config())
    assert said(found.rows) == PAIRS
    assert found.rows[1].place.endswith("row 2")
    assert said(read(write(tmp_path / name, b"\xef\xbb\xbf" + TOKENS.encode()), Config()).rows) == PAIRS


def test_lists_beside_a_token_file_say_the_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "Flickr8k.token.txt", TOKENS + "c.jpg#0\tA cow\nd.jpg#0\tA hen\nd.jpg#1\tHen\n")
    write(tmp_path / "Flickr_8k.trainImages.txt", "b.jpg\n")
    assert {row.part for row in read(path, Config()).rows} == {None}
    write(tmp_path / "Flickr_8k.testImages.txt", "a.jpg\n")
    write(tmp_path / "Flickr_8k.devImages.txt", "c.jpg\n")
    found = read(path, Config())
    assert [(row.name, row.part) for row in found.rows] == [
        ("a.jpg", "test"), ("b.jpg", "train"), ("c.jpg", "validation"),
    ]  # fmt: skip
    assert found.notes == (
        f"the parts are those of the lists *trainImages.txt, *devImages.txt, *testImages.txt in {tmp_path}",
        "pictures in none of these lists, which are left out: 1",
    )


def test_a_broken_token_file_is_refused(tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "f.token", TOKENS + "c.jpg A cow")) == (
        "f.token: row 5: found 'c.jpg A cow', and a line is name.jpg#0, a tab, and the caption"
    )
    assert refusal(write(tmp_path / "f.txt", TOKENS.encode() + b"c.jpg#0\tcaf\xe9\n")) == (
        "f.txt: row 5: is not UTF-8 text (found the byte 0xe9); save it as UTF-8, or convert it from the encoding it "
        "has, such as Latin-1"
    )


FRAME = pl.DataFrame({"Image": ["a.jpg", "b.jpg", "a.jpg"], "caption": ["A dog.", "Two cats", "One dog"]})
FOUND = {"image_column": "Image", "caption_column": ("caption",)}


def test_tables_with_a_row_for_each_caption(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "c.csv")
    FRAME.write_csv(tmp_path / "c.tsv", separator="\t")
    FRAME.write_csv(tmp_path / "c.txt")
    FRAME.write_parquet(tmp_path / "c.parquet")
    FRAME.write_ndjson(tmp_path / "c.jsonl")
    write(tmp_path / "c.json", FRAME.to_dicts())
    for name in ("c.csv", "c.tsv", "c.txt", "c.parquet", "c.jsonl", "c.json"):
        found = read(tmp_path / name, Config())
        assert said(found.rows) == PAIRS, name
        assert found.config == Config(**FOUND)
        assert found.notes == ("pictures of column 'Image', captions of column 'caption'",)
    assert read(tmp_path / "c.csv", Config()).rows[1].place == f"{tmp_path / 'c.csv'}: row 3"


def test_tables_with_a_list_of_captions(tmp_path: Path) -> None:
    frame = pl.DataFrame({"file": ["a.jpg", "b.jpg"], "captions": [["A dog.", "One dog"], ["Two cats", None]]})
    frame.write_parquet(tmp_path / "c.parquet")
    frame.write_ndjson(tmp_path / "c.jsonl")
    for name in ("c.parquet", "c.jsonl"):
        assert said(read(tmp_path / name, Config()).rows) == PAIRS


def test_a_column_says_the_parts_if_it_holds_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    FRAME.with_columns(Split=pl.Series(["test", "VAL", "test"])).write_csv(path)
    found = read(path, Config())
    assert [row.part for row in found.rows] == ["test", "validation"]
    assert found.config.split == "Split"
    assert "column 'Split' says which part a picture belongs to" in found.notes
    FRAME.with_columns(split=pl.Series(["test", "3", "test"])).write_csv(path)
    assert [row.part for row in read(path, Config()).rows] == [None, None]
    assert refusal(path, split="split").startswith("c.csv: row 3, column 'split': found '3' as the part of the data")


def test_a_picture_is_in_one_part(tmp_path: Path) -> None:
    FRAME.with_columns(split=pl.Series(["test", "val", "train"])).write_csv(tmp_path / "c.csv")
    assert refusal(tmp_path / "c.csv") == (
        "c.csv: row 4: puts 'a.jpg' into train, and row 2 into test; a picture with all its captions has to be in one"
    )


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    FRAME.rename({"Image": "where", "caption": "what"}).with_columns(image=pl.lit("x")).write_csv(tmp_path / "c.csv")
    assert said(read(tmp_path / "c.csv", Config(image_column="where", caption_column="what")).rows) == PAIRS
    assert refusal(tmp_path / "c.csv").startswith("c.csv: no column is called caption, captions, text, sentence, ")
    assert refusal(tmp_path / "c.csv").endswith("captions with --caption-column; there is: where, what, image")
    assert refusal(tmp_path / "c.csv", image_column="wher") == (
        "c.csv: there is no column 'wher' (from --image-column); did you mean 'where'?"
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("c.csv", b"", "c.csv: is empty; choose another file"),
        ("c.csv", b"image,caption\n", "c.csv: has a header but no rows; add the rows, or choose another file"),
        ("c.csv", b"image,caption\na.jpg,caf\xe9\n", "c.csv: row 2: is not UTF-8 text (found the byte 0xe9)"),
        ("c.csv", b"image,caption\na.jpg,x\n,x\n", "c.csv: row 3, column 'image': the name of the picture is missing"),
        ("c.csv", b"image,caption\na.jpg,x, y\n", "c.csv: row 2: has 3 cells where the header has 2"),
        ("c.jsonl", b'{"image": {"bytes": "x"}, "caption": "x"}', "c.jsonl: column 'image' holds Struct"),
        ("c.jsonl", b'{"image": "a", "caption": [["x"]]}', "c.jsonl: column 'caption' holds List(List(String)), where"),
        ("c.xml", b"<a>", "c.xml: files of type '.xml' are not read; use one of .csv, .tsv, .txt, "),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    assert refusal(write(tmp_path / name, content)).startswith(says)


def test_what_is_not_there_suggests_what_is(tmp_path: Path) -> None:
    write(tmp_path / "captions.csv", "x")
    assert refusal(tmp_path / "caption.csv") == "caption.csv: no such file; did you mean 'captions.csv'?"
    with pytest.raises(UserError, match=r": is a folder; give one file, such as captions\.csv$"):
        read(tmp_path, Config())
