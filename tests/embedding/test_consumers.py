"""A program of one's own uses what was written: by CMake and pkg-config from C and C++, from a Rust workspace, …"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError
from tests.embedding.harness import NODE, ONNXRUNTIME, ROOT, TARGETS

MODEL = ROOT / "exported" / "vowels.onnx"
pytestmark = pytest.mark.skipif(not ONNXRUNTIME.is_dir(), reason="tools/onnxruntime_root has not been run")


def need(target: str, *tools: str) -> None:
    """Skip where it is another target's turn, or a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if target not in TARGETS or missing:
        pytest.skip(f"target {target} with {', '.join(missing)}")


def run(line: str, folder: Path, **environment: str) -> str:
    """Run a shell line, which must end well, and give what it prints."""
    variables = os.environ | {"ONNXRUNTIME_ROOT": str(ONNXRUNTIME)} | environment
    done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning:" not in done.stderr, done.stderr
    return done.stdout


C_PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include "vowels.h"

int main(int count, char **arguments)
{
    static float frames[12 * 12];
    const int64_t length = 12;
    vowels_model model, other;
    vowels_answer answer;
    const vowels_options options = {2, 1, NULL}, wrong = {0, 0, "nothing"};
    if (count < 2 || !vowels_open_with(&model, arguments[1], &options))
        return 1;
    if (!vowels_classify(&model, 1, 12, frames, &length, &answer))
        return puts(model.error), 2;
    printf("%s %s %zu %.0f\\n", VOWELS_NAME, vowels_class_labels[1], answer.probabilities_count,
           vowels_scores[0].value);
    vowels_answer_free(&answer);
    vowels_close(&model);
    FILE *file = fopen(arguments[1], "rb");
    char *bytes = malloc(1 << 20);
    size_t size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    if (!vowels_open_memory(&model, bytes, size, NULL) || vowels_open_memory(&other, bytes, size, &wrong))
        return 3;
    puts(other.error);
    if (vowels_open_memory(&other, bytes, 100, NULL) || vowels_open_memory(&other, NULL, 0, NULL))
        return 4;
    vowels_close(&model);
    free(bytes);
    return 0;
}
"""
CPP_PROGRAM = """
#include <cstdio>
#include <thread>
#include "vowels.hpp"

int main(int, char **arguments)
{
    vowels::Model opened(arguments[1], vowels::Options{1, 2, nullptr});
    const vowels::Model model = std::move(opened);
    const std::vector<float> frames(12 * 12);
    std::vector<std::thread> threads;
    for (int k = 0; k < 4; k++)
        threads.emplace_back([&] { model.classify(1, 12, frames, {12}); });
    for (auto &thread : threads)
        thread.join();
    try {
        model.classify(1, 11, frames, {12});
    } catch (const std::invalid_argument &error) {
        std::puts(error.what());
    }
    std::printf("%zu\\n", model.classify(1, 12, frames, {12}).probabilities.values.size());
}
"""
CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C CXX)
FIND
add_executable(consumer main.EXTENSION)
target_link_libraries(consumer PRIVATE vowels::vowels)
"""


@pytest.fixture(scope="module", params=["c", "cpp"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The library of C or C++, built and installed under `there`."""
    need(request.param, "cmake", "cc", "c++")
    folder = tmp_path_factory.mktemp(f"installed-{request.param}")
    embed(MODEL, request.param, folder / "vowels")
    run("cmake -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build && cmake --install build --prefix ../there",
        folder / "vowels")  # fmt: skip
    return request.param, folder


def consumer(language: str, find: str, folder: Path) -> Path:
    """Write a project in CMake that uses the library."""
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(CMAKE.replace("FIND", find).replace("EXTENSION", language))
    (folder / f"main.{language}").write_text(C_PROGRAM if language == "c" else CPP_PROGRAM)
    return folder


def said(language: str, program: str, folder: Path) -> None:
    """Run the consumer and look at what it says."""
    model = folder.parent / "there" / "share" / "vowels" / "model.onnx"
    lines = run(f"{program} {model}", folder).splitlines()
    if language == "c":
        assert lines[0].split()[::2] == ["vowels", "9"]
        assert "nothing" in lines[1]
    else:
        assert lines == ["values has 144 values instead of 132", "9"]


def test_cmake_finds_the_installed_package(installed: tuple[str, Path]) -> None:
    language, folder = installed
    project = consumer(language, "find_package(vowels 1.0 REQUIRED)", folder / "finds")
    run(f"cmake -B build -DCMAKE_PREFIX_PATH={folder / 'there'} && cmake --build build", project)
    said(language, "build/consumer", project)


def test_cmake_takes_the_folder_without_its_program(installed: tuple[str, Path]) -> None:
    language, folder = installed
    project = consumer(language, f"add_subdirectory({folder / 'vowels'} vowels)", folder / "adds")
    run("cmake -B build && cmake --build build", project)
    said(language, "build/consumer", project)
    assert not list((project / "build" / "vowels").glob("vowels"))


def test_pkg_config_finds_it(installed: tuple[str, Path]) -> None:
    language, folder = installed
    need(language, "pkg-config")
    project = consumer(language, "", folder / "asks")
    where = next((folder / "there").rglob("vowels.pc")).parent
    compiler = "cc" if language == "c" else "c++ -std=c++17"
    flags = "$(pkg-config --cflags --libs vowels)"
    rpath = f"-Wl,-rpath,{ONNXRUNTIME}/lib"
    run(f"{compiler} -Wall main.{language} {flags} {rpath} -o consumer", project, PKG_CONFIG_PATH=str(where))
    said(language, "./consumer", project)
    version = run("pkg-config --modversion vowels", project, PKG_CONFIG_PATH=str(where))
    assert version.strip() == "1.0.0"


RUST_PROGRAM = """
use vowels::{Model, Optimisation, Options, Tensor};

fn main() -> Result<(), vowels::Error> {
    let options = Options {
        threads: 2,
        optimisation: Optimisation::Basic,
        provider: None,
    };
    let model = Model::from_bytes(include_bytes!("../../vowels/model.onnx"), &options)?;
    let frames = Tensor::new([1, 12, 12], vec![0.0; 144])?;
    let answer = model.classify(&frames, &Tensor::new([1], vec![12])?)?;
    println!("{} {} {}", vowels::CLASS_LABELS[1], answer.probabilities.shape()[1], vowels::SCORES[0].0);
    let provider = Some("nothing".to_string());
    let wrong = Options { provider, ..options };
    println!("{}", Model::open_with("../vowels/model.onnx", &wrong).err().unwrap());
    println!("{}", Model::from_bytes(b"", &Options::default()).is_err());
    Ok(())
}
"""


def test_a_crate_is_a_member_of_another_workspace(tmp_path: Path) -> None:
    need("rust", "cargo")
    embed(MODEL, "rust", tmp_path / "vowels")
    (tmp_path / "app" / "src").mkdir(parents=True)
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["app", "vowels"]\nresolver = "2"\n')
    (tmp_path / "app" / "Cargo.toml").write_text(
        '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'
        '[dependencies]\nvowels = { path = "../vowels" }\n'
    )
    (tmp_path / "app" / "src" / "main.rs").write_text(RUST_PROGRAM)
    run("cargo build --offline --workspace", tmp_path)
    library = {"LD_LIBRARY_PATH": str(ONNXRUNTIME / "lib")}
    lines = run("../target/debug/app", tmp_path / "app", **library).splitlines()
    assert lines[0] == "2 9 accuracy"
    assert "nothing" in lines[1]
    assert lines[2] == "true"
    assert "passed" in run("../target/debug/vowels --self-test", tmp_path / "vowels", **library)


GO_PROGRAM = """package main

import (
	_ "embed"
	"fmt"

	"example.org/lab/vowels"
)

//go:embed model.onnx
var content []byte

func main() {
	model, err := vowels.OpenBytes(content, vowels.Options{Threads: 2, Optimisation: vowels.OptimiseBasic})
	if err != nil {
		panic(err)
	}
	defer model.Close()
	frames := vowels.Full[float32](0, 1, 12, 12)
	answer, err := model.Classify(frames, vowels.Full[int64](12, 1))
	if err != nil {
		panic(err)
	}
	fmt.Println(vowels.ClassLabels[1], answer.Probabilities.Shape, vowels.Scores[0].Value > 0.9)
	_, err = vowels.OpenBytes(content, vowels.Options{Provider: "nothing"})
	fmt.Println(err)
	_, err = vowels.OpenBytes(nil, vowels.Options{})
	fmt.Println(err)
}
"""


def test_a_go_module_has_a_path_of_its_own(tmp_path: Path) -> None:
    need("go", "go", "cc")
    embed(MODEL, "go", tmp_path / "vowels", settings={"module": "example.org/lab/vowels"})
    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(MODEL, app / "model.onnx")
    (app / "main.go").write_text(GO_PROGRAM)
    flags = {
        "CGO_CFLAGS": f"-I{ONNXRUNTIME}/include",
        "CGO_LDFLAGS": f"-L{ONNXRUNTIME}/lib -Wl,-rpath,{ONNXRUNTIME}/lib",
        "GOFLAGS": "-mod=mod",
    }
    where = "example.org/lab/vowels"
    run(f"go mod init example.org/app && go mod edit -require {where}@v0.0.0 -replace {where}=../vowels", app)
    lines = run("go build -o app . && ./app", app, **flags).splitlines()
    assert lines[0] == "2 [1 9] true"
    assert "nothing" in lines[1]
    assert lines[2] == "the model is empty"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"module": "with space"}, "--set module=with space: must be the path of the module, such as example.com"),
        ({"modul": "a"}, "target 'go' has no such setting; did you mean 'module'"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(settings: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        embed(MODEL, "go", tmp_path / "x", settings=settings)
    assert not (tmp_path / "x").exists()


JAVA_PROGRAM = """
import java.nio.file.Files;
import java.nio.file.Path;
import vowels.Model;
import vowels.ModelException;
import vowels.Options;
import vowels.Tensor;

class App {
    public static void main(String[] arguments) throws Exception {
        byte[] content = Files.readAllBytes(Path.of("../vowels/model.onnx"));
        try (var model = new Model(content, new Options(2, Options.Optimisation.BASIC, ""))) {
            var answer = model.classify(new Tensor<>(new float[144], 1, 12, 12), new Tensor<>(new long[] {12}, 1));
            System.out.println(Model.CLASS_LABELS.get(1) + " " + answer.probabilities().shape()[1] + " "
                    + (Model.SCORES.get("accuracy") > 0.9));
        }
        for (byte[] wrong : new byte[][] {content, new byte[0]}) {
            try {
                new Model(wrong, new Options(1, Options.Optimisation.ALL, wrong.length > 0 ? "nothing" : ""));
            } catch (ModelException error) {
                System.out.println(error.getMessage());
            }
        }
    }
}
"""


def test_a_jar_has_its_native_part_on_the_class_path(tmp_path: Path) -> None:
    need("java", "javac", "java", "cc")
    embed(MODEL, "java", tmp_path / "vowels", settings={"group": "org.lab"})
    run("sh build.sh", tmp_path / "vowels")
    app = tmp_path / "app"
    app.mkdir()
    (app / "App.java").write_text(JAVA_PROGRAM)
    lines = run("javac -cp ../vowels/build/vowels.jar App.java && java -cp ../vowels/build/vowels.jar:. App", app)
    first, second, third = lines.splitlines()
    assert first == "2 9 true"
    assert "nothing" in second
    assert third == "the model is empty"
    assert "<groupId>org.lab</groupId>" in (tmp_path / "vowels" / "pom.xml").read_text()


def test_maven_makes_a_jar_that_runs(tmp_path: Path) -> None:
    need("java", "mvn", "java", "javac", "cc")
    embed(MODEL, "java", tmp_path / "vowels")
    run("sh build.sh native", tmp_path / "vowels")
    done = subprocess.run(
        ["mvn", "--offline", "--quiet", "package"], cwd=tmp_path / "vowels", capture_output=True, text=True, check=False
    )
    if "in offline mode" in done.stdout:
        pytest.skip("the plugins that the pom names are not in Maven's repository")
    assert done.returncode == 0, done.stdout
    assert "self-test passed" in run("java -jar target/vowels-1.0.0.jar --self-test", tmp_path / "vowels")


CSHARP_PROGRAM = """
using System;
using System.IO;
using Vowels;

internal static class App
{
    private static void Main()
    {
        byte[] content = File.ReadAllBytes("../vowels/model.onnx");
        using (var model = new Model(content, new Options { Threads = 2, Optimisation = Optimisation.Basic }))
        {
            var frames = new Tensor<float>(new float[144], 1, 12, 12);
            var answer = model.Classify(frames, new Tensor<long>(new long[] { 12 }, 1));
            bool good = Model.Scores["accuracy"] > 0.9;
            Console.WriteLine($"{Model.ClassLabels[1]} {answer.Probabilities.Shape[1]} {good}");
        }
        foreach (byte[] wrong in new[] { content, new byte[0] })
        {
            try
            {
                new Model(wrong, new Options { Provider = "nothing" });
            }
            catch (ModelException error)
            {
                Console.WriteLine(error.Message);
            }
        }
    }
}
"""


def test_a_program_refers_to_the_library_of_csharp(tmp_path: Path) -> None:
    need("csharp", "mcs", "mono")
    written = embed(MODEL, "csharp", tmp_path / "vowels")
    for line in written.commands["build"]:
        run(line, tmp_path / "vowels")
    app = tmp_path / "app"
    app.mkdir()
    (app / "App.cs").write_text(CSHARP_PROGRAM)
    run("cp ../vowels/build/vowels.dll . && ln -s $ONNXRUNTIME_ROOT/lib/libonnxruntime.* .", app)
    first, second, third = run("mcs -r:vowels.dll App.cs && mono App.exe", app).splitlines()
    assert first == "2 9 True"
    assert "nothing" in second
    assert third == "the model is empty"
    project = (tmp_path / "vowels" / "program" / "program.csproj").read_text()
    assert '<ProjectReference Include="../vowels.csproj" />' in project


TYPESCRIPT_PROGRAM = """
import { readFile } from "node:fs/promises";
import { classify, classLabels, close, open, scores } from "vowels";

const path = new URL(import.meta.resolve("vowels/model.onnx"));
const model = await open(await readFile(path), { intraOpNumThreads: 2, graphOptimizationLevel: "basic" });
const sizes = { batchSize: 1, timeSize: 12 };
const answer = await classify(model, sizes, new Float32Array(144), BigInt64Array.of(12n));
const accuracy: number = scores.accuracy;
console.log(classLabels[1], answer.probabilities.dims[1], accuracy > 0.9);
// @ts-expect-error: there is no such metric
console.log(scores.nothing);
await close(model);
"""


def test_a_package_of_node_has_exports_and_types(tmp_path: Path) -> None:
    need("node", "node", "npm")
    if not NODE.is_dir():
        pytest.skip("tools/node_packages has not been run")
    embed(MODEL, "node", tmp_path / "vowels")
    (tmp_path / "vowels" / "node_modules").symlink_to(NODE / "node_modules")
    app = tmp_path / "app"
    (app / "node_modules").mkdir(parents=True)
    (app / "node_modules" / "vowels").symlink_to(tmp_path / "vowels")
    (app / "node_modules" / "@types").symlink_to(NODE / "node_modules" / "@types")
    (app / "package.json").write_text('{"type": "module"}')
    (app / "app.ts").write_text(TYPESCRIPT_PROGRAM)
    options = "--strict --target es2022 --module nodenext --moduleResolution nodenext --types node app.ts"
    run(f"node {NODE}/node_modules/typescript/bin/tsc {options}", app)
    assert run("node app.js", app).splitlines() == ["2 9 true", "undefined"]
