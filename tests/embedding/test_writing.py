"""What `lstm-onnx embed` writes, and what it refuses to touch."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import onnx
import pytest
from onnx import helper

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.cli.plugins import survey
from lstm_onnx.contract import METADATA_KEY, from_json, to_json
from lstm_onnx.embedding.from_contract import project_of
from lstm_onnx.embedding.generate import embed
from lstm_onnx.embedding.identifiers import c_string, camel, one_line, pascal, rust_string, snake, unique, verb
from lstm_onnx.embedding.registry import load_target, load_targets
from lstm_onnx.embedding.render import MARKER, write_folder
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import load
from tests.conftest import ADDING, TINY
from tests.embedding.harness import ROOT, TARGETS
from tests.embedding.models import MAKERS

TRAFFIC = ROOT / "exported" / "traffic.onnx"
TABLE = ROOT / "plugins" / "lstm_onnx_forecasting" / "datasets" / "traffic.csv"

PLUGIN = """
from pathlib import Path

from lstm_onnx.plugin import EmbedTarget, hookimpl


@hookimpl
def lstm_onnx_embed_targets():
    return [EmbedTarget("NAME", "A list", "nothing", "ort", Path(__file__).parent / "list", (), "cat NAME.txt", ())]
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "NAME.txt.j2").write_text(
        "{{ project.verb }}: {{ project.given | map(attribute='id') | join(' ') }}"
    )
    (tmp_path / "list" / "_macros.j2").write_text("{{ nothing }}")
    (tmp_path / "plugin.py").write_text(PLUGIN.replace('"NAME"', '"list"').replace("cat NAME", "cat {{ project.id }}"))
    return tmp_path / "plugin.py"


def test_last_lines_say_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["embed", str(TRAFFIC), "--target", "c", "--out", str(tmp_path / "x")]) == 0
    said = capsys.readouterr().out
    assert re.search(r"self-test +build/traffic --self-test", said)
    assert re.search(r"run +build/traffic < example.csv", said)
    assert f"cd {tmp_path / 'x'}" in said.replace("\n", "")
    assert {"model.onnx", "model.json", "golden.bin", "example.csv", "README.md"} <= {
        f.name for f in (tmp_path / "x").iterdir()
    }
    contract = from_json(TRAFFIC.with_suffix(".json").read_text(), TRAFFIC)
    assert (tmp_path / "x" / "model.json").read_text() == to_json(contract) + "\n"


def test_the_list_tells_what_each_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["embed", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"c", "cpp"} <= {t["name"] for t in listed}
    assert all(t["title"] and t["needs"] for t in listed)
    assert run(["embed", "--list"]) == 0
    assert "CMake" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "say what to embed"),
        ([str(TRAFFIC), "--target", "cobol", "--out", "OUT"], "there is no such target"),
        (["nothing.onnx", "--target", "c", "--out", "OUT"], "nothing.onnx: no such file"),
        ([str(TABLE), "--target", "c", "--out", "OUT"], "is no ONNX file"),
        ([str(TRAFFIC), "--target", "c", "--out", "no/such/folder"], "its folder does not exist"),
        ([str(TRAFFIC), "--target", "c", "--out", str(TABLE)], "is a file; name a folder"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["embed", *(str(out) if a == "OUT" else a for a in arguments)]) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_a_model_that_the_runtime_refuses_is_refused_before_writing(tmp_path: Path) -> None:
    model = onnx.load(TRAFFIC)
    model.ir_version = 99
    onnx.save(model, tmp_path / "new.onnx")
    with pytest.raises(UserError, match=r"target 'c' would not run it: the file: IR version 99: .*; export without"):
        embed(tmp_path / "new.onnx", "c", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_without_contract_or_examples_is_refused(tmp_path: Path) -> None:
    model = onnx.load(TRAFFIC)
    contract = json.loads(next(p.value for p in model.metadata_props if p.key == METADATA_KEY))
    helper.set_model_props(model, {METADATA_KEY: json.dumps(contract | {"examples": []})})
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(UserError, match="no golden examples"):
        embed(tmp_path / "a.onnx", "c", tmp_path / "out")
    helper.set_model_props(model, {})
    onnx.save(model, tmp_path / "b.onnx")
    with pytest.raises(UserError, match="has no lstm-onnx contract"):
        embed(tmp_path / "b.onnx", "c", tmp_path / "out")


def test_a_model_without_an_answer_is_refused(tmp_path: Path) -> None:
    model = onnx.load(TRAFFIC.with_name("traffic-streaming.onnx"))
    contract = json.loads(next(p.value for p in model.metadata_props if p.key == METADATA_KEY))
    states = {s["output"] for s in contract["states"]}
    contract["outputs"] = [t for t in contract["outputs"] if t["name"] in states]
    for example in contract["examples"]:
        example["outputs"] = {name: v for name, v in example["outputs"].items() if name in states}
    kept = [value for value in model.graph.output if value.name in states]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    helper.set_model_props(model, {METADATA_KEY: json.dumps(contract)})
    onnx.save(model, tmp_path / "a.onnx")
    for target in TARGETS:
        with pytest.raises(UserError, match="all its outputs are states"):
            embed(tmp_path / "a.onnx", target, tmp_path / "out")


def test_a_run_that_was_cut_off_is_taken_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of both programs lie there, and none of them was changed by hand; what a person changed is still told."""
    out = tmp_path / "out"
    write_folder(out, {name: b"1" for name in ("a.c", "b.c", "c.c")}, "c")
    replace, moved = os.replace, []

    def cut(source: Path, place: Path) -> None:
        if len(moved) == 2:  # the marker and a file
            raise KeyboardInterrupt
        moved.append(place)
        replace(source, place)

    for content in (b"2", b"3"):
        moved.clear()
        monkeypatch.setattr(os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            write_folder(out, {name: content for name in ("a.c", "b.c", "c.c")}, "c")
        monkeypatch.setattr(os, "replace", replace)
    assert [(out / name).read_bytes() for name in ("a.c", "b.c")] == [b"3", b"1"]
    (out / "c.c").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"c\.c: was changed by hand"):
        write_folder(out, {name: b"4" for name in ("a.c", "b.c", "c.c")}, "c")
    (out / "c.c").write_bytes(b"1")
    write_folder(out, {name: b"4" for name in ("a.c", "b.c", "c.c")}, "c")
    assert {p.read_bytes() for p in out.glob("*.c")} == {b"4"}
    (out / "a.c").write_bytes(b"1")  # what it was before the run that was finished
    with pytest.raises(UserError, match=r"a\.c: was changed by hand"):
        write_folder(out, {"a.c": b"5"}, "c")


def test_files_of_the_program_before_are_removed_unless_they_were_changed(tmp_path: Path) -> None:
    """A build takes all sources of a folder, those of another layout too."""
    out = tmp_path / "out"
    write_folder(out, {"a.c": b"1", "old.c": b"1", "mine.c": b"1"}, "c")
    (out / "mine.c").write_bytes(b"changed")
    write_folder(out, {"a.c": b"2"}, "c")
    assert {p.name: p.read_bytes() for p in out.glob("*.c")} == {"a.c": b"2", "mine.c": b"changed"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"target": "c", "files": []}'])
def test_a_marker_that_is_none_is_no_trace(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MARKER).write_bytes(content)
    with pytest.raises(UserError, match="is not empty"):
        write_folder(tmp_path, {"a.c": b"1"}, "c")


def test_files_of_a_person_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty; name a new folder, or overwrite with --force"):
        write_folder(out, {"a.c": b"1"}, "c")
    write_folder(out, {"a.c": b"1", "b/c.h": b"2"}, "c", force=True)
    write_folder(out, {"a.c": b"3"}, "c")  # ours, and unchanged
    assert (out / "a.c").read_bytes() == b"3"
    with pytest.raises(UserError, match="holds a program for c"):
        write_folder(out, {"a.c": b"4"}, "rust")
    (out / "a.c").write_text("changed")
    with pytest.raises(UserError, match=r"a\.c: was changed by hand"):
        write_folder(out, {"a.c": b"5"}, "c")
    write_folder(out, {"a.c": b"5"}, "c", force=True)
    assert {p.name: p.read_text() for p in out.iterdir() if p.is_file() and p.name != MARKER} == {
        "mine.txt": "mine",
        "a.c": "5",
    }
    assert [p.name for p in tmp_path.iterdir()] == ["out"]  # nothing half-written beside it


def test_a_target_of_a_plugin_file_is_like_ours(plugin: Path, tmp_path: Path) -> None:
    written = embed(TRAFFIC, "list", tmp_path / "out", plugin_file=plugin)
    assert (tmp_path / "out" / "traffic.txt").read_text() == "forecast: values time past"
    assert not (tmp_path / "out" / "_macros").exists()
    assert written.commands["run"] == ("cat traffic.txt < example.csv",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("list", "c", "two embed targets are called 'c'"),
        ("_embed_targets()", "_embed_target()", "lstm_onnx_embed_target"),
        ("return [", "return [3, ", "returned 'int'"),
    ],
)
def test_a_plugin_that_breaks_a_rule_is_explained(plugin: Path, old: str, new: str, says: str) -> None:
    plugin.write_text(
        plugin.read_text().replace(f'"{old}"' if old == "list" else old, f'"{new}"' if old == "list" else new)
    )
    with pytest.raises(UserError, match=says):
        load_targets(plugin)


def test_a_plugin_with_targets_alone_is_listed(plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pkg_list.py").write_text(plugin.read_text())
    info = tmp_path / "pkg_list-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pkg-list\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lstm_onnx]\nlists = pkg_list\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_target("list").title == "A list"
    found = {p.name: p for p in survey()}["lists"]
    assert (found.summary, found.problem) == ("embed --target list", None)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_readme(target: str, tmp_path: Path) -> None:
    embed(TRAFFIC, target, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "--self-test" in text or not load_target(target).program
    assert "licence" in text


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("traffic-int8", "traffic_int8"),
        ("Größe 2", "gr_e_2"),
        ("2nd", "x2nd"),
        ("class", "class_"),
        ("", "x"),
        ("aB", "a_b"),
    ],
)
def test_identifiers(name: str, identifier: str) -> None:
    assert snake(name) == identifier
    assert unique([name, name], [identifier])[0] == f"{identifier}_"


def test_names_and_texts_for_sources() -> None:
    tasks = {
        "forecasting": "forecast",
        "classification": "classify",
        "captioning": "caption",
        "adding": "add",
        "tagging": "tag",
        "passing": "pass",
        "anomaly": "anomaly",
        "x": "x",
    }
    assert {task: verb(task) for task in tasks} == tasks
    assert (verb("anomaly", "anomaly"), verb("anomaly", "pumps")) == ("predict", "anomaly")
    assert (camel("my_model_"), pascal("my_model")) == ("myModel_", "MyModel")
    assert one_line("a\n*/ b") == "a * / b"
    assert c_string('ö"\n?') == r'"\303\266\"\012\?"'
    assert rust_string('ö"\n') == r'"\u{f6}\"\u{a}"'


def test_answers_have_the_columns_that_predict_shows(models: dict[str, Path]) -> None:
    prediction = load(models["traffic"]).predict(TABLE)
    contract = from_json(models["traffic"].with_suffix(".json").read_text(), "traffic")
    answer = project_of(contract, 0, "").answer
    assert [answer.lead, *(c.header for c in answer.cells)] == prediction.table.columns


@pytest.mark.parametrize(
    ("model", "mode", "sources"),
    [
        ("text", "texts", ["text"]),
        ("bytes", "texts", ["bytes", "lengths"]),
        ("series", "sequence", ["rows", "lengths"]),
        ("monthly", "window", ["rows", "future", "static", "time_future"]),
        ("image", "picture", ["image"]),
    ],
)
def test_where_inputs_come_from(model: str, mode: str, sources: list[str], tmp_path: Path) -> None:
    contract = load(MAKERS[model](tmp_path)).require_contract()
    project = project_of(contract, 0, "")
    assert (project.mode, [p.source for p in project.inputs]) == (mode, sources)


@pytest.mark.parametrize(
    "table",
    [
        {"columns": [{"column": "vehicles", "role": "target", "kind": "number", "decimal": ","}]},
        {"clock": {"columns": ["time"], "forms": ["%d.%m.%Y"]}},
        {"clock": {"columns": ["time"], "forms": ["datetime"], "zone": "Europe/Berlin"}},
        {"encoding": "cp1252"},
    ],
)
def test_what_programs_cannot_read_they_take_as_arrays(table: dict[str, object], tmp_path: Path) -> None:
    model = onnx.load(TRAFFIC)
    contract = json.loads(next(p.value for p in model.metadata_props if p.key == METADATA_KEY))
    contract["table"] |= table
    helper.set_model_props(model, {METADATA_KEY: json.dumps(contract)})
    onnx.save(model, tmp_path / "a.onnx")
    for target in ("c", "node", "bare-c"):
        written = embed(tmp_path / "a.onnx", target, tmp_path / target)
        assert "run" not in written.commands
        assert not (written.folder / "example.csv").exists()
        assert any("reads no input" in note for note in written.notes)


def test_numbers_of_words_are_no_text_that_a_program_reads(tmp_path: Path) -> None:
    contract = load(MAKERS["text"](tmp_path)).require_contract()
    words = contract.inputs[0].model_copy(update={"dtype": "int64", "labels": ("a", "b")})
    assert project_of(contract.model_copy(update={"inputs": (words,)}), 0, "").mode == "library"


def test_a_task_says_its_verb(tmp_path: Path) -> None:
    plugin = tmp_path / "totals.py"
    plugin.write_text(ADDING.read_text().replace('name = "adding"', 'name = "adding"\n    verb = "total up"'))
    run = lo.train("adding", plugin_file=plugin, **TINY, epochs=1, threads=1, runs=tmp_path / "runs")
    contract = load(lo.export(run, tmp_path / "m.onnx").path).require_contract()
    assert project_of(contract, 1, "1").verb == "total_up"
