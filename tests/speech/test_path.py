"""Speech: sounds of every rate and in every place say the same, whole and in pieces."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from lstm_onnx_speech.drawn import RATE, draw, speak
from lstm_onnx_speech.reading import plain

import lstm_onnx as lo
from lstm_onnx.contract import AudioSource
from lstm_onnx.data.sounds import read_sound, write_sound
from lstm_onnx.errors import UserError
from lstm_onnx.inference.sound_stream import stream_sound
from lstm_onnx.plugin import Transcript
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

EXPORTED = Path(__file__).parents[2] / "exported"
TEXTS = ("lima sote", "kuha")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sounds with their texts beside them, a table of them, and one of them at another rate."""
    made = tmp_path_factory.mktemp("sounds")
    random = np.random.default_rng(9)
    for text in TEXTS:
        write_sound(made / f"{text[:4]}.wav", speak(text, random), RATE)
        (made / f"{text[:4]}.txt").write_text(f"{text.capitalize()}.\n")
    pl.DataFrame({"id": [7, 8], "audio": ["kuha.wav", "lima.wav"], "text": ["Kuha!", "lima sote"]}).write_csv(
        made / "table.csv"
    )
    (made / "high").mkdir()
    write_sound(made / "high" / "lima.wav", read_sound(made / "lima.wav", 44_100), 44_100)
    return made


def test_the_task_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    file = check_task("speech", folder=tmp_path, hidden=8, layers=1, count=40, beams=2, longest=20)
    assert Counter(node.op_type for node in onnx.load(file.path).graph.node)["Loop"] == 1
    scores = file.contract.scores
    assert scores is not None
    assert list(scores.model) == ["cer", "wer", "exact"]
    assert set(scores.baselines) == {"always the same", "nearest sound (DTW)"}
    assert scores.baselines["nearest sound (DTW)"]["cer"] < scores.baselines["always the same"]["cer"]
    with pytest.raises(UserError, match="listens from the end; use --no-bidirectional"):
        lo.export(next((tmp_path / "whole").iterdir()), tmp_path / "x.onnx", variant="streaming")


def test_files_folders_and_tables_are_answered_alike(folder: Path) -> None:
    model = lo.load(EXPORTED / "speech.onnx")
    assert isinstance(model.require_contract().inputs[0].source, AudioSource)
    table = model.predict(folder / "lima.wav").table
    assert table.columns == ["sound", "text", "text_score"]
    assert table["text"].to_list() == [TEXTS[0]]
    assert model.predict(folder / "high" / "lima.wav").table["text"].to_list() == [TEXTS[0]]
    several = model.predict([folder / "kuha.wav", folder / "lima.wav"]).table
    assert several["sound"].to_list() == ["kuha.wav", "lima.wav"]
    assert several["text"].to_list() == [TEXTS[1], TEXTS[0]]
    assert abs(several["text_score"][1] - table["text_score"][0]) < 1e-4  # padded beside a longer one, or alone
    every = model.predict(folder).table
    assert every["text"].to_list() == [TEXTS[0], TEXTS[1], TEXTS[0]]
    assert every["sound"].to_list() == ["high/lima.wav", "kuha.wav", "lima.wav"]
    found = model.predict(folder / "table.csv")
    answered = found.table
    assert answered.columns == ["id", "sound", "text", "text_score"]  # the question's texts are no part of the answer
    assert answered["sound"].to_list() == list(found.names) == ["kuha.wav", "lima.wav"]  # as the table writes them
    assert answered["id"].cast(pl.Int64).to_list() == [7, 8]
    assert answered["text"].to_list() == [TEXTS[1], TEXTS[0]]
    with pytest.raises(UserError, match=r"lama\.wav: no such file; did you mean 'lima\.wav'"):
        model.predict(folder / "lama.wav")


def streamed(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream_sound(lo.load(EXPORTED / "speech-streaming.onnx"), io.BytesIO(content))]


def test_a_pipe_of_sound_is_answered_while_it_comes(folder: Path) -> None:
    content = (folder / "lima.wav").read_bytes()
    answers = streamed(content)
    *pieces, last = answers
    assert len(pieces) > 3
    assert last == {"seconds": last["seconds"], "text": TEXTS[0], "end": True}
    assert "".join(str(piece["text"]) for piece in pieces) == TEXTS[0]
    assert streamed(content[44:]) == answers  # without the head of a file: samples alone


def test_a_pipe_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="44,100 samples a second, and the model takes one of 16 bits, 8,000 a second"):
        streamed((folder / "high" / "lima.wav").read_bytes())
    with pytest.raises(UserError, match="holds no sound"):
        streamed(b"")
    with pytest.raises(UserError, match="keeps no state"):
        list(stream_sound(lo.load(EXPORTED / "speech.onnx"), io.BytesIO()))


def test_a_table_and_a_folder_are_read_alike(folder: Path, tmp_path: Path) -> None:
    task = load_task("speech").task
    random = np.random.default_rng(0)
    table = task.read(folder / "table.csv", task.Config(), random)
    assert list(table.columns["text"]) == ["kuha", "lima sote"]
    assert [Path(p).name for p in table.columns["audio"]] == ["kuha.wav", "lima.wav"]
    assert {r.column: r.role for r in table.understood} == {"id": "left out", "audio": "sound", "text": "answer"}
    assert table.places[0].endswith("table.csv: row 2")
    beside = task.read(folder, task.Config(keep_case=True), random)
    assert list(beside.columns["text"]) == ["Kuha.", "Lima sote."]
    shutil.copy(folder / "kuha.wav", tmp_path)
    with pytest.raises(UserError, match=r"has 1 sounds, and no text beside them; write NAME\.txt beside"):
        task.read(tmp_path, task.Config(), random)
    left = task.read(folder / "table.csv", task.Config(seconds=1.0), random)
    assert left.notes == ("1 sounds are left out: more than 1 seconds",)
    pl.DataFrame({"clip": ["a.wav"], "said": ["a"]}).write_csv(tmp_path / "a.csv")
    with pytest.raises(UserError, match="no column is known to hold texts; name it with --text; there is: clip, said"):
        task.read(tmp_path / "a.csv", task.Config(), random)


def test_what_is_drawn_can_be_told_apart_by_its_spectra() -> None:
    sounds, texts = draw(20, np.random.default_rng(0))
    assert len({len(s) for s in sounds}) > 10
    assert all(set(text) <= set("aeioumnlsfhtk ") for text in texts)
    assert plain("Don\u2019t  STOP, caf\u00e9!") == "don't stop caf\u00e9"


def test_mistakes_of_authors_are_named() -> None:
    from lstm_onnx.plugin import Number, Rows

    with pytest.raises(UserError, match="runs along 'sound', which is no sequence that goes in"):
        Transcript(name="t", along="sound").bound([Number(name="a"), Rows(name="steps", columns=("a",))])
