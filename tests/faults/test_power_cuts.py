"""A power cut at any moment loses no finished epoch and no export that was said to be written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import lstm_onnx as lo
from benchmarks.faults.power import Disk, Tree, lay_out
from lstm_onnx.data.atomic_files import LONGEST_NAME, make_folder, stage_beside, sweep, write_atomically
from lstm_onnx.embedding.render import write_folder
from lstm_onnx.training.run_folder import open_run
from lstm_onnx.training.tensor_files import load_tensors
from tests.conftest import ADDING, TINY


def test_a_written_file_survives_in_both_worst_worlds(tmp_path: Path) -> None:
    disk = Disk(tmp_path, lambda *_: None)
    with disk.recording():
        make_folder(tmp_path / "a" / "b")
        write_atomically(tmp_path / "a" / "b" / "c.txt", "whole")
    for tree in (disk.early(), disk.late()):
        assert {p: c for p, c in tree.items() if c is not None} == {"a/b/c.txt": b"whole"}


def test_a_new_content_is_there_or_the_old_one_whole(tmp_path: Path) -> None:
    seen: list[bytes | None] = []
    disk = Disk(tmp_path, lambda _, early, late: seen.extend(tree.get("f") for tree in (early, late)))
    with disk.recording():
        write_atomically(tmp_path / "f", "old")
        seen.clear()
        write_atomically(tmp_path / "f", "new")
    assert set(seen) == {b"old", b"new"}
    assert disk.early()["f"] == disk.late()["f"] == b"new"


def test_training_survives_a_cut_after_every_event(tmp_path: Path) -> None:
    promised, cuts = [False, False], 0

    def visit(_: str, *trees: Tree) -> None:
        nonlocal cuts
        for world, tree in enumerate(trees):
            left = lay_out(tree, tmp_path / "left") / "runs" / "adding"
            if not promised[world] and not (left / "run.json").exists():
                continue
            promised[world] = True
            run = open_run(left)
            if run.weights.exists():
                load_tensors(run.weights)
            if run.record.status != "finished":
                load_tensors(run.checkpoint)
            cuts += 1

    root = tmp_path / "disk"
    root.mkdir()
    with Disk(root, visit).recording():
        lo.train("adding", plugin_file=ADDING, **TINY, epochs=2, threads=1, runs=root / "runs")
    assert cuts > 20


def test_an_export_and_a_program_survive_once_they_are_written(adding_run, adding_file: Path, tmp_path: Path) -> None:
    disk = Disk(tmp_path, lambda *_: None)
    with disk.recording():
        lo.export(adding_run, tmp_path / "exported" / "a.onnx")
        write_folder(tmp_path / "program", {"src/main.c": b"int main;", "README.md": b"read"}, "c")
        write_folder(tmp_path / "program", {"src/main.c": b"int other;", "new/x.c": b"x"}, "c", force=True)
    there = {p: c for p, c in disk.late().items() if c is not None}
    assert {p: (tmp_path / p).read_bytes() for p in there} == there
    assert {"exported/a.onnx", "exported/a.json", "program/src/main.c", "program/new/x.c"} <= there.keys()


def test_what_killed_programs_left_is_swept_away(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * 86400
    for name in (".a.txt.123.part", ".a.txt.124.part", ".b.txt.123.part"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".out.stage-x").mkdir()
    for name in (".a.txt.123.part", ".b.txt.123.part", ".out.stage-x"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    write_atomically(tmp_path / "a.txt", "whole")
    with stage_beside(tmp_path / "out"):
        pass
    # one is too young to be nobody's, and one belongs to another file
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a.txt.124.part", ".b.txt.123.part", "a.txt"]
    sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt"]


def test_names_that_no_disk_takes_are_named(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=f"a name of more than {LONGEST_NAME} bytes; choose a shorter one"):
        write_atomically(tmp_path / ("ä" * 130), "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(lo.UserError, match="is a file, where a folder is needed"):
        make_folder(tmp_path / "file")
