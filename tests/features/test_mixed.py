"""A picture, a text, numbers, a category and an option in one model: the example of the documents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image as pillow

import lstm_onnx as lo
from lstm_onnx.contract import Contract, ImageSource, from_json, to_json
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Image, Option
from lstm_onnx.testing import check_task
from tests.conftest import EXAMPLES

WISH = "no hurry , send it by road"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, trained and proved."""
    folder = tmp_path_factory.mktemp("mixed")
    return check_task("mixed", folder=folder, plugin_file=EXAMPLES / "mixed.py", hidden=8, count=200).path


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """A table with paths of pictures of several sizes."""
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name, size in (("a", (30, 40)), ("b", (50, 20)), ("c", (30, 40))):
        pixels = random.integers(0, 256, (*size, 3)).astype(np.uint8)
        pillow.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    rows = {
        "photo": [f"photos/{name}.png" for name in "abc"],
        "wish": [WISH, "urgent", ""],
        "weight": [1.0, 2.5, 9.0],
        "zone": ["home", "abroad", "moon"],
    }
    pl.DataFrame(rows).write_csv(tmp_path / "parcels.csv")
    return tmp_path / "parcels.csv"


def test_the_contract_says_what_goes_in(mixed: Path) -> None:
    contract = lo.load(mixed).require_contract()
    assert [t.name for t in contract.inputs] == ["photo", "wish", "weight", "zone", "discount"]
    assert contract.inputs[0].source == ImageSource(column="photo")
    assert (contract.inputs[4].default, contract.inputs[4].least, contract.inputs[4].most) == (0.0, 0.0, 1.0)
    again: Contract = from_json(to_json(contract), "again")
    assert again == contract


def test_a_table_with_paths_of_pictures_is_answered_row_by_row(mixed: Path, parcels: Path) -> None:
    model = lo.load(mixed)
    answer = model.predict(parcels)
    assert answer.table.height == 3
    for i, name in enumerate("abc"):
        pixels = np.asarray(pillow.open(parcels.parent / "photos" / f"{name}.png"))
        row = pl.read_csv(parcels).fill_null("").row(i, named=True)
        alone = model.run(
            {
                "photo": pixels[None],
                "wish": np.array([row["wish"]], dtype=object),
                "weight": np.array([row["weight"]]),
                "zone": np.array([row["zone"]], dtype=object),
            }
        )
        np.testing.assert_allclose(answer.outputs["price"][i], alone["price"][0], rtol=1e-5)
        np.testing.assert_array_equal(answer.inputs["photo"][i], pixels)


def test_a_row_without_its_picture_is_left_out_and_noted(mixed: Path, parcels: Path) -> None:
    (parcels.parent / "photos" / "b.png").write_bytes(b"nothing")
    answer = lo.load(mixed).predict(parcels)
    assert answer.table["wish"].to_list() == [WISH, ""]
    assert any(note.startswith("example 2 is left out: ") and "b.png" in note for note in answer.notes)


def test_a_picture_alone_is_refused_with_what_else_is_needed(mixed: Path, parcels: Path) -> None:
    with pytest.raises(UserError, match="takes 'wish' beside a picture; give a table with a column 'photo'"):
        lo.load(mixed).predict(parcels.parent / "photos" / "a.png")


def test_an_option_may_be_left_out_or_set(mixed: Path, parcels: Path) -> None:
    model = lo.load(mixed)
    full = model.predict(parcels).outputs["price"]
    np.testing.assert_allclose(
        model.with_options(discount=0.25).predict(parcels).outputs["price"], 0.75 * full, rtol=1e-4
    )
    np.testing.assert_array_equal(model.predict(parcels).outputs["price"], full)  # the model itself stays as it is
    command = [sys.executable, "-m", "lstm_onnx", "predict", mixed, parcels, "--set", "discount=1", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"price":0.0' in told.stdout.replace(" ", "").replace("-0.0", "0.0")


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"discount": 2}, "option 'discount': 2 is not a number from 0 to 1"),
        ({"discount": "much"}, "option 'discount': much is not a number from 0 to 1"),
        ({"discont": 1}, "has no option 'discont'; did you mean 'discount'"),
    ],
)
def test_values_that_an_option_does_not_take_are_refused(mixed: Path, value: dict[str, float], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        lo.load(mixed).with_options(**value)


def test_an_option_is_held_to_its_bounds_in_arrays_too(mixed: Path) -> None:
    with pytest.raises(UserError, match=r"input 'discount': 1.5 is not from 0 to 1"):
        lo.load(mixed).run(
            {
                "photo": np.zeros((1, 8, 8, 3), np.uint8),
                "wish": [WISH],
                "weight": [1.0],
                "zone": ["home"],
                "discount": [1.5],
            }
        )


def test_without_strings_pictures_still_go_in_as_they_are(mixed: Path, tmp_path: Path) -> None:
    run = next((mixed.parent / "whole").iterdir())
    contract = lo.export(run, tmp_path / "numeric.onnx", numeric=True).contract
    assert {t.name: t.dtype for t in contract.inputs} == {
        "photo": "uint8",
        "tokens": "int64",
        "lengths": "int64",
        "zone_number": "int64",
        "weight": "float32",
        "discount": "float32",
    }


def test_programs_are_told_what_an_option_mostly_is(mixed: Path, tmp_path: Path) -> None:
    lo.embed(mixed, "c", tmp_path / "c")
    assert (
        "discount: float32 (batch): share of the price that is let off; 0.0 where it is left out"
        in (tmp_path / "c" / "mixed.h").read_text()
    )


def test_pictures_are_read_from_paths_and_arrays_alike(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    pillow.fromarray(pixels).save(tmp_path / "a.png")
    feature = Image(name="photo", pixels=8).fit([pixels] * 9)
    from_path, from_array = feature.prepare([tmp_path / "a.png", pixels])
    np.testing.assert_array_equal(from_path, from_array)
    assert (from_path.shape, len(feature.kept)) == ((8, 8, 3), 5)
    assert Image.model_validate_json(feature.model_dump_json()) == feature
    drawn = feature.sample({"batch": 3, "height": 5, "width": 7}, np.random.default_rng(0))
    assert drawn["photo"].shape == (3, 5, 7, 3)
    grey = feature.prepare([pixels[..., 0]])[0]
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])


@pytest.mark.parametrize("row", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_arrays_that_are_no_pictures_are_refused(row: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"example 2 of 'photo' is .*, and must be the path of a picture"):
        Image(name="photo").prepare([np.zeros((4, 4, 3), np.uint8), row])


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"example 1 of 'photo': .*gone\.png: no such file"):
        Image(name="photo").fit([tmp_path / "gone.png"])


def test_two_pictures_have_names_of_their_own() -> None:
    first, second = (Image(name=name).named(False) for name in ("left", "right"))
    assert first.tensors()[0].dims == ("batch", "left_height", "left_width", "colour")
    assert first.alike(second)
    assert not first.alike(Option(name="seed", default=1))


def test_a_whole_default_makes_an_option_of_whole_numbers() -> None:
    seed = Option(name="seed", default=7, least=0)
    assert seed.tensors()[0].dtype == "int64"
    assert Option.model_validate_json(seed.model_dump_json()) == seed
    np.testing.assert_array_equal(seed.collate(seed.where_left_out(2))["seed"], [7, 7])
    drawn = seed.sample({"batch": 50}, np.random.default_rng(0))["seed"]
    assert drawn[0] == 7 and drawn.min() >= 0 and len(set(drawn.tolist())) > 3
    with pytest.raises(UserError, match="example 2 of the option 'seed' is -1, and must be a whole number from 0"):
        seed.fit([1, -1])
    with pytest.raises(ValueError, match="the default 3 of the option 'seed' is not from 5"):
        Option(name="seed", default=3, least=5)
