"""C and C++ leak nothing and read nothing that is not theirs, whatever they are given (AddressSanitizer, UBSan)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lstm_onnx.embedding.generate import embed
from tests.embedding.harness import ONNXRUNTIME, TARGETS, Program
from tests.embedding.test_programs import BROKEN_PICTURES, BROKEN_TABLES, broken_models

FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover -g"
HEADER = b"time,vehicles,temperature,clouds\n"
INPUTS = [
    *(table.encode() for table in BROKEN_TABLES),
    HEADER + b'"',
    HEADER + b'2018-01-01 00:00,"1""",1,2\n',
    HEADER + b"2018-01-01 00:00,1,1," + 5000 * b"9" + b"\n",
    HEADER + b"99999999999999999999,1,1,2\n2018,1,1,2\n",
    HEADER + b"2018-01-01T00:00:00.5Z,1,1,2\n2018-01-01T01:00:00.5Z,,,",
    HEADER + b"2018-01-01 00,1,1,2\n",
    b"\xff\xfe\x00\x00,\n\x00,\n",
    b"\xef\xbb\xbf" + HEADER.replace(b",", b";") + b"2018-01-01;1;1;2\r\n",
    b"number,marker\n1,0\n,1\n",
    b"one line without an end",
    b"\n\n\n",
]


@pytest.fixture(scope="module")
def sanitized(models, tmp_path_factory: pytest.TempPathFactory):
    """Build a program with both sanitizers, each once."""
    folder, built = tmp_path_factory.mktemp("sanitized"), {}
    if not shutil.which("cmake") or not ONNXRUNTIME.is_dir():
        pytest.skip("needs cmake, and tools/onnxruntime_root")
    flags = {"CFLAGS": FLAGS, "CXXFLAGS": FLAGS, "ONNXRUNTIME_ROOT": str(ONNXRUNTIME)}

    def program(model: str, target: str) -> Program:
        if (model, target) not in built:
            written = embed(models[model], target, folder / f"{model}-{target}")
            for line in (written.commands["build"][0].replace("Release", "Debug"), written.commands["build"][1]):
                subprocess.run(
                    line, shell=True, cwd=written.folder, env=os.environ | flags, check=True, capture_output=True
                )
            built[model, target] = Program(models[model], written)
        return built[model, target]

    return program


def of(**models: list[str]):
    """Pair each target with the models that it is built around; C++ takes long to build."""
    pairs = [(model, target) for target, names in models.items() if target in TARGETS for model in names]
    return pytest.mark.parametrize(("model", "target"), pairs)


@of(c=["traffic", "traffic-streaming", "text", "bytes", "monthly", "image"], cpp=["traffic-streaming", "text", "image"])
def test_golden_examples_and_input_leave_memory_in_order(sanitized, model: str, target: str) -> None:
    program = sanitized(model, target)
    assert program.run("--self-test").returncode == 0
    if target == "cpp":  # a library: its program asks a golden example
        assert program.run().returncode == 0
        return
    assert program.run(stdin=program.example_bytes).returncode == 0
    others = BROKEN_PICTURES if program.project.mode == "picture" else INPUTS[-4:]
    for content in INPUTS if program.project.time == "time" else others:
        done = program.run(stdin=content)
        assert done.returncode in (0, 2), (content[:99], done.stderr)
        assert len(done.stderr.splitlines()) == (done.returncode == 2), (content[:99], done.stderr)


@of(c=["traffic", "traffic-streaming"], cpp=["traffic-streaming"])
def test_broken_files_leave_memory_in_order(sanitized, models, model: str, target: str, tmp_path: Path) -> None:
    program = sanitized(model, target)
    for name, content in broken_models(program, models).items():
        (tmp_path / name).write_bytes(content)
        done = program.run("--model", tmp_path / name, stdin=program.example if target == "c" else "")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (name, done.stderr)
    golden = (program.folder / "golden.bin").read_bytes()
    for size in (0, 20, 36, 40, 50, 60, 80, len(golden) // 2, len(golden) - 1):
        (tmp_path / "part.bin").write_bytes(golden[:size])
        done = program.run("--self-test", "--golden", tmp_path / "part.bin")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (size, done.stderr)
