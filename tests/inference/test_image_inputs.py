"""Pictures, from files of any sizes to answers, by the contract alone and without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper
from PIL import Image

import lstm_onnx as lo
from lstm_onnx import plugin
from lstm_onnx.benchmarking.inputs import make_inputs
from lstm_onnx.cli.app import run
from lstm_onnx.cli.tables import predict_line
from lstm_onnx.contract import METADATA_KEY, Contract, Example, ImageSource, Provenance, Values, to_json
from lstm_onnx.errors import UserError
from lstm_onnx.inference import image_inputs


def contract() -> Contract:
    dims = ("batch", "height", "width", "colour")
    axes = {name: plugin.Axis() for name in dims[:3]} | {"colour": plugin.Axis(size=3, labels=("red", "green", "blue"))}
    image = plugin.TensorSpec(name="image", dtype="uint8", dims=dims, meaning="pictures", source=ImageSource())
    colour = plugin.TensorSpec(name="mean", dtype="float32", dims=("batch", "colour"), meaning="mean colour")
    made = Provenance(created="2020-01-01", run="r", plugin="p 1", data="0", versions={}, config={})
    return Contract(
        name="colours", task="colours", description="d", opset=18, ir_version=8, axes=axes, inputs=(image,),
        outputs=(colour,), tolerance=plugin.Tolerance(), provenance=made,
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a graph that gives the mean colour of a picture."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["numbers", "axes"], ["mean"], keepdims=0),
        ],
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: to_json(contract())})
    onnx.save(model, tmp_path / "colours.onnx")
    return tmp_path / "colours.onnx"


def paint(path: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of pictures whose red says their place by name; sizes come in three runs."""
    sizes = [(4, 6)] * 3 + [(6, 4)] * 2 + [(4, 6)]
    for i, size in enumerate(sizes):
        paint(tmp_path / "photos" / f"{i}.png", size, (10 * i, 0, 255))
    return tmp_path / "photos"


def test_one_picture_gives_one_row_with_its_name(file: Path, folder: Path) -> None:
    prediction = lo.load(file).predict(folder / "3.png")
    assert prediction.table.rows() == [("3.png", 30.0, 0.0, 255.0)]
    assert prediction.table.columns == ["picture", "mean red", "mean green", "mean blue"]
    assert prediction.inputs["image"].shape == (1, 4, 6, 3)
    assert lo.load(file).predict(str(folder / "3.png")).table.equals(prediction.table)


def test_a_folder_gives_a_row_for_each_whatever_their_sizes(file: Path, folder: Path) -> None:
    prediction = lo.load(file).predict(folder)
    assert prediction.table["picture"].to_list() == list(prediction.names) == [f"{i}.png" for i in range(6)]
    assert prediction.table["mean red"].to_list() == [0, 10, 20, 30, 40, 50]
    assert [p.shape for p in prediction.inputs["image"]] == [(6, 4, 3)] * 3 + [(4, 6, 3)] * 2 + [(6, 4, 3)]
    assert [int(p[0, 0, 0]) for p in prediction.inputs["image"]] == [0, 10, 20, 30, 40, 50]


def test_pictures_in_folders_within_are_named_by_where_they_lie(file: Path, folder: Path) -> None:
    paint(folder / "inner" / "0.png", (3, 5), (9, 0, 0))
    prediction = lo.load(file).predict(folder)
    assert "inner/0.png" in prediction.table["picture"].to_list()
    assert prediction.table.height == len(list(folder.glob("*.png"))) + 1


def test_some_files_in_the_order_given(file: Path, folder: Path) -> None:
    prediction = lo.load(file).predict([folder / "4.png", folder / "1.png"])
    assert prediction.table["picture"].to_list() == ["4.png", "1.png"]
    assert prediction.table["mean red"].to_list() == [40, 10]


def test_neighbours_of_a_size_go_together_within_bounds(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batches() -> list[int]:
        made = image_inputs.read_image_inputs(contract(), sorted(folder.iterdir()), [])
        return [len(fed.names) for fed in made]

    assert batches() == [3, 2, 1]
    monkeypatch.setattr(image_inputs, "_TOGETHER", 2)
    assert batches() == [2, 1, 2, 1]
    monkeypatch.setattr(image_inputs, "_PIXELS", 24)
    assert batches() == [1] * 6


def test_copies_to_show_are_small_and_the_graph_sees_all(file: Path, tmp_path: Path) -> None:
    for name in "ab":
        paint(tmp_path / "big" / f"{name}.png", (2000, 1000), (7, 8, 9))
    prediction = lo.load(file).predict(tmp_path / "big")
    assert [p.shape for p in prediction.inputs["image"]] == [(256, 512, 3)] * 2
    assert lo.load(file).predict(tmp_path / "big" / "a.png").inputs["image"].shape == (1, 1000, 2000, 3)


def test_a_broken_picture_among_others_is_left_out_and_named(file: Path, folder: Path) -> None:
    (folder / "2.png").write_bytes(b"")
    prediction = lo.load(file).predict(folder)
    assert prediction.table["picture"].to_list() == ["0.png", "1.png", "3.png", "4.png", "5.png"]
    assert prediction.notes == (f"left out: {folder / '2.png'}: is empty; save it again, or leave it out",)
    assert len(prediction.inputs["image"]) == 5


def test_what_cannot_be_answered_is_refused(file: Path, folder: Path, tmp_path: Path) -> None:
    model = lo.load(file)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.png").write_text("oh")
    for path in folder.iterdir():
        path.write_text("oh")
    for data, says in (
        (tmp_path / "empty", "empty: holds no picture"),
        (tmp_path / "broken.png", r"broken.png: is text \('oh…'\) and no picture"),
        (folder, r"none of 6 pictures can be read; .*0.png: is text"),
        (tmp_path / "photo.jpg", "photo.jpg: no such file"),
        (tmp_path / "colours.onnx", "colours.onnx: is no PNG, JPEG"),
        (pl.DataFrame({"a": [1]}), "the table: this model takes pictures; give one, a folder of them, or arrays"),
        (["a dog"], "does not answer for texts"),
        ([], "does not answer for texts"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            model.predict(data)
        assert "\n" not in str(caught.value)


def test_arrays_still_go_in_by_name(file: Path, tmp_path: Path) -> None:
    pixels = np.full((2, 3, 5, 3), 9, dtype=np.uint8)
    np.savez(tmp_path / "x.npz", image=pixels)
    for data in ({"image": pixels}, tmp_path / "x.npz"):
        assert lo.load(file).predict(data).table["mean red"].to_list() == [9, 9]


def test_the_command_line_writes_tables_and_json(
    file: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", str(file), str(folder), "--out", str(tmp_path / "t.csv")]) == 0
    assert pl.read_csv(tmp_path / "t.csv")["mean red"].to_list() == [0, 10, 20, 30, 40, 50]
    capsys.readouterr()
    assert run(["predict", str(file), str(folder / "1.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"picture": "1.png", "mean red": 10.0, "mean green": 0.0, "mean blue": 255.0}
    ]


def test_the_next_command_names_a_picture(file: Path) -> None:
    assert predict_line(file, contract()) == f"lstm-onnx predict {file} PICTURE.jpg"


def test_bench_asks_for_squares() -> None:
    pixels = np.arange(2 * 3 * 5 * 3, dtype=np.uint8).reshape(2, 3, 5, 3)
    golden = Example(inputs={"image": Values.of(pixels)}, outputs={})
    made = make_inputs(contract().model_copy(update={"examples": (golden,)}), batch=3, length=4)["image"]
    assert made.shape == (3, 4, 4, 3)
    np.testing.assert_array_equal(made[2, 3, :4], pixels[0, 0, :4])


def test_predict_imports_no_torch(file: Path, folder: Path) -> None:
    code = (
        "import sys; from lstm_onnx.cli.app import run\n"
        f"assert run(['predict', {str(file)!r}, {str(folder)!r}]) == 0\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
