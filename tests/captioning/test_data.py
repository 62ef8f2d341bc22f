"""Parts, words and batches: what a model learns from, and what it is judged by."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.task import Captioning
from PIL import Image

from lstm_onnx.data.splits import Split
from lstm_onnx.data.stored_rows import StoredRows
from lstm_onnx.errors import UserError
from lstm_onnx.features.image import Image as Picture
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.sentence_graph import SPECIAL, UNKNOWN
from lstm_onnx.task import TaskData
from tests.captioning.encoders import save_encoder
from tests.captioning.test_scenes import groups_of

Data = TaskData[Learnt]
PARTS = ("train", "validation", "test")


def paint(folder: Path, count: int) -> list[str]:
    """Save pictures whose first pixel says which they are."""
    for i in range(count):
        Image.new("RGB", (16, 16), (i, 255 - i, 7)).save(folder / f"{i}.png")
    return [f"{i}.png" for i in range(count)]


def table(folder: Path, captions: list[list[str]], split: list[str] | None = None) -> Path:
    names = paint(folder, len(captions))
    frame = pl.DataFrame({"image": names, "captions": captions})
    if split is not None:
        frame = frame.with_columns(split=pl.Series(split))
    frame.write_ndjson(folder / "c.jsonl")
    return folder / "c.jsonl"


def config(**options: Any) -> Config:
    return Config(**({"size": 16, "min_count": 1} | options))


def load(source: Path | None, chosen: Config, seed: int) -> Data:
    return Captioning().load_data(source, chosen, seed)


def sentence(data: Data) -> Sentence:
    found = data.info["caption"]
    assert isinstance(found, Sentence)
    return found


def everything(split: Split | None) -> dict[str, np.ndarray]:
    assert split is not None
    return next(split.batches(10_000))


def pictures(split: Split | None) -> list[int]:
    return everything(split)["image"][:, 0, 0, 0].tolist()


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load(source, config(**options), 0)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{source.parent}/", "")


def words_of(data: Data, tokens: np.ndarray) -> list[str]:
    return [" ".join((*SPECIAL, *(sentence(data).words or ()))[t] for t in row if t) for row in tokens]


CAPTIONS = [[f"Picture {i}.", f"the {i}th; picture"] for i in range(20)]


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return load(table(tmp_path, CAPTIONS), config(), 0)


def test_every_picture_is_in_one_part_with_all_its_captions(data: Data) -> None:
    parts = [pictures(data.train)[::2], pictures(data.validation), pictures(data.test)]
    assert [len(p) for p in parts] == [15, 2, 3]
    assert sorted(i for part in parts for i in part) == list(range(20))
    assert pictures(data.train)[::2] == pictures(data.train)[1::2]
    assert data.summary == (
        "20 pictures with 40 captions of 32 words, 0.0 MB of pixels: 30 to learn from, 2 to validate, 3 to test "
        "(by picture)"
    )


def test_a_batch_to_learn_from_holds_pairs(data: Data) -> None:
    batch = next(data.train.batches(4))
    assert batch["image"].shape == (4, 16, 16, 3) and batch["image"].dtype == np.uint8
    assert batch["tokens"].dtype == np.int64 and batch["tokens"].shape == (4, 4)
    assert batch["lengths"].tolist() == [3, 4, 3, 4]
    assert (batch["tokens"][0, 2:] == 0).all() and batch["tokens"][1, 3] == 0
    assert set(batch) == {"image", "image_pixels", "tokens", "lengths", "caption"}
    assert words_of(data, batch["tokens"]) == ["picture 0", "the 0th picture", "picture 1", "the 1th picture"]
    assert pictures(data.train)[:4] == [0, 0, 1, 1]


def test_a_batch_to_score_holds_pictures_with_all_captions(data: Data) -> None:
    batch = everything(data.test)
    assert set(batch) == {"image", "image_pixels", "tokens", "lengths", "caption"}
    assert batch["caption"].tolist() == [f"picture {i}\nthe {i}th picture" for i in pictures(data.test)]
    assert batch["lengths"].tolist() == [3, 3, 3]
    assert batch["tokens"][:, 1].tolist() == [UNKNOWN] * 3


def test_shuffled_batches_keep_picture_and_caption_together(data: Data) -> None:
    seen = Counter()
    for batch in data.train.batches(4, np.random.default_rng(1)):
        for pixels, caption in zip(batch["image"], words_of(data, batch["tokens"]), strict=True):
            number = re.search(r"\d+", caption)
            assert number is not None and int(number[0]) == pixels[0, 0, 0]
            seen[caption] += 1
    assert len(seen) == 30 and set(seen.values()) == {1}


def test_parts_follow_the_seed_and_then_what_is_written_down(tmp_path: Path) -> None:
    source = table(tmp_path, CAPTIONS)
    first, again, other = (load(source, config(), seed) for seed in (3, 3, 4))
    assert pictures(first.test) == pictures(again.test) != pictures(other.test)
    assert isinstance(other.config, Config) and other.config.split_seed == 4
    assert pictures(load(source, other.config, 0).test) == pictures(other.test)


def test_given_parts_are_kept_and_missing_ones_cut_off(tmp_path: Path) -> None:
    source = table(tmp_path, CAPTIONS, ["test"] * 5 + ["val"] * 3 + ["train"] * 12)
    data = load(source, config(), 0)
    assert [len(set(pictures(s))) for s in (data.train, data.validation, data.test)] == [12, 3, 5]
    assert pictures(data.test) == [0, 1, 2, 3, 4] and pictures(data.validation) == [5, 6, 7]
    data = load(table(tmp_path, CAPTIONS, ["test"] * 10 + ["train"] * 10), config(validation_share=0.2), 0)
    assert pictures(data.test) == list(range(10)) and len(data.validation or []) == 2
    assert load(source, config(validation_share=0), 0).validation is None


def test_without_validation_training_is_told(tmp_path: Path) -> None:
    source = table(tmp_path, CAPTIONS[:3])
    data = load(source, config(), 0)
    assert data.validation is None
    assert "too few pictures for a validation part: training does not know when to stop" in data.notes
    assert load(source, config(validation_share=0), 0).notes == data.notes[:-1]


def test_words_are_those_of_training_captions_alone(tmp_path: Path) -> None:
    captions = [["a dog"], ["a dog"], ["a cat runs"], ["a zebra sleeps"], ["a zebra sleeps"]]
    split = ["train", "train", "train", "test", "test"]
    data = load(table(tmp_path, captions, split), config(min_count=2, validation_share=0), 0)
    assert (sentence(data).words, sentence(data).frequent) == (("a", "dog"), "a dog")
    assert "known are 33.3% of the words in test captions, those that --min-count lets in" in data.notes
    assert everything(data.test)["caption"].tolist() == ["a zebra sleeps"] * 2


def test_long_captions_are_cut_to_learn_from_and_whole_as_references(tmp_path: Path) -> None:
    captions = [["one two three four"], ["one two"], ["one two three"], ["one two three four"]]
    split = ["train", "train", "train", "test"]
    data = load(table(tmp_path, captions, split), config(max_words=3, validation_share=0), 0)
    assert words_of(data, everything(data.train)["tokens"]) == ["one two three", "one two", "one two three"]
    assert everything(data.train)["lengths"].tolist() == [4, 3, 4]
    assert "captions to learn from that are cut after 3 words (--max-words): 1" in data.notes
    assert everything(data.test)["caption"].tolist() == ["one two three four"]
    assert everything(data.test)["lengths"].tolist() == [4]


def test_what_has_no_caption_is_left_out_and_named(tmp_path: Path) -> None:
    data = load(table(tmp_path, [*CAPTIONS[:4], ["..."], [], ["Fine.", "?!"]]), config(), 0)
    assert "captions without a word, which are left out: 2, the first '...' in row 5" in data.notes
    assert "pictures without a caption, which are left out: 2, the first '4.png' in row 5" in data.notes
    assert data.summary.startswith("5 pictures with 9 captions of ")


def test_the_same_caption_twice_of_a_picture_is_one(tmp_path: Path) -> None:
    data = load(table(tmp_path, [["A dog.", "a dog", "Dog"]] * 4), config(), 0)
    assert set(everything(data.test)["caption"]) == {"a dog\ndog"}


@pytest.mark.parametrize(
    ("captions", "options", "says"),
    [
        ([["a dog"]], {}, "c.jsonl: one picture cannot be learnt from and tested on, too; add pictures"),
        ([["!"], ["?"]], {}, "c.jsonl: no picture has a caption with a word in it; is this the right file?"),
        (
            [["a"], ["b"], ["c"]],
            {"min_count": 2},
            "no word occurs 2 times in the captions to learn from; lower --min-count, or add captions",
        ),
        (
            CAPTIONS,
            {"caption_column": ("text",)},
            "c.jsonl: there is no column 'text' (from --caption-column); there is: ",
        ),
        (CAPTIONS, {"encoder": "none.onnx"}, "--encoder none.onnx: no such file"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    tmp_path: Path, captions: list[list[str]], options: dict[str, Any], says: str
) -> None:
    assert refusal(table(tmp_path, captions), **options).startswith(says)


def test_parts_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    assert refusal(table(tmp_path, CAPTIONS, ["test"] * 20), split="split") == (
        "c.jsonl: no picture is to learn from; mark some as train"
    )
    split = ["train", *["val"] * 19]
    assert "one picture cannot be learnt from and tested on" in refusal(table(tmp_path, CAPTIONS, split))


def test_a_repaired_column_choice_reads_other_data_the_same_way(data: Data, tmp_path: Path) -> None:
    assert isinstance(data.config, Config)
    assert (data.config.image_column, data.config.caption_column) == ("image", ("captions",))
    pl.DataFrame({"image": ["0.png", "1.png"], "captions": ["a dog", "a cat"], "text": ["x", "y"]}).write_csv(
        tmp_path / "other.csv"
    )
    assert set(everything(load(tmp_path / "other.csv", data.config, 0).test)["caption"]) < {"a dog", "a cat"}


def test_scenes_are_drawn_where_there_is_no_data() -> None:
    data = load(None, config(scenes=200), 5)
    assert [len(s or []) for s in (data.train, data.validation, data.test)] == [153, 17, 30]
    assert data.summary.startswith("200 drawn scenes with 200 captions of 32 words, ")
    references = [
        set(words_of(data, everything(data.train)["tokens"])),
        *(set(everything(s)["caption"]) for s in (data.validation, data.test)),
    ]
    kinds = [{kind for caption in part for kind in groups_of(caption)} for part in references]
    assert not kinds[0] & kinds[1] and not kinds[0] & kinds[2] and not kinds[1] & kinds[2]
    again = load(None, data.config or Config(), 0)
    np.testing.assert_array_equal(everything(again.test)["image"], everything(data.test)["image"])


def test_a_frozen_encoder_gives_features_in_the_place_of_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSTM_ONNX_CACHE", str(tmp_path / "cache"))
    encoder = save_encoder(tmp_path / "encoder.onnx", size=8)
    data = load(table(tmp_path, CAPTIONS), config(encoder=str(encoder)), 0)
    assert "pictures are made 8 pixels wide and high, as " in data.notes[0]
    assert isinstance(data.config, Config) and data.config.size == 8
    picture = data.info["image"]
    assert isinstance(picture, Picture) and picture.map == (3, 2, 2) and len(picture.digest or "") == 64
    train, test = everything(data.train), everything(data.test)
    assert "image" not in train and train["image_features"].shape == (30, 3, 2, 2)
    assert test["image"].shape == (3, 8, 8, 3) and test["image_features"].dtype == np.float32
    means = test["image"].reshape(3, 2, 4, 2, 4, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2) / 255
    np.testing.assert_allclose(test["image_features"], means, rtol=1e-3)


def test_the_nearest_picture_gives_its_first_caption(tmp_path: Path) -> None:
    split = ["train", "test"] * 10
    data = load(table(tmp_path, CAPTIONS, split), config(validation_share=0), 0)
    answer = data.baselines["nearest picture"]
    stripes = np.zeros((2, 16, 16, 3), dtype=np.uint8)
    stripes[0, :, :, 0] = 255  # all pictures are plain, and 18 of those in training is the one with most red
    assert answer({"image": stripes[:1], "caption": np.array(["x"])})["caption"].tolist() == ["picture 18"]
    batch = everything(data.test)
    assert set(answer(batch)["caption"]) <= {f"picture {i}" for i in range(0, 20, 2)}


def test_loading_needs_no_torch(tmp_path: Path) -> None:
    source = table(tmp_path, CAPTIONS)
    code = (
        "import sys; from pathlib import Path; from lstm_onnx_captioning.task import Captioning\n"
        f"Captioning().load_data(Path({str(source)!r}), Captioning.Config(min_count=1), 0)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_pixels_in_files_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = table(tmp_path, [[f"word {i % 5}", f"{i % 3} words"] for i in range(40)])
    memory = load(source, config(), 0)
    files = load(source, config(store=str(tmp_path / "store")), 0)
    monkeypatch.setattr("lstm_onnx.features.stored.MOST_BYTES", 1000)
    by_itself = load(source, config(), 0)
    assert isinstance(memory.train.inputs[0][1], list)  # type: ignore[attr-defined]
    for data in (files, by_itself):
        assert isinstance(data.train.inputs[0][1], StoredRows)  # type: ignore[attr-defined]
        assert data.info == memory.info and data.config == memory.config
        assert any("the pixels of 40 pictures are kept in files" in note for note in data.notes)
        for part in PARTS:
            one, other = ([*getattr(d, part).batches(7, np.random.default_rng(1))] for d in (memory, data))
            assert len(one) == len(other) > 0
            for first, second in zip(one, other, strict=True):
                for name, array in first.items():
                    np.testing.assert_array_equal(second[name], array)
    assert not list((tmp_path / "store").iterdir())
