"""The page in a browser: it passes its self-test, answers as ONNX Runtime does in Python, and says what is wrong."""

from __future__ import annotations

import base64
import functools
import json
import os
import shutil
import subprocess
import threading
import wave
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lstm_onnx_speech.drawn import RATE, speak

from lstm_onnx.data.sounds import as_pcm, resampled
from tests.embedding.harness import NODE, ROOT, TARGETS, Program, Workshop, assert_close, expected
from tests.embedding.models import MAKERS
from tests.embedding.test_programs import BROKEN_TABLES, build

CHROMIUM = shutil.which("chromium") or ""
REFERENCE = [f.stem for f in sorted((ROOT / "exported").glob("*.onnx"))]
READS_FILES = [name for name in REFERENCE if name not in ("life", "speech", "speech-streaming", "weather")]
"""But those whose page takes arrays alone, as a text beside a sequence comes in no file that it reads, or sound."""
SHOTS = os.environ.get("EMBED_SCREENSHOTS")
"""A folder for pictures of the page, for a person to look at."""

pytestmark = pytest.mark.skipif(
    "web" not in TARGETS or not CHROMIUM or shutil.which("node") is None or not NODE.is_dir(),
    reason="needs chromium, node, and what tools/node_packages brings",
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: warnings fail tests, and requests are no news."""


class Browser:
    """Chromium behind `page.mjs`, and a server of files for each folder."""

    def __init__(self, *flags: str) -> None:
        self.driver = subprocess.Popen(
            ["node", Path(__file__).with_name("page.mjs"), NODE, CHROMIUM, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.servers: dict[Path, ThreadingHTTPServer] = {}

    def do(self, command: str, **given: Any) -> dict[str, Any]:
        """Send a command; a fault in the page, or a request to elsewhere, fails the test."""
        assert self.driver.stdin and self.driver.stdout
        self.driver.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self.driver.stdin.flush()
        done: dict[str, Any] = json.loads(self.driver.stdout.readline())
        assert "error" not in done, done["error"]
        return done

    def open(self, folder: Path, scheme: str = "light", query: str = "") -> dict[str, Any]:
        """Open the page in a folder, and wait for its self-test."""
        if folder not in self.servers:
            handler = functools.partial(_Quiet, directory=str(folder))
            self.servers[folder] = server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        port = self.servers[folder].server_address[1]
        return self.do("open", url=f"http://127.0.0.1:{port}/index.html{query}", scheme=scheme)

    def picture(self, name: str) -> None:
        if SHOTS:
            self.do("screenshot", path=f"{SHOTS}/{name}.png")

    def close(self) -> None:
        assert self.driver.stdin and self.driver.stdout
        self.driver.stdin.close()
        self.driver.wait(30)
        self.driver.stdout.close()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = Browser()
    yield opened
    opened.close()


def page_of(workshop: Workshop, models: dict[str, Path], model: str) -> Program:
    return build(workshop, models, model, "web")


@pytest.mark.parametrize("model", [*REFERENCE, *MAKERS])
def test_the_page_passes_its_self_test(workshop, models, browser: Browser, model: str) -> None:
    program = page_of(workshop, models, model)
    state = browser.open(program.folder)
    assert state["test"].startswith("Self-test passed"), state
    assert state["backend"].startswith("Runs on WebAssembly, "), state
    assert (state["message"], state["faults"]) == ("", [])
    if program.project.mode != "library":
        browser.do("click", name="Try the example")
    browser.picture(model)


@pytest.mark.parametrize("drop", [False, True], ids=["chosen", "dropped"])
@pytest.mark.parametrize("model", [*READS_FILES, "text", "bytes", "series", "monthly"])
def test_a_file_is_answered_as_in_python(workshop, models, browser: Browser, model: str, drop: bool) -> None:
    program = page_of(workshop, models, model)
    browser.open(program.folder)
    content = base64.b64encode(program.example_bytes).decode()
    state = browser.do("give", name=program.project.example_file, base64=content, drop=drop)
    header, rows = expected(program)
    assert state["message"] == ""
    assert state["header"] == header
    assert_close(state["rows"], rows[:1000])
    assert " on WebAssembly" in state["timing"]
    assert state["faults"] == []


def test_a_forecast_is_drawn_and_can_be_read_by_keys(workshop, models, browser: Browser) -> None:
    browser.open(page_of(workshop, models, "traffic").folder)
    assert browser.do("click", name="Try the example")["charts"] == 1
    browser.do("focus", selector="figure svg")
    state = browser.do("keys", keys=["End"])
    assert "forecast of vehicles" in state["readout"]
    assert "80 % interval" in state["readout"]
    before = browser.do("keys", keys=["Home"])["readout"]
    assert "vehicles so far" in before


def test_a_class_has_bars_that_sum_up(workshop, models, browser: Browser) -> None:
    program = page_of(workshop, models, "news")
    browser.open(program.folder)
    state = browser.do("type", text="The company raised its quarterly dividend to 12 cents a share.")
    assert state["verdict"] in program.project.contract.axes["class"].labels
    assert sum(float(bar.removesuffix(" %")) for bar in state["bars"]) == pytest.approx(100, abs=1)


def test_all_can_be_done_by_keys(workshop, models, browser: Browser) -> None:
    browser.open(page_of(workshop, models, "traffic").folder)
    browser.do("keys", keys=["Tab", "Tab", "Enter"])  # the file's button, then the example's
    assert browser.do("settled")["rows"]


@pytest.mark.parametrize("table", BROKEN_TABLES)
def test_a_table_that_cannot_be_used_is_said(workshop, models, browser: Browser, table: str) -> None:
    browser.open(page_of(workshop, models, "traffic").folder)
    state = browser.do("give", name="broken.csv", text=table)
    assert BROKEN_TABLES[table] in state["message"]
    assert not state["shown"]
    browser.picture("broken")
    assert browser.do("click", name="Try the example")["message"] == ""  # and the page goes on


def test_a_broken_model_or_golden_file_is_said(workshop, models, browser: Browser, tmp_path: Path) -> None:
    program = page_of(workshop, models, "traffic")
    whole = (program.folder / "model.onnx").read_bytes()
    golden = bytearray((program.folder / "golden.bin").read_bytes())
    golden[-2] ^= 0x40
    other = {"model": {"model.onnx": whole[:5000]}, "golden": {"golden.bin": bytes(golden)}}
    for name, files in other.items():
        folder = tmp_path / name
        shutil.copytree(program.folder, folder, ignore=shutil.ignore_patterns("node_modules"))
        for file, content in files.items():
            (folder / file).write_bytes(content)
        state = browser.open(folder)
        if name == "model":
            assert "could not be opened" in state["backend"]
            assert state["message"]
        else:
            assert state["test"].startswith("Self-test FAILED: 1 of 2")


def test_a_picture_is_answered(workshop, models, browser: Browser, tmp_path: Path) -> None:
    """Red, green and blue in, their means out; a text is no picture."""
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (40, 30), (200, 100, 50)).save(tmp_path / "plain.png")
    program = page_of(workshop, models, "image")
    browser.open(program.folder)
    state = browser.do("give", name="plain.png", file=str(tmp_path / "plain.png"))
    assert [float(cell) for cell in state["rows"][0]] == pytest.approx([200, 100, 50], abs=1)
    image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    state = browser.do("give", name="clear.png", file=str(tmp_path / "clear.png"))
    assert [float(cell) for cell in state["rows"][0]] == [255, 255, 255]  # over white
    assert_close(browser.do("click", name="Try the example")["rows"], expected(program)[1])
    assert "no picture" in browser.do("give", name="x.png", text="no picture at all")["message"]


@pytest.mark.parametrize("model", ["speech", "speech-streaming"])
def test_a_sound_is_answered(workshop, models, browser: Browser, tmp_path: Path, model: str) -> None:
    """A WAV file of another rate and of two channels says what was spoken; a text is no sound."""
    spoken = resampled(speak("lima sote", np.random.default_rng(9)), RATE, 44_100)
    with wave.open(str(tmp_path / "lima.wav"), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        file.writeframes(np.repeat(as_pcm(spoken), 2).astype("<i2").tobytes())
    browser.open(page_of(workshop, models, model).folder)
    state = browser.do("give", name="lima.wav", file=str(tmp_path / "lima.wav"))
    assert (state["message"], state["verdict"], state["faults"]) == ("", "lima sote", [])
    assert "no sound" in browser.do("give", name="x.wav", text="no sound at all")["message"]


def test_the_microphone_is_heard_until_its_button_is_pressed_again(workshop, models, tmp_path: Path) -> None:
    """Chromium plays a file into its microphone, once; the page says what was spoken in it."""
    pause = np.zeros(RATE, np.float32)
    spoken = np.concatenate([pause, speak("lima sote", np.random.default_rng(9)), pause])
    with wave.open(str(tmp_path / "lima.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
        file.writeframes(as_pcm(resampled(spoken, RATE, 48_000)).astype("<i2").tobytes())
    fake = f"--use-file-for-fake-audio-capture={tmp_path / 'lima.wav'}%noloop"
    browser = Browser("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", fake)
    try:
        browser.open(page_of(workshop, models, "speech").folder)
        state = browser.do("listen", seconds=3.5)
        assert (state["message"], state["verdict"].split(), state["faults"]) == ("", ["lima", "sote"], [])
    finally:
        browser.close()


def test_a_microphone_that_may_not_be_used_is_said(workshop, models, browser: Browser) -> None:
    browser.open(page_of(workshop, models, "speech").folder)
    state = browser.do("click", name="Listen")
    assert "may not listen" in state["message"]
    assert state["faults"] == []


def test_the_page_is_shown_in_the_dark(workshop, models, browser: Browser) -> None:
    browser.open(page_of(workshop, models, "traffic").folder, scheme="dark")
    assert browser.do("click", name="Try the example")["charts"] == 1
    browser.picture("traffic-dark")


def test_webgpu_is_offered_and_answers(workshop, models) -> None:
    """On the processor, by SwiftShader, whose arithmetic is too coarse for the tolerance of forecasts."""
    program = page_of(workshop, models, "vowels-streaming")
    browser = Browser("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
    try:
        assert browser.open(program.folder)["backends"] == "Run it on WebGPU instead."
        state = browser.open(program.folder, query="?on=webgpu")
        if "no WebGPU" in state["message"]:
            pytest.skip(state["message"])
        assert state["test"].startswith("Self-test passed"), state
        assert state["backend"].startswith("Runs on WebGPU, ")
        state = browser.do("give", name=program.project.example_file, text=program.example)
        assert_close(state["rows"], expected(program)[1])
    finally:
        browser.close()
