"""Plain C: clean by two compilers and both sanitizers, as WebAssembly too, of fixed sizes, and with libm alone."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from lstm_onnx.cli.app import run
from lstm_onnx.contract import METADATA_KEY, from_json, to_json
from lstm_onnx.embedding.bare_c import c_value
from lstm_onnx.embedding.c_source import place_buffers
from lstm_onnx.embedding.fixed_shapes import fixed_examples, sizes_of
from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model import load
from tests.embedding.harness import ROOT, TARGETS, Program, assert_close, table_of
from tests.embedding.models import CLASSES
from tests.embedding.test_memory import FLAGS, INPUTS
from tests.embedding.test_programs import BROKEN_PICTURES, build, refused

pytest.importorskip("emx_onnx_cgen")
pytestmark = pytest.mark.skipif("bare-c" not in TARGETS, reason="another target is asked for")

WASI = Path("/usr/lib/wasm32-wasi")
LIBM = {"expf", "fabsf", "fmaxf", "fminf", "log1pf", "logf", "sinf", "sqrtf", "tanhf"}
MEMORY = {"memcpy", "memmove", "memset", "__stack_chk_fail"}
"""What compilers call by themselves."""
PROCESSOR = {"__cpu_indicator_init", "__cpu_model", "__cpu_features2", "_GLOBAL_OFFSET_TABLE_"}
"""What GCC asks on x86-64 which processor it is; in its own libgcc, which every program has."""


def sh(line: str, folder: Path) -> str:
    done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "warning:" not in said, said
    return done.stdout


def need(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def numbers(models: dict[str, Path], tmp_path: Path) -> Path:
    """The model that reads bytes, without the output that is a string: what `export --numeric` would make of it."""
    model = onnx.load(models["bytes"])
    contract = from_json(model.metadata_props[0].value, "bytes")
    kept = tuple(t for t in contract.outputs if t.dtype != "string")
    outputs = [o for o in model.graph.output if o.name in {t.name for t in kept}]
    nodes = [n for n in model.graph.node if n.op_type != "LabelEncoder"]
    del model.graph.output[:], model.graph.node[:]
    model.graph.output.extend(outputs)
    model.graph.node.extend(nodes)
    names = {t.name for t in kept}
    examples = tuple(
        e.model_copy(update={"outputs": {n: v for n, v in e.outputs.items() if n in names}}) for e in contract.examples
    )
    bare = contract.model_copy(update={"outputs": kept, "examples": examples})
    helper.set_model_props(model, {METADATA_KEY: to_json(bare)})
    onnx.save(model, tmp_path / "numbers.onnx")
    return tmp_path / "numbers.onnx"


WRONG_SIZE = b"P6\n2 2\n255\n" + bytes(12)
KINDS = ["traffic", "traffic-streaming", "monthly", "series", "adding", "image"]


@pytest.mark.parametrize("model", KINDS)
def test_memory_is_in_order_whatever_comes_in(models, model: str, tmp_path: Path) -> None:
    need("make", "gcc")
    written = embed(models[model], "bare-c", tmp_path / "out")
    sh(f"make CC=gcc CFLAGS='-O1 {FLAGS}'", written.folder)
    program = Program(models[model], written)
    assert program.run("--self-test").returncode == 0
    assert program.run(stdin=program.example_bytes).returncode == 0
    for content in (*BROKEN_PICTURES, WRONG_SIZE) if program.project.mode == "picture" else INPUTS:
        done = program.run(stdin=content)
        assert done.returncode in (0, 2), (content[:99], done.stderr)
        assert len(done.stderr.splitlines()) == (done.returncode == 2), (content[:99], done.stderr)


@pytest.mark.parametrize("model", KINDS)
def test_another_compiler_has_no_warnings_either(models, model: str, tmp_path: Path) -> None:
    need("make", "clang")
    written = embed(models[model], "bare-c", tmp_path / "out")
    sh("make CC=clang", written.folder)
    assert Program(models[model], written).run("--self-test").returncode == 0


ASK = """
import { readFile } from "node:fs/promises";
import { open } from "./wasm/ID.mjs";

const wasm = await readFile("wasm/ID.wasm");
console.log(JSON.stringify(WebAssembly.Module.imports(new WebAssembly.Module(wasm))));
const inputs = {};
for (const [name, [type, ...cells]] of Object.entries(GIVEN)) {
  const values = cells.map(type === "int64" ? BigInt : Number);
  inputs[name] = values.length === 1 ? values[0] : values;
}
const model = await open(wasm);
for (const answer of Object.values(model.VERB(inputs)))
  console.log(JSON.stringify(answer.length ? [...answer].map(String) : [String(answer)]));
"""


@pytest.mark.parametrize("model", ["traffic", "traffic-streaming"])
def test_webassembly_answers_in_node_and_imports_nothing(models, model: str, tmp_path: Path) -> None:
    need("make", "clang", "wasm-ld", "node")
    if not WASI.is_dir():
        pytest.skip("needs the Debian packages wasi-libc and libclang-rt-dev-wasm32")
    written = embed(models[model], "bare-c", tmp_path / "out")
    sh("make wasm", written.folder)
    said = sh("node wasm/self_test.mjs", written.folder)
    assert "self-test passed" in said
    assert "bench: median" in said
    project = written.project
    (inputs, outputs), *_ = fixed_examples(project.contract, models[model].read_bytes(), sizes_of(project))
    given = {p.id: [p.dtype, *map(str, inputs[p.name].ravel())] for p in project.given}
    ask = ASK.replace("ID", project.id).replace("VERB", project.verb).replace("GIVEN", json.dumps(given))
    (written.folder / "ask.mjs").write_text(ask)
    imports, *answers = sh("node ask.mjs", written.folder).splitlines()
    assert json.loads(imports) == []
    for port, cells in zip(project.answers, answers, strict=True):
        wanted = outputs[port.name].ravel()
        np.testing.assert_allclose(np.array(json.loads(cells), float), wanted, atol=1e-5 * np.abs(wanted).max())


BOTH = """
int main(void)
{
    static traffic_work work;
    static traffic_streaming_work work_of_stream;
    static traffic_streaming_state state;
    static traffic_answer answer;
    static traffic_streaming_answer next;
    static float values[TRAFFIC_TIME], past[TRAFFIC_TIME * 2];
    static int64_t time[TRAFFIC_TIME];
    traffic_forecast(&work, values, time, past, &answer);
    traffic_streaming_reset(&state);
    traffic_streaming_forecast(&work_of_stream, &state, 1.0f, 0, past, &next);
    return answer.quantiles[23][2] != answer.quantiles[23][2];
}
"""


def test_the_library_needs_libm_alone_and_two_of_them_fit_together(workshop, models, tmp_path: Path) -> None:
    need("make", "cc", "nm")
    programs = [build(workshop, models, model, "bare-c") for model in ("traffic", "traffic-streaming")]
    for program in programs:
        sh(f"cc -std=c99 -O2 -c {program.project.id}.c -o {tmp_path / program.project.id}.o", program.folder)
        undefined = set(sh(f"nm -u {program.project.id}.o", tmp_path).replace("U ", "").split())
        assert undefined <= LIBM | MEMORY | PROCESSOR
    (tmp_path / "main.c").write_text("".join(f'#include "{p.project.id}.h"\n' for p in programs) + BOTH)
    folders = " ".join(f"-I {p.folder}" for p in programs)
    sh(f"cc -std=c99 -Wall -Wextra -Wpedantic {folders} main.c traffic.o traffic_streaming.o -o both -lm", tmp_path)
    sh("./both", tmp_path)


def on_cortex_m4(written: Embedded) -> str:
    """Build the code for a Cortex-M4, run its self-test in QEMU, and return what it says."""
    name, board = written.project.id, ROOT / "tests" / "embedding" / "cortex_m4"
    sh(
        "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=c99 -O3 -nostartfiles "
        f"-Wall -Wextra -Wpedantic --specs=rdimon.specs -T {board}/board.ld -DMODEL={name} "
        f"-DMODEL_UPPER={name.upper()} -I. {board}/start.c {board}/main.c {name}.c self_test.c -lm -o device.elf",
        written.folder,
    )
    machine = "timeout 100 qemu-system-arm -M mps2-an386 -nographic -semihosting-config enable=on,target=native"
    return sh(f"{machine} -kernel device.elf", written.folder)


@pytest.mark.parametrize("model", ["traffic", "traffic-streaming"])
def test_a_cortex_m4_with_64_kib_of_memory_passes_the_self_test(models, model: str, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "qemu-system-arm")
    assert "0 of 4 failed" in on_cortex_m4(embed(models[model], "bare-c", tmp_path / "out"))


def test_a_model_that_answers_otherwise_fails_the_self_test(models, tmp_path: Path) -> None:
    need("make", "cc")
    written = embed(models["monthly"], "bare-c", tmp_path / "out")
    test = written.folder / "self_test.c"
    test.write_text(re.sub(r"(golden_forecast\[.*\n    \{ )", r"\g<1>1 + ", test.read_text(), count=1))
    sh("make", written.folder)
    done = Program(models["monthly"], written).run("--self-test")
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["example 1: FAILED, largest difference 0", "self-test FAILED: 0 of 1 examples"]


def test_sequences_are_padded_and_those_too_long_refused(workshop, models) -> None:
    program = build(workshop, models, "adding", "bare-c")
    header, *rows = program.example.splitlines()
    model, room = load(program.file), program.project.rows.size
    for count in (2, len(rows) - 1, room):
        given = (rows * room)[:count]
        pairs = np.array([[row.split(",") for row in given]], np.float32)
        wanted = model.run({"pairs": pairs, "lengths": np.array([count])})
        _, answer = table_of(program.run(stdin="\n".join([header, *given, ""])).stdout)
        assert_close(answer, [[str(wanted["total"][0])]])
    refused(program.run(stdin="\n".join([header, *(rows * room)[: room + 1], ""])), f"1 to {room} rows")


def test_rows_that_are_not_there_count_as_missing(workshop, models) -> None:
    program = build(workshop, models, "traffic", "bare-c")
    header, *rows = program.example.splitlines()
    few = rows[-100:]
    first = np.datetime64(few[0].split(",")[0].replace(" ", "T"), "s").astype(int)
    before = [f"{first - 3600 * k},,," for k in range(68, 0, -1)]
    answers = [program.run(stdin="\n".join([header, *lines, ""])) for lines in (few, before + few)]
    assert answers[0].returncode == 0, answers[0].stderr
    assert answers[0].stdout == answers[1].stdout


def test_texts_that_do_not_fit_are_refused(numbers: Path, tmp_path: Path) -> None:
    need("make", "cc")
    written = embed(numbers, "bare-c", tmp_path / "out")
    sh("make", written.folder)
    program = Program(numbers, written)
    assert program.run("--self-test").returncode == 0
    texts = ("größer", "ab")
    _, rows = table_of(program.run(stdin="".join(f"{text}\n" for text in texts)).stdout)
    sums = [sum(text.encode()) for text in texts]
    assert [row[:2] for row in rows] == [[CLASSES[n % 3], str(n)] for n in sums]
    refused(program.run(stdin="a" * 41 + "\n"), "41 bytes, and the model takes 40 at most")


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("vowels", "takes or gives strings; export it with --numeric"),
        ("text", "takes or gives strings; export it with --numeric"),
        ("traffic-int8", "export --variant fp32 or fp16"),
        ("news", r"how large before\.\w+ is depends on what comes in; embed it for another target"),
    ],
)
def test_what_plain_c_cannot_is_refused_before_writing(models, model: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"target 'bare-c' would not run it: .*{says}"):
        embed(models[model], "bare-c", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_embed_says_which_sizes_are_fixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["embed", str(ROOT / "exported" / "traffic.onnx"), "--target", "bare-c", "--out", str(out)]) == 0
    assert "the code is for batch 1, time 168" in capsys.readouterr().out
    assert "batch 1, time 168" in (out / "README.md").read_text()
    assert "TRAFFIC_TIME = 168" in (out / "traffic.h").read_text()


def test_a_stream_is_tested_from_its_first_step(models) -> None:
    contract = load(models["traffic-streaming"]).require_contract()
    content = models["traffic-streaming"].read_bytes()
    first, second, *_ = fixed_examples(contract, content, {"batch": 1, "time": 1})
    assert not any(first[0][s.input].any() for s in contract.states)
    for s in contract.states:
        np.testing.assert_array_equal(second[0][s.input], first[1][s.output])


@pytest.mark.parametrize("seed", range(20))
def test_buffers_that_live_at_the_same_time_do_not_meet(seed: int) -> None:
    drawn = random.Random(seed)
    declared = {f"t{k}": (drawn.choice(["float", "bool"]), drawn.randint(1, 9)) for k in range(30)}
    calls = [drawn.sample(sorted(declared), 2) for _ in range(40)]
    buffers, blocks = place_buffers(declared, calls)
    places = {b.name: range(b.begin, b.begin + declared[b.name][1]) for b in buffers}
    lives = {n: [k for k, names in enumerate(calls) if n in names] for n in declared}
    for a in declared:
        assert places[a].stop <= blocks[declared[a][0]]
        for b in declared:
            together = lives[a] and lives[b] and lives[a][0] <= lives[b][-1] and lives[b][0] <= lives[a][-1]
            if a < b and together and declared[a][0] == declared[b][0]:
                assert places[a].stop <= places[b].start or places[b].stop <= places[a].start
    assert sum(blocks.values()) < sum(size for _, size in declared.values())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float32(0.1), "0.1f"),
        (np.float32(1e20), "1e+20f"),
        (np.float64(-3), "-3.0"),
        (np.float32("nan"), "NAN"),
        (np.float32("-inf"), "-INFINITY"),
        (np.int64(-(2**63)), "INT64_MIN"),
        (np.int64(2**40), "INT64_C(1099511627776)"),
        (np.uint8(255), "255"),
        (np.bool_(True), "true"),
    ],
)
def test_numbers_in_c(value: np.generic, written: str) -> None:
    assert c_value(value) == written


def test_a_length_that_no_sequence_has_is_refused(models, tmp_path: Path) -> None:
    need("cc")
    written = embed(models["series"], "bare-c", tmp_path / "out")
    size = sizes_of(written.project)["time"]
    lengths = ", ".join(str(n) for n in (1, 2, size, size + 1, -1))
    (written.folder / "caller.c").write_text(
        f"""#include <stdio.h>
#include "series.h"
int main(void)
{{
    static series_work work;
    static const float values[{size * 2}];
    const int64_t lengths[] = {{{lengths}}};
    for (int i = 0; i < 5; i++) {{
        series_answer answer;
        putchar(series_{written.project.verb}(&work, values, lengths[i], &answer) ? '1' : '0');
    }}
    return 0;
}}
"""
    )
    sh(f"cc -std=c99 {FLAGS} -o caller caller.c series.c -lm", written.folder)
    assert sh("./caller", written.folder) == "01100"
