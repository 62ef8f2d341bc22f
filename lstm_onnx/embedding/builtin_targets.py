"""The targets that come with lstm-onnx, announced by the same hook as anybody's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lstm_onnx.embedding.bare_c import MOST_MOVED, BareC
from lstm_onnx.embedding.bare_packages import PACKAGES
from lstm_onnx.embedding.target import EmbedTarget, Setting
from lstm_onnx.embedding.triton import Triton
from lstm_onnx.plugins.hookspecs import hookimpl

TEMPLATES = Path(__file__).parent / "templates"
ORT = "ONNX Runtime 1.15 or newer (headers and library)"

CMAKE = (
    'cmake -B build -DCMAKE_BUILD_TYPE=Release -DONNXRUNTIME_ROOT="$ONNXRUNTIME_ROOT"',
    "cmake --build build --parallel",
)

MODULE = Setting(
    name="module",
    default="example.com/{{ project.id }}",
    meaning="the path of the module",
    form=r"[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*",
    like="example.com/team/traffic",
)

C = EmbedTarget(
    name="c",
    title="C11 library and program, ONNX Runtime's C API, CMake",
    needs=f"a C compiler, CMake 3.16, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "c",
    build=CMAKE,
    program="build/{{ project.id }}",
    tools=("cmake", "cc"),
)

CPP = EmbedTarget(
    name="cpp",
    title="C++17 library and ONNX Runtime's C API, CMake",
    needs=f"a C and a C++ compiler, CMake 3.16, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "cpp",
    build=CMAKE,
    program="build/{{ project.id }}",
    tools=("cmake", "cc", "c++"),
    reads=False,
)

RUST = EmbedTarget(
    name="rust",
    title="Rust crate and ONNX Runtime's C API, no other crate",
    needs="Rust 1.77, ONNX Runtime 1.15 or newer (library)",
    runtime="ort",
    templates=TEMPLATES / "rust",
    build=("cargo build --offline --release",),
    program="target/release/{{ project.id }}",
    tools=("cargo",),
    reads=False,
)

GO = EmbedTarget(
    name="go",
    title="Go module and ONNX Runtime's C API by cgo, no other module",
    needs=f"Go 1.18, a C compiler, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "go",
    build=(
        "CGO_CFLAGS=\"'-I$ONNXRUNTIME_ROOT/include'\" "
        "CGO_LDFLAGS=\"'-L$ONNXRUNTIME_ROOT/lib' '-Wl,-rpath,$ONNXRUNTIME_ROOT/lib'\" "
        "go build -o {{ project.id }} ./cmd/{{ project.id }}",
    ),
    program="./{{ project.id }}",
    tools=("go", "cc"),
    reads=False,
    settings=(MODULE,),
)

JAVA = EmbedTarget(
    name="java",
    title="Java library and ONNX Runtime's C API by JNI; plain javac, Maven or Gradle",
    needs=f"JDK 17, a C compiler, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "java",
    build=("sh build.sh",),
    program="java -jar build/{{ project.id }}.jar",
    tools=("javac", "java", "cc"),
    reads=False,
    settings=(
        Setting(
            name="group",
            default="com.example",
            meaning="the group of the artifact",
            form=r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*",
            like="com.acme",
        ),
    ),
)

CSHARP = EmbedTarget(
    name="csharp",
    title="C# library and ONNX Runtime's C API by P/Invoke, no NuGet; Mono or .NET",
    needs="Mono 6 with mcs, or .NET 8; ONNX Runtime 1.15 or newer (library)",
    runtime="ort",
    templates=TEMPLATES / "csharp",
    build=(
        'mkdir -p build && ln -sf "$ONNXRUNTIME_ROOT"/lib/libonnxruntime.* build/',
        "mcs -warnaserror -optimize -target:library -out:build/{{ project.id }}.dll src/*.cs",
        "mcs -warnaserror -optimize -r:build/{{ project.id }}.dll -out:build/{{ project.id }}-program.exe program/*.cs",
    ),
    program="mono build/{{ project.id }}-program.exe",
    tools=("mcs", "mono"),
    reads=False,
)

NODE = EmbedTarget(
    name="node",
    title="JavaScript and onnxruntime-node, with types",
    needs="Node 20 or newer with npm, onnxruntime-node 1.30",
    runtime="node",
    templates=TEMPLATES / "node",
    build=("npm install --ignore-scripts",),
    program="node main.js",
    tools=("node", "npm"),
)

WEB = EmbedTarget(
    name="web",
    title="A page for the browser with onnxruntime-web, WebAssembly or WebGPU; no build step",
    needs="a browser of 2023 or newer, npm to fetch onnxruntime-web 1.30, any server of files",
    runtime="web",
    templates=TEMPLATES / "web",
    build=("npm install --ignore-scripts", "npm run --silent runtime"),
    program="node main.js",
    tools=("node", "npm"),
)

BARE_C = BareC(
    name="bare-c",
    title="C99 without any runtime; packed for C++, Rust, Go, JavaScript, Arduino or Zephyr by --set package=...",
    needs="a C compiler and make; here the Python package emx-onnx-cgen",
    runtime="bare-c",
    templates=TEMPLATES / "bare-c",
    build=("make",),
    program="./{{ project.id }}",
    tools=("make", "cc"),
    has_files=False,
    settings=(
        Setting(
            name="batch",
            default="1",
            meaning="how many rows of a batch are computed together, which takes less time a row and more memory",
            form=r"[1-9]\d{0,2}",
            like="8",
        ),
        Setting(
            name="weights",
            default="float32",
            meaning="how weights of LSTMs and products are kept: float32, or int8 in a quarter of the room",
            form="float32|int8",
            like="int8",
        ),
        Setting(
            name="moved",
            default=MOST_MOVED,
            meaning="the most percent by which int8 weights may move the golden answers",
            form=r"\d+(\.\d+)?",
            like="5",
        ),
        Setting(
            name="package",
            default="c",
            meaning=f"what the C is packed as: c, {', '.join(PACKAGES)}",
            form="|".join(["c", *PACKAGES]),
            like="rust",
        ),
        replace(MODULE, meaning="the path of the module, of the package go"),
    ),
)

TRITON = Triton(
    name="triton",
    title="A model repository for NVIDIA Triton; states of streams are kept by the server",
    needs="Docker and NVIDIA's image of Triton, 25.01 or newer ($TRITON_IMAGE), with or without a GPU",
    runtime="triton",
    templates=TEMPLATES / "triton",
    build=(),
    program="",
    tools=("docker", "curl"),
    more={
        "serve": (
            'docker run --rm -p 8000:8000 -v "$PWD:/models:ro" "$TRITON_IMAGE" tritonserver --model-repository=/models',
        ),
        "ask": ("curl -s localhost:8000/v2/models/{{ project.id }}/infer -d @request.json",),
    },
)


@hookimpl
def lstm_onnx_embed_targets() -> list[EmbedTarget]:
    """Return the targets that come with lstm-onnx."""
    return [C, CPP, RUST, GO, JAVA, CSHARP, NODE, WEB, BARE_C, TRITON]
