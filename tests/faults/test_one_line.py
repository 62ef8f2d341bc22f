"""Whatever a person can hand over that is broken is answered in one line, and no traceback."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.contract import METADATA_KEY, from_json, to_json
from lstm_onnx.data.arrays import load_arrays
from lstm_onnx.data.images import read_pictures
from lstm_onnx.data.tables import read_table
from lstm_onnx.inference.row_stream import stream_rows
from lstm_onnx.json_text import parse_json
from lstm_onnx.verification.verify import verify

EXPORTED = Path(__file__).parents[2] / "exported"

TEXTS = {
    "nested": ("[" * 100_000, "nested too deeply"),
    "digits": ("[" + "9" * 5_000 + "]", "a number of thousands of digits"),
    "surrogate": ('{"text": "\\ud800"}', "half a character"),
    "latin1": (b'{"text": "caf\xe9"}', "is not UTF-8 text"),
    "cut": ('{"text": ', "is not JSON at line 1, column"),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_json_of_every_kind(kind: str, tmp_path: Path) -> None:
    content, says = TEXTS[kind]
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(lo.UserError, match=says) as caught:
        parse_json(data, "x.json")
    assert "\n" not in str(caught.value)
    for name, read in (("a.json", load_arrays), ("t.json", read_table), ("t.jsonl", read_table)):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(lo.UserError, match=says):
            read(tmp_path / name)
    with pytest.raises(lo.UserError):
        from_json(data.decode("latin-1"), "x.onnx")


def test_whole_characters_beyond_the_first_plane_are_text() -> None:
    assert parse_json('["\\ud83d\\ude00"]', "x") == ["\N{GRINNING FACE}"]


@pytest.mark.parametrize("broken", ["stored", "compression", "crc", "encrypted"])
def test_npz_with_broken_members(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(1000.0))
    content = bytearray(path.read_bytes())
    if broken == "stored":
        content[120:160] = bytes(40)
    elif broken == "compression":  # a method that nobody knows, in both headers
        content[8:10] = b"\x61\x00"
        at = content.rindex(b"PK\x01\x02")
        content[at + 10 : at + 12] = b"\x61\x00"
    elif broken == "crc":
        at = content.rindex(b"PK\x01\x02")
        content[at + 16] ^= 0xFF
    else:
        content[6] |= 1
        at = content.rindex(b"PK\x01\x02")
        content[at + 8] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(lo.UserError, match=r"a\.npz: is no \.npz file of plain arrays") as caught:
        load_arrays(path)
    assert "\n" not in str(caught.value)


def test_a_zip_that_holds_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as packed:
        packed.writestr("notes.txt", "hello")
    with pytest.raises(lo.UserError, match=r"is no \.npz file of plain arrays"):
        load_arrays(tmp_path / "a.npz")


def step_of_nothing(contract: dict) -> None:
    contract["table"]["step"] = {"seconds": 0, "months": 0}


def other_axis(contract: dict) -> None:
    contract["inputs"][0]["dims"] = ["batch", "nowhere", "target"]


def values_cut(contract: dict) -> None:
    contract["examples"][0]["inputs"]["values"]["values"].pop()


def labels_cut(contract: dict) -> None:
    contract["axes"]["target"]["labels"] = ["a", "b"]


def tolerance_below_nothing(contract: dict) -> None:
    contract["tolerance"]["rtol"] = -1


def twice(contract: dict) -> None:
    contract["inputs"].append(contract["inputs"][0])


def columns_more(contract: dict) -> None:
    contract["inputs"][0]["source"]["columns"].append("another")


@pytest.mark.parametrize(
    "change",
    [step_of_nothing, other_axis, values_cut, labels_cut, tolerance_below_nothing, twice, columns_more],
)
def test_contracts_that_do_not_fit_themselves(change: Callable[[dict], None]) -> None:
    content = json.loads(to_json(lo.load(EXPORTED / "traffic.onnx").require_contract()))
    change(content)
    with pytest.raises(lo.UserError, match=r"^traffic\.onnx: its contract is broken at") as caught:
        from_json(json.dumps(content), "traffic.onnx")
    assert "\n" not in str(caught.value)


def test_a_source_of_version_1_that_is_no_word() -> None:
    content = json.loads(to_json(lo.load(EXPORTED / "traffic.onnx").require_contract()))
    content["version"], content["inputs"][0]["source"]["kind"] = 1, ["clock"]
    with pytest.raises(lo.UserError, match=r"^traffic\.onnx: its contract is broken at inputs\.0\.source"):
        from_json(json.dumps(content), "traffic.onnx")


@pytest.mark.parametrize("how", ["shape", "type"])
def test_verify_names_a_weight_whose_bytes_do_not_make_it(how: str, tmp_path: Path) -> None:
    model = onnx.load(EXPORTED / "traffic.onnx")
    tensor = model.graph.initializer[0]
    if how == "shape":
        tensor.raw_data = tensor.raw_data[:-1]
    else:
        tensor.data_type = 99
    onnx.save(model, tmp_path / "spoilt.onnx")
    report = verify(tmp_path / "spoilt.onnx")
    (check,) = report.checks
    assert check.detail.startswith("is not a sound ONNX file: ")
    assert check.detail.endswith(f"changed since the export: weights {tensor.name} changed")


def test_broken_metadata_of_a_picture_is_no_warning(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "TIFF", software="a name that is longer than four letters")
    entry = content.getvalue().index(b"\x31\x01\x02\x00")
    spoilt = content.getvalue()[: entry + 8] + b"\xff\xff\xff\x00" + content.getvalue()[entry + 12 :]
    (tmp_path / "a.tif").write_bytes(spoilt)
    with pytest.warns(UserWarning, match="Truncated"), Image.open(tmp_path / "a.tif") as opened:
        opened.load()
    (image,) = read_pictures([tmp_path / "a.tif"], lambda image: image)  # warnings are errors here
    assert not isinstance(image, lo.UserError)


def test_a_contract_of_another_graph(tmp_path: Path) -> None:
    model, other = (onnx.load(EXPORTED / f"{name}.onnx") for name in ("traffic", "vowels"))
    text = next(p.value for p in other.metadata_props if p.key == METADATA_KEY)
    next(p for p in model.metadata_props if p.key == METADATA_KEY).value = text
    onnx.save(model, tmp_path / "mixed.onnx")
    with pytest.raises(lo.UserError, match=r"mixed\.onnx: its contract is of another graph"):
        lo.load(tmp_path / "mixed.onnx")


def test_metadata_that_is_no_text(tmp_path: Path) -> None:
    content = (EXPORTED / "traffic.onnx").read_bytes()
    spoilt = content.replace(b'"task":"forecasting"', b'"task":"forecasti\xff\xfe"')
    assert spoilt != content
    (tmp_path / "spoilt.onnx").write_bytes(spoilt)
    with pytest.raises(lo.UserError, match=r"spoilt\.onnx: "):
        lo.load(tmp_path / "spoilt.onnx")
    assert run(["verify", str(tmp_path / "spoilt.onnx")]) in (1, 2)


def test_latin1_on_a_stream() -> None:
    model = lo.load(EXPORTED / "traffic-streaming.onnx")
    lines = io.TextIOWrapper(io.BytesIO("time,vehicles,temperature,clouds,caf\xe9\n".encode("latin-1")), "utf-8")
    with pytest.raises(lo.UserError, match="is not UTF-8 text, perhaps Latin-1"):
        list(stream_rows(model, lines))


@pytest.mark.parametrize("verb", ["predict", "inspect", "verify", "doctor", "evaluate"])
def test_names_that_no_system_takes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [verb, "x" * 300 + ".onnx", *(["data.csv"] if verb == "predict" else [])]
    assert run(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error:") and "Traceback" not in told


def test_what_may_not_be_read_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, *_: object) -> bytes:
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert run(["inspect", str(EXPORTED / "traffic.onnx")]) == 2
    told = capsys.readouterr().err
    assert "traffic.onnx: Permission denied" in told.replace("\n", "")
    assert "Traceback" not in told
