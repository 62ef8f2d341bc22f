"""What is written in Rust and Go is as their own formatters leave it, and passes their own checkers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedding.harness import ONNXRUNTIME, TARGETS, Program
from tests.embedding.test_programs import MODELS, build

ESCAPES = re.compile(r"\x1b[^m]*m|\x1b\(B")
GO = {"CGO_CFLAGS": f"-I{ONNXRUNTIME}/include", "CGO_LDFLAGS": f"-L{ONNXRUNTIME}/lib"}


def says(program: Program, command: str) -> str:
    """What a checker finds fault with; skips where it is not there."""
    words = command.split()
    if shutil.which(words[0]) is None or (words[0] == "cargo" and shutil.which(f"cargo-{words[1]}") is None):
        pytest.skip(f"needs {command}")
    done = subprocess.run(words, cwd=program.folder, capture_output=True, text=True, check=False, env=os.environ | GO)
    return ESCAPES.sub("", done.stdout + done.stderr) if done.returncode or words[0] == "gofmt" else ""


@pytest.mark.skipif("rust" not in TARGETS, reason="another target")
@pytest.mark.parametrize("model", MODELS)
def test_rust_is_formatted(workshop, models, model: str) -> None:
    program = build(workshop, models, model, "rust")
    assert says(program, "cargo fmt --check") == ""


@pytest.mark.skipif("rust" not in TARGETS, reason="another target")
@pytest.mark.parametrize("model", ["traffic-streaming", "monthly", "bytes"])
def test_rust_passes_clippy(workshop, models, model: str) -> None:
    program = build(workshop, models, model, "rust")
    assert says(program, "cargo clippy --offline --release -- -D warnings") == ""


@pytest.mark.skipif("go" not in TARGETS, reason="another target")
@pytest.mark.parametrize("model", MODELS)
def test_go_is_formatted_and_vetted(workshop, models, model: str) -> None:
    program = build(workshop, models, model, "go")
    assert says(program, "gofmt -d .") == ""
    assert says(program, "go vet ./...") == ""


@pytest.mark.parametrize("target", [t for t in ("rust", "go") if t in TARGETS])
@pytest.mark.parametrize("model", ["traffic", "traffic-streaming", "text", "bytes", "monthly", "adding"])
def test_no_golden_file_makes_it_panic(workshop, models, model: str, target: str, tmp_path: Path) -> None:
    program = build(workshop, models, model, target)
    golden = (program.folder / "golden.bin").read_bytes()
    for place in range(0, min(len(golden), 600), 7):  # sizes, types and names that are none
        broken = bytearray(golden)
        broken[place] ^= 0x81
        (tmp_path / "broken.bin").write_bytes(broken)
        done = program.run("--self-test", "--golden", tmp_path / "broken.bin")
        assert done.returncode in (0, 1, 2), (place, done.stderr)
        assert len(done.stderr.splitlines()) == (done.returncode == 2), (place, done.stderr)
