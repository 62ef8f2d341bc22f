"""Measure an LSTM without a runtime (`bare-c`) beside ONNX Runtime and OpenVINO, on one thread.

    python -m benchmarks.embedded.lstm [--rounds N] [--hidden N...]

The layer alone, with 12 inputs: a window of 100 steps, and a step of a stream; and the reference forecaster. Programs
are those that `embed` writes, and say themselves how long a call takes; OpenVINO is called from Python. They take
turns. With valgrind, instructions of a call are counted as well, which do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.embedded.__main__ import STEP, WINDOW, build, micros, one_step, sh
from lstm_onnx.contract import (
    METADATA_KEY,
    Array,
    Axis,
    Contract,
    Example,
    Provenance,
    StateSpec,
    Stream,
    TensorSpec,
    Tolerance,
    Values,
    to_json,
)
from lstm_onnx.embedding.generate import Embedded
from lstm_onnx.inference.session import session_answer

INPUTS, STEPS, HIDDENS = 12, 100, (32, 64, 128)
RUNTIME = "ONNX Runtime"
FLAGS = {
    "bare-c": "-O3 -ffp-contract=fast",  # as its Makefile has it
    "bare-c -O3 -march=native": "-O3 -march=native",
    "bare-c … -mprefer-vector-width=512": "-O3 -march=native -mprefer-vector-width=512",
}
COUNTED = {"bare-c -O3": "-O3", "bare-c -O3 -march=x86-64-v3": "-O3 -march=x86-64-v3"}
"""Valgrind knows no AVX-512."""


@dataclass(frozen=True)
class Case:
    """What is asked, and the file that answers."""

    title: str
    file: Path
    is_stream: bool


def main(rounds: int, hiddens: list[int]) -> None:
    """Build everything, take turns, and print tables; without rounds that of instructions alone."""
    with tempfile.TemporaryDirectory() as work:
        cases = list(make_cases(Path(work), hiddens))
        if rounds:
            print_times(cases, Path(work), rounds)
        if shutil.which("valgrind"):
            print_counts(cases, Path(work))


def print_times(cases: list[Case], work: Path, rounds: int) -> None:
    """Print microseconds a call: medians of the rounds, and of the ratios within each."""
    names = [RUNTIME, *FLAGS, "OpenVINO (from Python)"]
    print(f"| µs a call | {' | '.join(names)} | {' | '.join(f'{n} / {RUNTIME}' for n in FLAGS)} |")
    print("| --- |" + " ---: |" * (len(names) + len(FLAGS)))
    for case in cases:
        programs = [build_case(case, "c", work), *(build_case(case, "bare-c", work, f) for f in FLAGS.values())]
        turns: list[Callable[[], float]] = [*(partial(micros, program) for program in programs), openvino_call(case)]
        times: list[list[float]] = [[] for _ in turns]
        for _ in range(rounds):
            for taken, turn in zip(times, turns, strict=True):
                taken.append(turn())
        ratios = [statistics.median(a / b for a, b in zip(t, times[0], strict=True)) for t in times[1:-1]]
        cells = [f"{statistics.median(t):.1f}" for t in times] + [f"{ratio:.2f}" for ratio in ratios]
        print(f"| {case.title} | {' | '.join(cells)} |", flush=True)


def print_counts(cases: list[Case], work: Path) -> None:
    """Print instructions a call."""
    print(f"\n| instructions a call | {RUNTIME} | {' | '.join(COUNTED)} |")
    print("| --- |" + " ---: |" * (1 + len(COUNTED)))
    for case in cases:
        programs = [build_case(case, "c", work), *(build_case(case, "bare-c", work, f) for f in COUNTED.values())]
        print(f"| {case.title} | {' | '.join(f'{instructions(p):,}' for p in programs)} |", flush=True)


def make_cases(folder: Path, hiddens: list[int]) -> Iterator[Case]:
    """Write the layers, and take the reference files."""
    for hidden in hiddens:
        yield Case(
            f"layer of {hidden}, window of {STEPS}", layer(folder / f"window{hidden}.onnx", hidden, False), False
        )
        yield Case(f"layer of {hidden}, step", layer(folder / f"step{hidden}.onnx", hidden, True), True)
    yield Case("forecaster of 32, window of 168", WINDOW, False)
    yield Case("forecaster of 32, step", STEP, True)


def layer(file: Path, hidden: int, is_stream: bool, batch: int = 1) -> Path:
    """Write an LSTM alone with a contract: x (batch, time, feature) -> its last state (batch, unit)."""
    rng = np.random.default_rng(0)
    last = TensorSpec(name="last", dtype="float32", dims=("batch", "unit"), meaning="the last state")
    x = TensorSpec(name="x", dtype="float32", dims=("batch", "time", "feature"), meaning="input")
    states = [
        TensorSpec(name=name, dtype="float32", dims=("layer", "batch", "unit"), meaning="state")
        for name in ("hidden_in", "cell_in", "hidden", "cell")
    ]
    contract = Contract(
        name=file.stem,
        task="layer",
        description="An LSTM layer.",
        opset=18,
        ir_version=8,
        axes={
            "batch": Axis(),
            "time": Axis(example_size=1 if is_stream else STEPS),
            "feature": Axis(size=INPUTS),
            "layer": Axis(size=1),
            "unit": Axis(size=hidden),
        },
        inputs=(x, *states[:2]) if is_stream else (x,),
        outputs=(last, *states[2:]) if is_stream else (last,),
        states=tuple(StateSpec(output=n, input=f"{n}_in") for n in ("hidden", "cell")) if is_stream else (),
        stream=Stream(axis="time", context=STEPS) if is_stream else None,
        tolerance=Tolerance(rtol=1e-5, atol=1e-6),
        provenance=Provenance(created="2026-01-01", run="made", plugin="benchmark", data="", versions={}, config={}),
    )
    bound = hidden**-0.5  # as PyTorch begins
    shapes = {"W": (1, 4 * hidden, INPUTS), "R": (1, 4 * hidden, hidden), "B": (1, 8 * hidden)}
    stored = [numpy_helper.from_array(rng.uniform(-bound, bound, s).astype(np.float32), n) for n, s in shapes.items()]
    stored.append(numpy_helper.from_array(np.array([0]), "layers"))
    taken = ["by_time", *shapes, *(["", "hidden_in", "cell_in"] if is_stream else [])]
    nodes = [
        helper.make_node("Transpose", ["x"], ["by_time"], perm=[1, 0, 2]),
        helper.make_node("LSTM", taken, ["", "hidden", *(["cell"] if is_stream else [])], hidden_size=hidden),
        helper.make_node("Squeeze", ["hidden", "layers"], ["last"]),
    ]
    given, found = (
        [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, contract.dims_of(t)) for t in tensors]
        for tensors in (contract.inputs, contract.outputs)
    )
    graph = helper.make_graph(nodes, "layer", given, found, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    sizes = {"batch": batch, "time": 1 if is_stream else STEPS, "feature": INPUTS, "layer": 1, "unit": hidden}
    inputs: dict[str, Array] = {
        t.name: rng.standard_normal([sizes[d] for d in t.dims], dtype=np.float32) for t in contract.inputs
    }
    answer = session_answer(model.SerializeToString(), str(file))(inputs)
    values = [{n: Values.of(a) for n, a in arrays.items()} for arrays in (inputs, answer)]
    contract = contract.model_copy(update={"examples": (Example(inputs=values[0], outputs=values[1]),)})
    helper.set_model_props(model, {METADATA_KEY: to_json(contract)})
    onnx.save(model, file)
    return file


def build_case(case: Case, target: str, work: Path, flags: str = "") -> Embedded:
    """Write and build the program for a case once, and hold it to its self-test."""
    folder = work / f"{case.file.stem}-{target}{flags.replace(' ', '')}"
    if folder in _BUILT:
        return _BUILT[folder]
    written = build(case.file, target, folder)
    if target == "c":
        if case.is_stream:
            (folder / "golden.bin").write_bytes(one_step(case.file))
    else:
        sh(f"make -B CFLAGS='{flags}'", folder)
    sh(written.commands["self-test"][0], folder)
    _BUILT[folder] = written
    return written


_BUILT: dict[Path, Embedded] = {}


def openvino_call(case: Case) -> Callable[[], float]:
    """Return what times a call of OpenVINO in float32 on one thread, in microseconds."""
    import openvino as ov

    core = ov.Core()
    limits = {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(case.file), "CPU", limits).create_infer_request()
    inputs = first_inputs(case)

    def call() -> float:
        taken = []
        for _ in range(300):
            start = time.perf_counter()
            request.infer(inputs, share_inputs=True, share_outputs=True)
            taken.append(time.perf_counter() - start)
        return statistics.median(taken) * 1e6

    call()
    return call


def first_inputs(case: Case) -> dict[str, Array]:
    """Return what the programs answer in their `--bench`: one window, or one step."""
    from lstm_onnx.inference.model import load

    contract = load(case.file).require_contract()
    found = {t.name: contract.examples[0].inputs[t.name].array() for t in contract.inputs}
    cut = "time" if case.is_stream else "batch"
    return {
        t.name: found[t.name].take([0], t.dims.index(cut)) if cut in t.dims else found[t.name] for t in contract.inputs
    }


def instructions(program: Embedded) -> int:
    """Count the instructions of a call: those inside the model's function, of the self-test or of a short `--bench`."""
    source, header = program.folder / "self_test.c", program.folder / "self_test.h"
    what, found = "self-test", re.search(r"_EXAMPLES = (\d+)", header.read_text())
    calls = int(found[1]) if found else 22
    if not found:  # ONNX Runtime makes its plans in the first calls
        what = "bench"
        source.write_text(source.read_text().replace("WARM = 100, CALLS = 1000", f"WARM = 2, CALLS = {calls - 2}"))
        sh(program.commands["build"][-1], program.folder)
    function = f"{program.project.id}_{program.project.verb}"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counts"
        count = f"valgrind --tool=callgrind --callgrind-out-file={out} --toggle-collect={function}"
        sh(f"{count} {program.commands[what][0]}", program.folder)
        total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    assert total is not None
    return int(total[1]) // calls


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each")
    parser.add_argument("--count", action="store_true", help="count instructions alone")
    parser.add_argument("--hidden", type=int, nargs="+", default=list(HIDDENS), help="units of the layer")
    asked = parser.parse_args()
    main(0 if asked.count else asked.rounds, asked.hidden)
