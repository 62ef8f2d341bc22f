"""What each node of a graph costs: the time of 40 copies of it, with the values that it really gets, by copies.

    python -m benchmarks.speed.prices FILE.onnx [--batch 1] [--length 100] [--least 0.5]

FILE is an exported file, or one that `benchmarks.speed.nodes --keep` wrote. ONNX Runtime on one thread, without its own
optimisation, which would take equal nodes for one; processor time, the least of seven. Also prints what a call costs
that computes nothing but takes and gives as many arrays. Caches are warm here: in a whole graph a node takes longer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.contract import Array

COPIES, SLICE, ROUNDS = 40, 0.015, 7
Values = dict[str, Array]


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def least(call: Callable[[], object]) -> float:
    """Return the µs of a call: the least of the rounds."""
    found = []
    for _ in range(ROUNDS):
        call()
        count, begin = 0, time.thread_time()
        while (taken := time.thread_time() - begin) < SLICE:
            call()
            count += 1
        found.append(taken / count * 1e6)
    return min(found)


def given(model: onnx.ModelProto, batch: int, length: int) -> Values:
    """Draw 0 or 1 for each number, as a state may say by them what is known; whole numbers are hours of 2023."""
    random, found = np.random.default_rng(0), dict[str, Array]()
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [d.dim_value or {"batch": batch}.get(d.dim_param, length) for d in kind.shape.dim]
        drawn: Array = random.integers(0, 2, shape).astype(np.float32)
        if kind.elem_type == TensorProto.INT64:
            drawn = np.broadcast_to(1_700_000_000 // 3600 * 3600 + 3600 * np.arange(shape[-1]), shape).copy()
        found[value.name] = drawn
    return found


def all_values(model: onnx.ModelProto, inputs: Values) -> Values:
    """Return every value in the graph."""
    opened = onnx.ModelProto.FromString(model.SerializeToString())
    names = [name for node in model.graph.node for name in node.output if name]
    del opened.graph.output[:]
    opened.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    answers = [np.asarray(a) for a in session(opened).run(names, inputs)]
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    return weights | inputs | dict(zip(names, answers, strict=True))


def timed(model: onnx.ModelProto, nodes: list[onnx.NodeProto], names: list[str], values: Values) -> float:
    """Return the µs of a call of a graph of these nodes, which takes these values and gives a number of its own."""
    weights = [t for t in model.graph.initializer if t.name in names]
    fixed = {t.name for t in weights}
    taken = {name: values[name] for name in names if name not in fixed} | {"own": np.zeros(1, np.float32)}
    graph = helper.make_graph(
        [helper.make_node("Identity", ["own"], ["back"]), *nodes],
        "copies",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in taken.items()],
        [helper.make_tensor_value_info("back", TensorProto.FLOAT, [1])],
        weights,
    )
    opened = session(helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version))
    return least(lambda: opened.run(None, taken))


def price(model: onnx.ModelProto, node: onnx.NodeProto, values: Values) -> float:
    """Return the µs that one more such node costs."""
    count = 1 if node.op_type == "LSTM" else COPIES
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for _ in range(count)]
    for number, copy in enumerate(copies):
        copy.name, copy.output[:] = f"copy{number}", [f"{name}.{number}" if name else "" for name in node.output]
    names = list(dict.fromkeys(name for name in node.input if name))
    return (timed(model, copies, names, values) - timed(model, [], names, values)) / count


def empty_call(model: onnx.ModelProto, inputs: Values) -> float:
    """Return the µs of a call that takes as many arrays and gives as many, and computes nothing."""
    sources = [value.name for value in model.graph.input]
    nodes = [
        helper.make_node("Identity", [sources[k % len(sources)]], [f"o{k}"]) for k in range(len(model.graph.output))
    ]
    outputs = [onnx.ValueInfoProto(name=node.output[0]) for node in nodes]
    graph = helper.make_graph(nodes, "empty", list(model.graph.input), outputs)
    opened = session(helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version))
    return least(lambda: opened.run(None, inputs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--length", type=int, default=100, help="steps of the free axes other than batch")
    parser.add_argument("--least", type=float, default=0.0, help="µs from which a node is shown by itself")
    told = parser.parse_args()
    model = onnx.load(told.file)
    inputs = given(model, told.batch, told.length)
    values = all_values(model, inputs)
    stages: dict[str, list[float]] = {}
    for node in model.graph.node:
        cost = price(model, node, values)
        stages.setdefault(node.name.rpartition("/")[0] or "no module", []).append(cost)
        if cost >= told.least:
            print(f"{cost:8.2f}  {node.name}")
    print("\n".join(f"{sum(costs):8.2f}  {len(costs)} nodes of {stage}" for stage, costs in stages.items()))
    print(f"{sum(map(sum, stages.values())):8.2f}  all nodes\n{empty_call(model, inputs):8.2f}  an empty call")


if __name__ == "__main__":
    main()
