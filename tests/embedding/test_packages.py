"""The C of `bare-c` as a library of other languages: each is built, tests itself, and answers a golden example."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.embedding.bare_packages import PACKAGES
from lstm_onnx.embedding.fixed_shapes import fixed_examples, sizes_of
from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.errors import UserError
from tests.embedding.harness import NODE, TARGETS
from tests.embedding.test_bare_c import WASI, need, sh

pytest.importorskip("emx_onnx_cgen")
pytestmark = pytest.mark.skipif("bare-c" not in TARGETS, reason="another target is asked for")

PROGRAMS = ["cpp", "rust", "go", "js"]
MODELS = ["traffic-streaming", "series"]


@pytest.fixture(scope="module")
def built(models, tmp_path_factory: pytest.TempPathFactory):
    """Writes and builds a package once."""
    found: dict[tuple[str, str], Embedded] = {}

    def of(package: str, model: str) -> Embedded:
        need(*PACKAGES[package].tools)
        if package == "js" and not WASI.is_dir():
            pytest.skip("needs the Debian packages wasi-libc and libclang-rt-dev-wasm32")
        if (package, model) not in found:
            out = tmp_path_factory.mktemp("packages") / f"{package} {model}"
            written = embed(models[model], "bare-c", out, settings={"package": package})
            for line in written.commands["build"]:
                sh(line, out)
            found[package, model] = written
        return found[package, model]

    return of


def program(written: Embedded, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = " ".join([written.commands["example"][0], *arguments])
    return subprocess.run(line, shell=True, cwd=written.folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("package", "model"), [*product(PROGRAMS, MODELS), ("rust", "image")])
def test_a_package_is_right(built, models, package: str, model: str) -> None:
    written = built(package, model)
    tested = program(written, "--self-test")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "self-test passed" in tested.stdout
    (_, wanted), *_ = fixed_examples(written.project.contract, models[model].read_bytes(), sizes_of(written.project))
    lines = dict(line.split(": ", 1) for line in program(written).stdout.splitlines() if ": " in line)
    for port in written.project.answers:
        first = wanted[port.name].ravel()[:8]
        got = np.array(lines[port.name].replace(" ...", "").split(), float)
        np.testing.assert_allclose(got, first, atol=2e-5 * max(1, np.abs(first).max()))


@pytest.mark.parametrize("package", PROGRAMS)
def test_a_package_says_what_it_cannot_do(built, package: str) -> None:
    written = built(package, "series")
    asked = program(written, "--what")
    assert asked.returncode == 2
    assert asked.stderr.startswith("usage: ")
    assert "bench: median" in program(written, "--bench").stdout


@pytest.mark.parametrize("package", ["rust", "js"])
def test_a_wrong_answer_fails_the_self_test(built, package: str, tmp_path: Path) -> None:
    written = built(package, "series")
    copy = tmp_path / "copy"
    shutil.copytree(written.folder, copy, ignore=shutil.ignore_patterns("build", "target"))
    text = (copy / "self_test.c").read_text()
    name = written.project.answers[0].id
    (copy / "self_test.c").write_text(re.sub(rf"(golden_{name}\[.*\{{\n    \{{ )", r"\g<1>77, ", text))
    assert (copy / "self_test.c").read_text() != text
    for line in written.commands["build"]:
        sh(f"({line}) 2>&1 | grep -v -e warning: -e excess; true", copy)
    tested = subprocess.run(
        written.commands["self-test"][0], shell=True, cwd=copy, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 1
    assert "self-test FAILED" in tested.stdout


def test_rust_and_go_are_as_their_formatters_leave_them(built) -> None:
    if shutil.which("cargo-fmt") is None or shutil.which("gofmt") is None:
        pytest.skip("needs rustfmt and gofmt")
    for model in MODELS:
        sh("cargo fmt --check", built("rust", model).folder)
        assert sh("gofmt -d .", built("go", model).folder) == ""
    sh("cargo fmt --check", built("rust", "image").folder)


def test_a_length_is_refused_in_each_language(built, tmp_path: Path) -> None:
    """Of C++, whose skin throws; those of Rust and Go are of the same C."""
    written = built("cpp", "series")
    width = written.project.given[0].width
    (tmp_path / "main.cpp").write_text(
        f"""#include <cstdio>
#include "series.hpp"
int main()
{{
    static series::Model model;
    std::array<float, {width}> values{{}};
    try {{
        model.{written.project.verb}(values, 99999);
    }} catch (const std::invalid_argument &error) {{
        std::puts(error.what());
    }}
}}
"""
    )
    (tmp_path / "CMakeLists.txt").write_text(
        """cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C CXX)
find_package(series 1.0 REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE series::series)
"""
    )
    sh(f"cmake --install build --prefix '{tmp_path}/there'", written.folder)
    sh(f"cmake -B build -DCMAKE_PREFIX_PATH={tmp_path}/there && cmake --build build", tmp_path)
    assert "none that a sequence of this model has" in sh("build/consumer", tmp_path)


def test_the_types_of_javascript_are_those_of_the_module(built, tmp_path: Path) -> None:
    if not NODE.is_dir():
        pytest.skip("tools/node_packages has not been run")
    written = built("js", "traffic-streaming")
    (written.folder / "typed.ts").write_text(
        """import { open } from "./traffic_streaming.js";
const model = await open(new Uint8Array());
const answer = model.forecast({ values: 1, time: 1n, past: new Float32Array(2) });
const first: number = answer.forecast[0];
model.reset();
console.log(first);
"""
    )
    sh(f"{NODE}/node_modules/.bin/tsc --noEmit --strict --target es2022 --module nodenext typed.ts", written.folder)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"package": "ruby"}, "--set package=ruby: must be what the C is packed as: c, cpp, rust"),
        ({"package": "rust", "module": "a/b"}, "--set module=a/b: the package rust has none"),
        ({"package": "go", "batch": "8"}, "--set batch=8: the package go has no function for it"),
    ],
)
def test_what_a_package_does_not_have_is_refused(models, tmp_path: Path, settings: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        embed(models["series"], "bare-c", tmp_path / "out", settings=settings)
