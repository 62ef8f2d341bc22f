"""What the C of `bare-c` is packed as: a library of another language, or of a system for small devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

C_FILES = ("NAME.c.j2", "NAME.h.j2", "self_test.c.j2", "self_test.h.j2")
"""Templates of the model and its self-test, which every package has."""


@dataclass(frozen=True)
class Package:
    """A form of the C; what lies in `_packages/` under its name comes along.

    Attributes:
        name: value of the setting `package`.
        needs, build, program, tools, more: as in `EmbedTarget`.
        batches: whether its functions take a batch, or those of C are called.
        folder: where the C lies, with a slash at the end.
        takes: other templates of `bare-c` that it takes: path in the folder -> template.
    """

    name: str
    needs: str
    build: tuple[str, ...]
    program: str
    tools: tuple[str, ...]
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    batches: bool = False
    folder: str = ""
    takes: Mapping[str, str] = field(default_factory=dict)


PACKAGES = {
    package.name: package
    for package in (
        Package(
            name="cpp",
            needs="a C and a C++ compiler, CMake 3.16",
            build=("cmake -B build -DCMAKE_BUILD_TYPE=Release", "cmake --build build --parallel"),
            program="build/{{ project.id }}",
            tools=("cmake", "cc", "c++"),
            batches=True,
        ),
        Package(
            name="rust",
            needs="Rust 1.63, a C compiler",
            build=("cargo build --offline --release",),
            program="target/release/{{ project.id }}",
            tools=("cargo", "cc", "ar"),
        ),
        Package(
            name="go",
            needs="Go 1.18, a C compiler",
            build=("go build -o {{ project.id }} ./cmd/{{ project.id }}",),
            program="./{{ project.id }}",
            tools=("go", "cc"),
        ),
        Package(
            name="js",
            needs="clang, lld and wasi-libc to build it, and Node 20 or a browser to run it",
            build=("make",),
            program="node main.js",
            tools=("make", "clang", "wasm-ld", "node"),
            takes={"NAME.js.j2": "wasm/NAME.mjs.j2", "wasm.c.j2": "wasm/wasm.c.j2"},
        ),
        Package(
            name="arduino",
            needs="the Arduino IDE or arduino-cli, and a board with a 32-bit processor ($FQBN)",
            build=('arduino-cli compile --fqbn "$FQBN" --library . examples/SelfTest',),
            program="",
            tools=("arduino-cli",),
            more={"upload": ('arduino-cli upload --fqbn "$FQBN" --port "$PORT" examples/SelfTest',)},
            batches=True,
            folder="src/",
        ),
        Package(
            name="zephyr",
            needs="Zephyr 3.7 or newer with west and its SDK ($BOARD)",
            build=('west build -b "$BOARD" samples/self_test',),
            program="",
            tools=("west",),
            more={"run": ("west flash",)},
            batches=True,
            folder="src/",
        ),
    )
}
"""By name; beside them there is `c`, which is `bare-c` as it stands."""
