"""The targets that come with lstm-onnx, announced by the same hook as anybody's."""

from __future__ import annotations

from pathlib import Path

from lstm_onnx.embed.target import EmbedTarget
from lstm_onnx.hookspecs import hookimpl

TEMPLATES = Path(__file__).parent / "templates"
ORT = "ONNX Runtime 1.22 or newer (headers and library)"

CMAKE = (
    'cmake -B build -DCMAKE_BUILD_TYPE=Release -DONNXRUNTIME_ROOT="$ONNXRUNTIME_ROOT"',
    "cmake --build build --parallel",
)

C = EmbedTarget(
    name="c",
    title="C11 and ONNX Runtime's C API, CMake",
    needs=f"a C compiler, CMake 3.16, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "c",
    build=CMAKE,
    program="build/{{ project.id }}",
    tools=("cmake", "cc"),
)

CPP = EmbedTarget(
    name="cpp",
    title="C++17 and ONNX Runtime's C++ API, CMake",
    needs=f"a C++ compiler, CMake 3.16, {ORT}",
    runtime="ort",
    templates=TEMPLATES / "cpp",
    build=CMAKE,
    program="build/{{ project.id }}",
    tools=("cmake", "c++"),
)


@hookimpl
def lstm_onnx_embed_targets() -> list[EmbedTarget]:
    """Return the targets that come with lstm-onnx."""
    return [C, CPP]
