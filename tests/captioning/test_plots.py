"""Pictures of captions and of attention show what they should; whether they are good was looked at."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from lstm_onnx_captioning.plots import attention_figure, caption_sheet
from matplotlib.figure import Figure
from PIL import Image

from lstm_onnx.cli.app import run

SCENES = Path(__file__).parents[2] / "exported" / "scenes.onnx"


def texts(figure: Figure) -> list[str]:
    return [t.get_text().replace("\n", " ") for axes in figure.axes for t in (*axes.texts, axes.title) if t.get_text()]


def boxes_overlap(figure: Figure) -> bool:
    figure.savefig(io.BytesIO())
    for axes in figure.axes:
        boxes = [t.get_window_extent() for t in axes.texts]
        if any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]):
            return True
    return False


def test_a_sheet_marks_right_and_wrong_and_no_text_lies_on_another() -> None:
    images = [np.full((height, width, 3), 200, dtype=np.uint8) for height, width in ((40, 40), (20, 90), (90, 20))]
    said = ["a dog", "a cat on a mat " * 5 + "purrs", "two birds"]
    references = np.array(["a hound\na dog", "a cat under a tree " * 6, "three birds"], dtype=object)
    sheet = caption_sheet(np.array(images, dtype=object), said, references)
    assert texts(sheet)[0] == "✓ a dog"
    assert [t[0] for t in texts(sheet)] == ["✓", "✗", "a", "✗", "t"]
    assert not boxes_overlap(sheet)
    assert texts(caption_sheet(np.array(images, dtype=object), said, None))[0] == "a dog"


@pytest.mark.parametrize(
    ("fit", "left", "right", "bottom", "top"),
    [("crop", 9.5, 29.5, 19.5, -0.5), ("pad", -0.5, 39.5, 29.5, -10.5), ("stretch", -0.5, 39.5, 19.5, -0.5)],
)
def test_attention_lies_where_the_model_looked(fit: str, left: float, right: float, bottom: float, top: float) -> None:
    image = np.zeros((20, 40, 3), dtype=np.uint8)
    figure = attention_figure(image, ["a", "dog"], np.full((5, 7, 7), 1 / 49), fit)
    assert texts(figure) == ["picture", "a", "dog"]
    for axes in figure.axes[1:3]:
        assert tuple(axes.images[1].get_extent()) == (left, right, bottom, top)
        assert axes.get_xlim() == (-0.5, 39.5)
        assert axes.get_ylim() == (19.5, -0.5)


def test_predict_draws_what_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in range(2):
        Image.effect_noise((30 + k, 40), 60).save(tmp_path / f"{k}.png")
    seen, sheet = tmp_path / "out" / "seen.png", tmp_path / "out" / "sheet.svg"
    assert run(["predict", str(SCENES), str(tmp_path / "0.png"), "--attention", str(seen)]) == 0
    assert [p.name for p in seen.parent.iterdir()] == ["seen.png"] and "seen.png" in capsys.readouterr().out
    assert run(["predict", str(SCENES), str(tmp_path), "--plot", str(sheet)]) == 0
    said = "".join(capsys.readouterr().out.split())  # paths are wrapped
    assert "sheet.svg" in said and "sheet-attention.svg" in said and (sheet.parent / "sheet-attention.svg").exists()


def test_attention_is_refused_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file, table = str(SCENES.with_name("vowels.onnx")), "answers.csv"
    np.savez("x.npz", values=np.zeros((1, 9, 12), np.float32), lengths=np.array([9]))
    assert run(["predict", str(SCENES), "x.npz", "--attention", "seen.bmp"]) == 2
    assert "--attention seen.bmp: a picture ends in .png, .svg or .pdf" in capsys.readouterr().err
    assert run(["predict", file, "x.npz", "--out", table, "--attention", "seen.png"]) == 2
    assert "--attention: this model of the task 'classification' has no such picture" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]
