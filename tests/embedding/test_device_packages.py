"""Libraries for Arduino and modules for Zephyr: their layout, by the rules of both, and their programs, which run.

Neither arduino-lint nor Zephyr is needed: rules are of the library specification (docs.arduino.cc/arduino-cli) and
of the page on modules (docs.zephyrproject.org), and `devices/` stands in for a board's core and for Zephyr's build.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from lstm_onnx.embedding.fixed_shapes import fixed_examples, sizes_of
from lstm_onnx.embedding.generate import Embedded, embed
from tests.embedding.harness import ROOT, TARGETS
from tests.embedding.test_bare_c import need, sh

pytest.importorskip("emx_onnx_cgen")
pytestmark = pytest.mark.skipif("bare-c" not in TARGETS, reason="another target is asked for")

DEVICES = ROOT / "tests" / "embedding" / "devices"
BOARD = ROOT / "tests" / "embedding" / "cortex_m4"
CATEGORIES = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage"),
    *("Data Processing", "Other"),
}


@pytest.fixture(scope="module", params=["traffic-streaming", "series"])
def arduino(request: pytest.FixtureRequest, models, tmp_path_factory: pytest.TempPathFactory) -> tuple[Embedded, Path]:
    """A library for Arduino, and the model that it was made from."""
    out = tmp_path_factory.mktemp("arduino") / "library"
    return embed(models[request.param], "bare-c", out, settings={"package": "arduino"}), models[request.param]


def test_a_library_is_as_arduino_wants_it(arduino: tuple[Embedded, Path]) -> None:
    written, _ = arduino
    folder = written.folder
    lines = (folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    needed = ("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures")
    assert all(properties[name].strip() for name in needed)
    name = properties["name"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", name)
    assert not name.lower().startswith("arduino")
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in CATEGORIES
    assert (folder / "src" / properties["includes"]).is_file()
    sketches = sorted((folder / "examples").iterdir())
    assert [s.name for s in sketches] == ["Ask", "SelfTest"]
    assert all((sketch / f"{sketch.name}.ino").is_file() for sketch in sketches)
    assert not [p for p in folder.rglob("*.c") if p.parent != folder / "src"]  # nothing else is compiled
    assert written.commands["build"] == ('arduino-cli compile --fqbn "$FQBN" --library . examples/SelfTest',)


def test_sketches_run_and_are_right(arduino: tuple[Embedded, Path], tmp_path: Path) -> None:
    need("cc", "c++")
    written, model = arduino
    sh(f"cc -std=c11 -O1 -c {written.folder}/src/*.c", tmp_path)
    for sketch in ("SelfTest", "Ask"):
        source = written.folder / "examples" / sketch / f"{sketch}.ino"
        flags = f"-std=c++11 -Wall -Wextra -x c++ -include {DEVICES}/Arduino.h -I {written.folder}/src"
        objects = f"{sketch}.o {written.project.id}.o self_test.o"
        sh(f"c++ {flags} -c {source} -o {sketch}.o && c++ {objects} -lm -o {sketch}", tmp_path)
    assert "self-test passed: " in sh("./SelfTest", tmp_path)
    (_, wanted), *_ = fixed_examples(written.project.contract, model.read_bytes(), sizes_of(written.project))
    lines = dict(line.split(": ", 1) for line in sh("./Ask", tmp_path).splitlines())
    for port in written.project.answers:
        first = wanted[port.name].ravel()[:8]
        got = np.array(lines[port.name].split(), float)
        np.testing.assert_allclose(got, first, atol=2e-5 * max(1, np.abs(first).max()))


def test_a_sketch_passes_the_self_test_on_a_cortex_m4(arduino: tuple[Embedded, Path], tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "arm-none-eabi-g++", "qemu-system-arm")
    written, _ = arduino
    cpu = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Os"  # as Arduino compiles
    sh(f"arm-none-eabi-gcc {cpu} -std=gnu11 -c {written.folder}/src/*.c {BOARD}/start.c", tmp_path)
    source = f"{written.folder}/examples/SelfTest/SelfTest.ino"
    sketch = f"-x c++ -include {DEVICES}/Arduino.h -I {written.folder}/src {source}"
    sh(f"arm-none-eabi-g++ {cpu} -std=gnu++11 -fno-exceptions -fno-rtti -c {sketch} -o sketch.o", tmp_path)
    linking = f"-nostartfiles --specs=rdimon.specs -T {BOARD}/board.ld *.o -lm -o device.elf"
    sh(f"arm-none-eabi-gcc {cpu} {linking}", tmp_path)
    qemu = "qemu-system-arm -machine mps2-an386 -nographic -semihosting -kernel device.elf"
    assert "self-test passed: " in sh(qemu, tmp_path)


@pytest.fixture(scope="module")
def module(models, tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """A module for Zephyr."""
    out = tmp_path_factory.mktemp("zephyr") / "module"
    return embed(models["series"], "bare-c", out, settings={"package": "zephyr"})


def test_a_module_is_as_zephyr_wants_it(module: Embedded) -> None:
    folder = module.folder
    described = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    assert described == {"name": "series", "build": {"cmake": ".", "kconfig": "Kconfig"}}
    sample = yaml.safe_load((folder / "samples" / "self_test" / "sample.yaml").read_text())
    assert set(sample) == {"sample", "tests"}
    (test,) = sample["tests"].values()
    assert test["harness"] == "console"


def test_its_settings_are_those_that_the_sample_sets(module: Embedded, tmp_path: Path) -> None:
    kconfiglib = pytest.importorskip("kconfiglib")
    root = tmp_path / "Kconfig"
    root.write_text(
        'config REQUIRES_FULL_LIBC\n\tbool "libc"\nconfig FPU\n\tbool "FPU"\nconfig MAIN_STACK_SIZE\n\tint "stack"\n'
        f'\tdefault 1024\nsource "{module.folder}/Kconfig"\n'
    )
    settings = kconfiglib.Kconfig(str(root), warn_to_stderr=False)
    settings.load_config(str(module.folder / "samples" / "self_test" / "prj.conf"))
    assert settings.warnings == []  # such as of a setting that there is not
    values = {s.name: s.str_value for s in settings.unique_defined_syms}
    assert int(values.pop("MAIN_STACK_SIZE")) >= 8192
    assert set(values) == {"REQUIRES_FULL_LIBC", "FPU", "MODEL_SERIES", "MODEL_SERIES_SELF_TEST"}
    assert set(values.values()) == {"y"}


def test_its_sample_builds_and_passes(module: Embedded, tmp_path: Path) -> None:
    need("cmake", "cc")
    sample = module.folder / "samples" / "self_test"
    sh(f"cmake -S {sample} -B build -DZephyr_DIR={DEVICES}/zephyr && cmake --build build", tmp_path)
    said = sh("build/app", tmp_path)
    described = yaml.safe_load((sample / "sample.yaml").read_text())
    (test,) = described["tests"].values()
    (regex,) = test["harness_config"]["regex"]
    assert re.search(regex, said)
