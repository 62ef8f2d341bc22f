"""What a stop at a bad moment leaves is whole or says that it is not, and no run writes over what another made."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import run as command
from lstm_onnx.data import atomic_files
from lstm_onnx.data.atomic_files import write_together
from lstm_onnx.errors import Interrupted
from lstm_onnx.training import loop
from lstm_onnx.training.observers import Observer as SilentObserver
from lstm_onnx.training.run_folder import Run, newest_run, open_run
from tests.conftest import ADDING, TINY

OPTIONS = {"plugin_file": ADDING, **TINY, "epochs": 2, "threads": 1}


class StopAfterOne(SilentObserver):
    def epoch_ended(self, row, is_best) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError("No space left on device"), SystemExit])
def test_a_run_is_finished_only_when_its_pictures_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    def draw(*_: object) -> None:
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(loop, "draw_run", draw)
        with pytest.raises((Interrupted, OSError, SystemExit)):
            lo.train("adding", runs=tmp_path, **OPTIONS)
    assert open_run(tmp_path / "adding").record.status != "finished"
    run = lo.resume(tmp_path / "adding")
    assert open_run(run.folder).record.status == "finished"
    assert (run.plots / "loss.png").exists()


def test_an_unfinished_run_says_so_when_it_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Interrupted):
        lo.train("adding", runs=tmp_path / "runs", observers=StopAfterOne(), **OPTIONS)
    file = tmp_path / "x.onnx"
    assert command(["export", str(tmp_path / "runs" / "adding"), "--out", str(file)]) == 0
    assert "not finished (1 of 2 epochs): its best weights so far" in capsys.readouterr().out


def test_a_broken_neighbour_does_not_stop_the_newest_run(adding_run: Run, tmp_path: Path) -> None:
    shutil.copytree(adding_run.folder, tmp_path / "adding")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_bytes(b"\xff{")
    found = newest_run(tmp_path)
    assert found.folder.name == "adding"
    assert "broken" in found.notes[0]
    shutil.rmtree(tmp_path / "adding")
    with pytest.raises(lo.UserError, match=r"run\.json: cannot be read"):
        newest_run(tmp_path)


def test_the_second_run_of_a_name_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (lo.train("adding", name="day", **OPTIONS) for _ in range(2))
    assert second.record.name == second.folder.name == "day-2"
    assert [lo.export(r.folder).path for r in (first, second)] == [
        Path("exported/day.onnx"),
        Path("exported/day-2.onnx"),
    ]


def test_what_another_run_made_is_not_overwritten(adding_run: Run, adding_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    shutil.copy(adding_file, path)
    shutil.copy(adding_file.with_suffix(".json"), tmp_path / "a.json")
    lo.export(adding_run, path)  # its own
    other = lo.train("adding", runs=tmp_path / "runs", **OPTIONS)
    before = path.read_bytes()
    with pytest.raises(lo.UserError, match=r"a\.onnx: was made of another run \(adding, exported .*--force"):
        lo.export(other, path)
    path.write_bytes(b"somebody's")
    with pytest.raises(lo.UserError, match=r"a\.onnx: is there, and was not exported here"):
        lo.export(other, path)
    path.unlink()
    (tmp_path / "a.json").write_text('{"data": 1}')
    with pytest.raises(lo.UserError, match=r"a\.json: is there, and no contract of ours"):
        lo.export(other, path)
    lo.export(other, path, force=True)
    assert path.read_bytes() != before


@pytest.mark.parametrize("after", range(4))
def test_a_file_and_its_contract_are_never_of_two_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Stop after so many renames: old and new never stand beside each other."""
    names = ("a.onnx", "b.onnx", "a.json", "b.json")
    for name in names:
        (tmp_path / name).write_text("old")
    done = 0

    def replace(source, target, real=os.replace) -> None:
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        real(source, target)

    monkeypatch.setattr(atomic_files.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / n: "new" for n in names}, stale=[tmp_path / "a.json", tmp_path / "b.json"])
    left = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert set(left) <= set(names)
    assert list(left.values()).count("new") == after
    for file, contract in (("a.onnx", "a.json"), ("b.onnx", "b.json")):
        assert contract not in left or left[contract] == left[file] == "new"


def test_the_same_run_and_time_make_the_same_bytes_without_a_name_of_the_machine(
    adding_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one, other = (lo.export(adding_run, tmp_path / n / "a.onnx") for n in "12")
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.contract.provenance.created == "2023-11-14T22:13:20+00:00"
    assert str(tmp_path).encode() not in one.path.read_bytes()
    assert one.contract.proof is not None and one.contract.proof.engines.keys() >= {"onnxruntime", "torch"}
    assert one.contract.proof.largest_relative == one.report.largest_relative
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(lo.UserError, match="SOURCE_DATE_EPOCH=today: must be whole seconds"):
        lo.export(adding_run, tmp_path / "b.onnx")


def test_options_lose_what_they_tell_of_the_machine() -> None:
    from lstm_onnx.training.run_contract import public

    told = {"images": "/home/somebody/coco/images", "files": ["C:\\Users\\me\\x.onnx", "beside.csv"], "n": 3}
    assert public(told) == {"images": "images", "files": ["x.onnx", "beside.csv"], "n": 3}


def test_bundled_data_is_named_with_its_licence(tmp_path: Path) -> None:
    settings = {"epochs": 1, "threads": 1}
    run = lo.train("classification", hidden=4, **settings, runs=tmp_path)
    assert "CC BY 4.0" in (run.record.licence or "")
    contract = lo.export(run, tmp_path / "v.onnx").contract
    assert contract.provenance.licence == run.record.licence
    assert json.loads((tmp_path / "v.json").read_text())["provenance"]["licence"] == run.record.licence
