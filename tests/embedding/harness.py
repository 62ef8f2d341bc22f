"""Builds programs once for all tests, runs them, and works out in Python what they must answer."""

from __future__ import annotations

import csv
import io
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.embedding.project import Port, Project
from lstm_onnx.embedding.registry import load_target, load_targets
from lstm_onnx.inference.model import Model, load

ROOT = Path(__file__).parents[2]
ONNXRUNTIME = ROOT / ".tools" / "onnxruntime"
"""Made by `tools/onnxruntime_root`."""

NODE = ROOT / ".tools" / "node"
"""Made by `tools/node_packages`."""

TARGETS = os.environ.get("EMBED_TARGETS", "").split() or [t.name for t in load_targets()[0]]
"""What the tests run for: everything, or what a developer of one target asks for."""

Rows = list[list[str]]


@dataclass(frozen=True)
class Program:
    """A program that was written, built, and can be run."""

    file: Path
    embedded: Embedded

    @property
    def folder(self) -> Path:
        return self.embedded.folder

    @property
    def project(self) -> Project:
        return self.embedded.project

    @property
    def example(self) -> str:
        return self.example_bytes.decode()

    @property
    def example_bytes(self) -> bytes:
        return (self.folder / self.project.example_file).read_bytes()

    def run(
        self, *arguments: str | Path, stdin: str | bytes = "", before: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Start it with these arguments; `before` is put before the command, such as valgrind."""
        start = self.embedded.commands["self-test"][0].removesuffix(" --self-test")
        line = f"{before} {start} {shlex.join(map(str, arguments))}"
        content = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.folder,
            input=content,
            capture_output=True,
            timeout=120,
            env=_environment(),
            check=False,
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return subprocess.CompletedProcess(line, done.returncode, out, err)


class Workshop:
    """Writes and builds each program once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.built: dict[tuple[Path, str], Program] = {}

    def program(self, file: Path, target: str) -> Program:
        """Return the program for a model, or skip the test where a tool is missing."""
        if (file, target) not in self.built:
            chosen = load_target(target)
            if not chosen.program:
                pytest.skip(f"target {target} is no program")
            missing = [tool for tool in chosen.tools if shutil.which(tool) is None]
            if missing:
                pytest.skip(f"target {target} needs {', '.join(missing)}")
            if chosen.runtime == "ort" and not ONNXRUNTIME.is_dir():
                pytest.skip("tools/onnxruntime_root has not been run")
            if chosen.runtime in ("node", "web") and not NODE.is_dir():
                pytest.skip("tools/node_packages has not been run")
            embedded = embed(file, target, self.folder / f"{file.stem}-{target}")
            for line in embedded.commands["build"]:
                if line.startswith("npm install"):  # what it would fetch lies here, once for all programs
                    (embedded.folder / "node_modules").symlink_to(NODE / "node_modules")
                    continue
                done = subprocess.run(
                    line,
                    shell=True,
                    cwd=embedded.folder,
                    capture_output=True,
                    text=True,
                    env=_environment(),
                    check=False,
                )
                said = done.stdout + done.stderr
                assert done.returncode == 0, said
                assert "warning:" not in said, said
            self.built[file, target] = Program(file, embedded)
        return self.built[file, target]


def _environment() -> dict[str, str]:
    return os.environ | {"ONNXRUNTIME_ROOT": str(ONNXRUNTIME)}


def table_of(text: str) -> tuple[list[str], Rows]:
    """Return the header and the rows of CSV."""
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def expected(program: Program) -> tuple[list[str], Rows]:
    """Work out what a program must print for its example input: header and rows."""
    model, project = load(program.file), program.project
    lead = [project.answer.lead] if project.answer.rows != "one" else []
    cells = [c.header for c in project.answer.cells]
    if project.streaming:
        lead = ["at", *([] if project.answer.rows == "step" else lead)]
        return [*lead, *cells], _streamed(model, project)
    rows = []
    for inputs in _calls(project):
        rows += _rows(project, model.run(inputs))
    return [*lead, *cells], rows


def _calls(project: Project) -> list[dict[str, np.ndarray]]:
    """Inputs of each call that answers the example input."""
    first = {n: v.array() for n, v in project.contract.examples[0].inputs.items()}
    if project.mode == "picture":
        name = project.given[0].name
        return [{name: one[None]} for example in project.contract.examples for one in example.inputs[name].array()]
    if project.mode != "texts":
        length = next((int(first[p.name][0]) for p in project.given if p.source == "lengths"), None)
        return [{p.name: _one(p, first[p.name], project, length) for p in project.given}]
    port = next(p for p in project.given if p.source in ("text", "bytes"))
    calls: dict[str, dict[str, np.ndarray]] = {}
    for example in project.contract.examples:
        arrays = {n: v.array() for n, v in example.inputs.items()}
        whole = [len(row) for row in arrays[port.name]] if port.source == "bytes" else []
        lengths = next((arrays[p.name].tolist() for p in project.given if p.source == "lengths"), whole)
        for i, value in enumerate(arrays[port.name]):
            text = bytes(value[: lengths[i]]).decode("utf-8", "replace") if port.source == "bytes" else str(value)
            if text.strip() and not set(text) & set("\n\r\0"):  # what a line can hold
                calls.setdefault(text, {name: a[i : i + 1] for name, a in arrays.items()})
    return list(calls.values())


def _one(port: Port, array: np.ndarray, project: Project, length: int | None) -> np.ndarray:
    """The first sequence of a batch, without its padding."""
    first = array[:1]
    return first[:, :length] if port.source == "rows" and length is not None else first


def _streamed(model: Model, project: Project) -> Rows:
    (inputs,) = _calls(project)
    stream, rows = model.stream(), []
    axis = project.contract.stream.axis if project.contract.stream else ""
    steps = next(
        a.shape[p.dims.index(d)] for p in project.given for d in p.dims if d.name == axis for a in [inputs[p.name]]
    )
    clock = next((inputs[p.name][0] for p in project.given if p.source == "time"), None)
    for step in range(steps):
        piece = {
            p.name: np.take(inputs[p.name], [step], axis=[d.name for d in p.dims].index(axis)) for p in project.given
        }
        at = str(np.datetime64(int(clock[step]), "s")).replace("T", " ") if clock is not None else str(step + 1)
        rows += [[at, *row] for row in _rows(project, stream.push(piece))]
    return rows


def _rows(project: Project, outputs: Mapping[str, np.ndarray]) -> Rows:
    answer = project.answer
    named = [outputs[p.name] if p.name in outputs else np.empty(0) for p in project.outputs]
    count = 1 if answer.rows == "one" else answer.count or named[max(answer.clock, 0)].shape[1]
    rows = []
    for row in range(count):
        lead = []
        if answer.rows == "future":
            lead = [str(np.datetime64(int(named[answer.clock][0][row]), "s")).replace("T", " ")]
        elif answer.rows == "step" and not project.streaming:
            lead = [str(row)]
        flat = [a.ravel() for a in named]
        cells = []
        for c in answer.cells:
            if c.rank >= 0:
                start = row * c.stride
                scores = flat[c.output][start : start + c.count]
                place = int(np.argsort(-scores, kind="stable")[c.rank])
                cells.append(str(scores[place]) if c.score else c.labels[place])
            elif c.joined:
                start, stop = (row * c.stride, (row + 1) * c.stride) if c.stride else (0, None)
                cells.append(" ".join(_cell(project, c.output, v) for v in flat[c.output][start:stop]))
            else:
                cells.append(_cell(project, c.output, flat[c.output][c.place + row * c.stride]))
        rows.append([*lead, *cells])
    return rows


def _cell(project: Project, output: int, value: object) -> str:
    labels = project.outputs[output].labels
    if labels:
        return labels[int(str(value))]
    return "" if isinstance(value, float | np.floating) and np.isnan(value) else str(value)


def assert_answers(program: Program) -> None:
    """Run a program on its example input, and compare what it prints with what ONNX Runtime answers."""
    done = program.run(stdin=program.example_bytes)
    assert (done.returncode, done.stderr) == (0, "")
    header, rows = table_of(done.stdout)
    wanted_header, wanted = expected(program)
    assert header == wanted_header
    assert_close(rows, wanted)


def assert_close(got: Rows, wanted: Rows, rtol: float = 1e-5) -> None:
    """Compare rows of cells: numbers within 1e-5 of the largest in their column, anything else exactly."""
    assert [len(r) for r in got] == [len(r) for r in wanted]
    for number, (column_got, column_wanted) in enumerate(
        zip(zip(*got, strict=True), zip(*wanted, strict=True), strict=True)
    ):
        if not all(map(_is_number, column_wanted)):
            assert column_got == column_wanted, f"column {number}"
            continue
        a, b = _numbers(column_got), _numbers(column_wanted)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.nanmax(np.abs(b), initial=0), err_msg=str(number))


def _numbers(cells: Sequence[str]) -> np.ndarray:
    return np.array([float(c or "nan") for c in cells])


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True
