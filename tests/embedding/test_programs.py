"""For every model and target: the program builds, passes its self-test, and answers as ONNX Runtime does in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from lstm_onnx.contract import Array, Example, Values
from lstm_onnx.embedding.generate import embed
from lstm_onnx.embedding.golden_file import golden_file
from lstm_onnx.embedding.project import Project
from lstm_onnx.embedding.registry import load_target
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import load
from tests.data import test_cells as cells
from tests.embedding.harness import ROOT, TARGETS, Program, Workshop, assert_answers, table_of
from tests.embedding.models import MAKERS

MODELS = [*(f.stem for f in sorted((ROOT / "exported").glob("*.onnx"))), "adding", "adding-streaming", *MAKERS]


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[name for name in TARGETS if load_target(name).reads])
def reader(request: pytest.FixtureRequest) -> str:
    """A target whose programs read tables, texts and pictures."""
    return request.param


def build(workshop: Workshop, models: dict[str, Path], model: str, target: str) -> Program:
    try:
        return workshop.program(models[model], target)
    except UserError as error:  # a refusal by the rules, before anything is written
        assert "would not run it" in str(error)
        pytest.skip(str(error))


@pytest.mark.parametrize("model", MODELS)
def test_the_self_test_passes(workshop, models, model: str, target: str) -> None:
    done = build(workshop, models, model, target).run("--self-test")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines[:-1]] == [f"example {i + 1}: ok" for i in range(len(lines) - 1)]
    assert lines[-1].startswith("self-test passed")


@pytest.mark.parametrize("model", MODELS)
def test_the_answer_is_that_of_onnx_runtime(workshop, models, model: str, reader: str) -> None:
    program = build(workshop, models, model, reader)
    if program.project.mode == "library":
        pytest.skip("reads nothing but its golden examples")
    assert_answers(program)


@pytest.fixture(params=[name for name in TARGETS if not load_target(name).reads and load_target(name).program])
def library(request: pytest.FixtureRequest) -> str:
    """A target that gives a library, whose program asks a golden example."""
    return request.param


@pytest.mark.parametrize("model", MODELS)
def test_the_example_is_answered_as_onnx_runtime_does(workshop, models, model: str, library: str) -> None:
    """It prints the first values of each output, which are those of the first golden example."""
    program = build(workshop, models, model, library)
    done = program.run()
    assert (done.returncode, done.stderr) == (0, "")
    said = dict(line.partition(": ")[::2] for line in done.stdout.splitlines() if ": " in line)
    project = program.project
    first = project.contract.examples[0]
    given = {p.name: first.inputs[p.name].array() for p in project.given}
    for before, _ in project.states:  # the example begins a stream
        given[before.name] = np.full_like(first.inputs[before.name].array(), before.reset)
    answer = load(models[model]).run(given)
    for port in project.answers:
        values = answer[port.name].ravel()
        shown = said[port.name].removesuffix(" ...")
        if values.dtype.kind in "OSU":
            assert shown == " ".join(map(str, values[:8]))
        else:
            found = np.array([float(cell) for cell in shown.replace("true", "1").replace("false", "0").split()])
            tolerance = project.contract.tolerance.of(port.name)
            scale = np.nanmax(np.abs(values), initial=0, where=np.isfinite(values.astype(float)))
            np.testing.assert_allclose(found, values[:8].astype(float), atol=tolerance.atol + tolerance.rtol * scale)
        if port.labels:
            assert f"{port.name} means {port.labels[int(values[0])]}\n" in done.stdout


def build_with_files(workshop: Workshop, models: dict[str, Path], target: str) -> Program:
    if not load_target(target).has_files:
        pytest.skip(f"target {target} holds the model and the golden examples in itself")
    return build(workshop, models, "traffic", target)


def test_a_model_that_answers_otherwise_fails_the_self_test(workshop, models, target: str, tmp_path: Path) -> None:
    program = build_with_files(workshop, models, target)
    golden = bytearray((program.folder / "golden.bin").read_bytes())
    golden[-2] ^= 0x40  # the exponent of the last number
    (tmp_path / "golden.bin").write_bytes(golden)
    done = program.run("--self-test", "--golden", tmp_path / "golden.bin")
    assert done.returncode == 1
    assert "FAILED" in done.stdout


def golden_with(program: Program, change: Callable[[str, Array], Array]) -> bytes:
    """A file of golden examples with the first one alone, its inputs changed."""
    contract = program.project.contract
    inputs = {name: Values.of(change(name, v.array())) for name, v in contract.examples[0].inputs.items()}
    example = Example(inputs=inputs, outputs=contract.examples[0].outputs)
    return golden_file(contract.model_copy(update={"examples": (example,)}))


BEYOND: dict[str, tuple[str, Callable[[str, Array], Array], str]] = {
    "empty batch": ("traffic", lambda _, a: a[:0], "axis 'batch' has length 0, and must have 1 at least"),
    "long axis": (
        "series",
        lambda name, a: a if name == "lengths" else np.zeros((2, 51, 2), np.float32),
        "axis 'time' has length 51, and must have 50 at most",
    ),
    "long length": (
        "series",
        lambda name, a: np.array([3, 4]) if name == "lengths" else a,
        "input 'lengths': 4 at 1, and a length must be from 2 to 3",
    ),
    "short length": (
        "series",
        lambda name, a: np.array([-1, 2]) if name == "lengths" else a,
        "input 'lengths': -1 at 0, and a length must be from 2 to 3",
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_call_is_held_to_axes_and_lengths(workshop, models, target: str, case: str, tmp_path: Path) -> None:
    """Even one on which ONNX Runtime would end the process."""
    model, change, says = BEYOND[case]
    if not load_target(target).has_files:
        pytest.skip(f"target {target} holds the golden examples in itself")
    program = build(workshop, models, model, target)
    (tmp_path / "golden.bin").write_bytes(golden_with(program, change))
    done = program.run("--self-test", "--golden", tmp_path / "golden.bin")
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[0].strip().endswith(says)  # some name the input too


def test_a_call_is_timed(workshop, models, target: str) -> None:
    done = build(workshop, models, "traffic", target).run("--bench")
    assert done.returncode == 0, done.stderr
    assert "bench: median" in done.stdout


BROKEN_TABLES = {
    "": "empty",
    "\n\n": "empty",
    "time,vehicles\n": "temperature",
    "time,vehicles,temperature,clouds\n": "row",
    "time,vehicles,temperature,clouds\n2018-01-01 00:00,many,1,2\n": "many",
    "time,vehicles,temperature,clouds\nsome day,1,1,2\n": "some day",
    "time,vehicles,temperature,clouds\n2018-02-30 00:00,1,1,2\n": "2018-02-30",
    "time,vehicles,temperature,clouds\n2018-01-01 00:00,1,1\n": "3 cells",
    "time,vehicles,temperature,clouds\n2018-01-01 00:00,1,1,2\n2018-01-01 00:30,1,1,2\n": "line 3",
    "time,vehicles,temperature,clouds\n2018-01-01 00:00,1,1,2\n2017-01-01 00:00,1,1,2\n": "line 3",
    "time,vehicles,temperature,clouds\n2018-01-01 00:00,,1,2\n": "known value",
}


@pytest.mark.parametrize("table", BROKEN_TABLES)
def test_a_table_that_cannot_be_used_is_one_line(workshop, models, reader: str, table: str) -> None:
    done = build(workshop, models, "traffic", reader).run(stdin=table)
    refused(done, BROKEN_TABLES[table])


@pytest.mark.parametrize(
    "table", ["", "number\n1\n", "number,marker\n1,x\n", "number,marker\n1,0,0\n", "number,marker\n,0\n"]
)
@pytest.mark.parametrize("model", ["adding", "adding-streaming"])
def test_steps_that_cannot_be_used_are_one_line(workshop, models, model: str, reader: str, table: str) -> None:
    done = build(workshop, models, model, reader).run(stdin=table)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


BROKEN_PICTURES = {
    b"": "empty",
    b" \n": "empty",
    b"\x89PNG\r\n\x1a\n": "no PPM",
    b"P6": "header",
    b"P6\n2 0\n255\n": "header",
    b"P6\n2 x\n255\n": "header",
    b"P6\n2 99999999999999999999\n255\n": "header",
    b"P6\n-2 2\n255\n": "header",
    b"P6\n2 2\n65535\n" + bytes(24): "two bytes",
    b"P6\n2 2\n255\n" + bytes(11): "too early",
    b"P5\n2 2\n255\n" + bytes(3): "too early",
}


@pytest.mark.parametrize("content", BROKEN_PICTURES)
def test_a_picture_that_cannot_be_used_is_one_line(workshop, models, reader: str, content: bytes) -> None:
    done = build(workshop, models, "image", reader).run(stdin=content)
    refused(done, BROKEN_PICTURES[content])


def test_pictures_are_read_as_netpbm_writes_them(workshop, models, reader: str) -> None:
    """Grey and colour, remarks, several in one file, and fewer shades than 256."""
    program = build(workshop, models, "image", reader)
    if not program.project.free:
        pytest.skip("this target fixes the size of pictures")
    grey = b"P5 # a remark\n#another\n2 1\n255\n" + bytes([10, 30])
    few = b"P6\n1 1\n15\n" + bytes([15, 5, 0])
    done = program.run(stdin=grey + b"\n" + few)
    assert (done.returncode, done.stderr) == (0, "")
    assert [[float(cell) for cell in row] for row in table_of(done.stdout)[1]] == [[20, 20, 20], [255, 85, 0]]


def test_files_that_are_not_there_or_broken_are_one_line(workshop, models, target: str, tmp_path: Path) -> None:
    program = build_with_files(workshop, models, target)
    for name, content in broken_models(program, models).items():
        (tmp_path / name).write_bytes(content)
        done = program.run("--model", tmp_path / name, stdin=program.example if load_target(target).reads else "")
        assert done.returncode in (1, 2), name
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        if name in ("types.onnx", "shapes.onnx", "other.onnx", "horizon.onnx", "hidden.onnx"):
            assert "this program was made for another model" in done.stderr, (name, done.stderr)
    refused(program.run("--model", tmp_path / "nothing.onnx", "--self-test"), "nothing.onnx")
    refused(program.run("--self-test", "--golden", tmp_path / "nothing.bin"), "nothing.bin")
    golden = (program.folder / "golden.bin").read_bytes()
    for size in (0, 7, 30, 60, len(golden) // 2, len(golden) - 1):
        (tmp_path / "part.bin").write_bytes(golden[:size])
        refused(program.run("--self-test", "--golden", tmp_path / "part.bin"), "part.bin")


def broken_models(program: Program, models: dict[str, Path]) -> dict[str, bytes]:
    """A truncated file, one of other inputs, some whose outputs are of another type or shape, and what is no model."""
    whole = (program.folder / "model.onnx").read_bytes()
    return {
        "truncated.onnx": whole[: len(whole) // 2],
        "types.onnx": impostor(program.project, dtype=TensorProto.DOUBLE, rank=3),
        "shapes.onnx": impostor(program.project, dtype=TensorProto.FLOAT, rank=2),
        "horizon.onnx": retrained(program.project, says=True),
        "hidden.onnx": retrained(program.project, says=False),
        "other.onnx": models["text"].read_bytes(),
        "empty.onnx": b"",
        "text.onnx": b"no model at all",
    }


def impostor(project: Project, dtype: int, rank: int) -> bytes:
    """A model with the names of another, and outputs of the wrong type or shape."""
    kinds = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(p.name, kinds[p.dtype], [None] * len(p.dims)) for p in project.inputs]
    outputs = [helper.make_tensor_value_info(p.name, dtype, [None] * rank) for p in project.outputs]
    nodes = []
    for p in project.outputs:
        nodes.append(helper.make_node("Cast", [project.inputs[0].name], [f"{p.name} cast"], to=dtype))
        shape = helper.make_node("Constant", [], [f"{p.name} shape"], value_ints=[1] * (rank - 1) + [-1])
        nodes += [shape, helper.make_node("Reshape", [f"{p.name} cast", f"{p.name} shape"], [p.name])]
    graph = helper.make_graph(nodes, "impostor", inputs, outputs)
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def retrained(project: Project, says: bool) -> bytes:
    """The model trained for 6 steps ahead instead of 24; the graph says of its outputs that they are of that size."""
    kinds = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(p.name, kinds[p.dtype], [d.size for d in p.dims]) for p in project.inputs]
    outputs, nodes = [], [helper.make_node("Shape", [project.inputs[0].name], ["batch"], end=1)]
    for p in project.outputs:
        sizes = [6 if d.size == 24 else d.size for d in p.dims]
        outputs.append(helper.make_tensor_value_info(p.name, kinds[p.dtype], sizes if says else None))
        value = helper.make_tensor("value", kinds[p.dtype], [1], [0])
        nodes += [
            helper.make_node("Constant", [], [f"{p.name} sizes"], value_ints=[size or 1 for size in sizes]),
            helper.make_node("Mul", ["batch", f"{p.name} sizes"], [f"{p.name} shape"]),  # known at run time alone
            helper.make_node("ConstantOfShape", [f"{p.name} shape"], [p.name], value=value),
        ]
    graph = helper.make_graph(nodes, "retrained", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def test_an_unknown_option_is_refused(workshop, models, target: str) -> None:
    refused(build(workshop, models, "traffic", target).run("--nonsense"), "usage")


def refused(done, says: str) -> None:
    """It ended with status 2 and one line that says why."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert says in done.stderr


def test_gaps_are_filled_and_rows_without_a_known_value_dropped(workshop, models, reader: str) -> None:
    """What is not there counts as missing, as in `lstm-onnx predict`."""
    program = build(workshop, models, "traffic", reader)
    header, *rows = program.example.splitlines()
    cut = [*rows[:20], *rows[23:]]
    blank = [",".join([row.split(",")[0], "", "", ""]) for row in rows[20:23]]
    whole = [*rows[:20], *blank, *rows[23:]]
    answers = [program.run(stdin="\n".join([header, *r, ""])).stdout for r in (cut, whole)]
    assert answers[0] == answers[1] != ""
    last = int(np.datetime64(rows[-1].split(",")[0].replace(" ", "T"), "s").astype(int))
    ahead = [f"{last + 3600},,1,2", f"{last + 7200},,1,2"]
    assert program.run(stdin="\n".join([header, *whole, *ahead, ""])).stdout == answers[0]


@pytest.mark.parametrize(("zone", "hours"), [("Z", 0), ("+00:00", 0), ("+02:00", 2), ("-0330", -3.5), ("+01", 1)])
def test_a_zone_is_counted_in_utc(workshop, models, reader: str, zone: str, hours: float) -> None:
    program = build(workshop, models, "traffic", reader)
    header, *rows = program.example.splitlines()

    def moved(row: str) -> str:
        time, rest = row.split(",", 1)
        local = np.datetime64(time.replace(" ", "T"), "s") + np.timedelta64(int(hours * 3600), "s")
        return f"{str(local).replace('T', ' ')}{zone},{rest}"

    done = program.run(stdin="\n".join([header, *map(moved, rows), ""]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == program.run(stdin=program.example).stdout
    for odd in ("+2", "+02:0", "+02:00x", "+", "-02:00:00"):
        refused(
            program.run(stdin="\n".join([header, *(moved(row).replace(zone, odd) for row in rows), ""])), "is no time"
        )


def with_cells(program: Program, cells: list[str], column: int = 2) -> str:
    """The example table with these cells in place of the newest of a column."""
    header, *rows = program.example.splitlines()
    for row, cell in zip(range(len(rows) - len(cells), len(rows)), cells, strict=True):
        parts = rows[row].split(",")
        rows[row] = ",".join([*parts[:column], cell, *parts[column + 1 :]])
    return "\n".join([header, *rows, ""])


def test_a_cell_says_what_it_says_to_predict(workshop, models, reader: str) -> None:
    """Missing, infinite and plain numbers, in any spelling; what is no number to `predict` is none here."""
    program = build(workshop, models, "traffic", reader)
    missing = [cell for cell in cells.MISSING if cell.strip() == cell]
    for spelt, plain in ((missing, [""] * len(missing)), (list(cells.NUMBERS), list(map(str, cells.NUMBERS.values())))):
        done = program.run(stdin=with_cells(program, spelt))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == program.run(stdin=with_cells(program, plain)).stdout
    words = cells.WORDS
    if reader == "web" and "node" in TARGETS:  # reads by the files of node, which is asked every word
        node = build(workshop, models, "traffic", "node")
        for name in ("lib/table.js", "lib/reading.js"):
            assert (program.folder / name).read_text() == (node.folder / name).read_text()
        words = words[:2]
    for word in words:
        refused(program.run(stdin=with_cells(program, [f'"{word}"'])), "line")
    header, *rows = program.example.splitlines()
    twice = "\n".join([f"{header},{header.split(',')[1]}", *(f"{row},1" for row in rows)])
    refused(program.run(stdin=twice), "are both called 'vehicles'")
    infinite = with_cells(program, ["inf"], column=1)  # the newest value of the target is then not known
    assert program.run(stdin=infinite).stdout == program.run(stdin=with_cells(program, [""], column=1)).stdout


def test_embed_refuses_what_the_target_cannot_run(models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such target; did you mean"):
        embed(models["traffic"], "cc", tmp_path / "x")
