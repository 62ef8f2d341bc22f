"""Java and C# end with one line whatever they are given, and speak to ONNX Runtime as its header says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedding.harness import ONNXRUNTIME, ROOT, TARGETS
from tests.embedding.test_programs import build

TEMPLATES = ROOT / "lstm_onnx" / "embedding" / "templates"


@pytest.mark.parametrize("target", [t for t in ("java", "csharp") if t in TARGETS])
@pytest.mark.parametrize("model", ["traffic", "bytes", "adding-streaming"])
def test_no_golden_file_makes_a_trace(workshop, models, model: str, target: str, tmp_path: Path) -> None:
    program = build(workshop, models, model, target)
    golden = (program.folder / "golden.bin").read_bytes()
    for place in range(0, min(len(golden), 300), 11):  # sizes, types and names that are none
        broken = bytearray(golden)
        broken[place] ^= 0x81
        (tmp_path / "broken.bin").write_bytes(broken)
        done = program.run("--self-test", "--golden", tmp_path / "broken.bin")
        assert done.returncode in (0, 1, 2), (place, done.stderr)
        assert len(done.stderr.splitlines()) == (done.returncode == 2), (place, done.stderr)


@pytest.mark.parametrize("target", [t for t in ("java", "csharp") if t in TARGETS])
def test_an_answer_that_nobody_reads_is_one_line(workshop, models, target: str) -> None:
    program = build(workshop, models, "traffic", target)
    done = program.run(before="exec > /dev/full;")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr


@pytest.mark.skipif("java" not in TARGETS, reason="another target")
@pytest.mark.parametrize("model", ["traffic-streaming", "text", "bytes", "image"])
def test_java_keeps_the_rules_of_jni(workshop, models, model: str) -> None:
    """The JVM itself checks each call of the library, and warns on standard output."""
    program = build(workshop, models, model, "java")
    done = program.run("--self-test", before="JDK_JAVA_OPTIONS=-Xcheck:jni")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    assert "FATAL" not in done.stdout + done.stderr


@pytest.mark.skipif("csharp" not in TARGETS, reason="another target")
def test_csharp_knows_the_places_of_the_functions(tmp_path: Path) -> None:
    """OrtApi is a table of functions; the compiler tells where each of them lies in the header."""
    if shutil.which("cc") is None or not ONNXRUNTIME.is_dir():
        pytest.skip("needs cc, and tools/onnxruntime_root")
    source = (TEMPLATES / "csharp" / "src" / "OnnxRuntime.cs.j2").read_text()
    places = dict(re.findall(r"^ {12}(\w+) = (\d+),?$", source, re.MULTILINE))
    assert len(places) > 20
    checks = [f"_Static_assert(offsetof(OrtApi, {n}) == {p} * sizeof(void *), {n!r});" for n, p in places.items()]
    program = "\n".join(["#include <stddef.h>", "#include <onnxruntime_c_api.h>", *checks]).replace("'", '"')
    (tmp_path / "places.c").write_text(program)
    command = ["cc", "-std=c11", "-fsyntax-only", f"-I{ONNXRUNTIME}/include", "places.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
