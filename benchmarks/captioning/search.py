"""Beam search inside the graph against the same search driven from Python over single steps.

    python -m benchmarks.captioning.search

One rival is what one writes without a Loop: a session that encodes, a session that takes one step, and between them
NumPy, vectorised over pictures and beams, which stops as early. The other is where one begins: the model in PyTorch,
its steps run from a Python loop. All must say the same words. Captioners are of the
usual size with a vocabulary of 1,000 words, and untrained, so that most captions take all of their 20 words. One
thread, processor time; the median of rounds, every round measuring all of them in turn.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from lstm_onnx_captioning.data import answers, picture_feature
from lstm_onnx_captioning.decoders import Seen
from lstm_onnx_captioning.model import Captioner
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.task import Captioning
from torch import Tensor, nn

from lstm_onnx.contract import Axis, TensorSpec
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.sentence_graph import END, SPECIAL, START
from lstm_onnx.graph.torch_export import to_onnx
from lstm_onnx.task import GraphSpec

WORDS = 1000
ROUNDS = 15
SLICE = 0.1
"""Seconds for each measurement of a round."""
CASES = [(decoder, beam, batch) for decoder in ("attend", "tell") for beam in (1, 3, 5) for batch in (1, 16)]
"""Decoder, beams, and pictures at once."""

Arrays = dict[str, Any]


class Eye(nn.Module):
    """What is done once for a picture."""

    def __init__(self, model: Captioner) -> None:
        super().__init__()
        self.model = model

    def forward(self, image_pixels: Tensor) -> tuple[Tensor, ...]:
        seen = self.model.look(self.model.encoder(image_pixels))
        hidden, cell = self.model.decoder.begin(seen)
        return (hidden, cell, seen.places) if seen.keys is None else (hidden, cell, seen.places, seen.keys)


class Step(nn.Module):
    """What is done for each word, up to the log-probabilities of the next."""

    def __init__(self, model: Captioner) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, token: Tensor, hidden: Tensor, cell: Tensor, places: Tensor, keys: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        state = (hidden.flatten(0, 1), cell.flatten(0, 1))
        log_p, (hidden, cell), attention = self.model.step(token.flatten(), state, Seen(places, keys))
        found = (log_p, hidden, cell) if attention is None else (log_p, hidden, cell, attention)
        return tuple(f.view(*token.shape, -1) for f in found)


def float_tensors(**dims: tuple[str, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name=name, dtype="float32", dims=d, meaning="") for name, d in dims.items())


def graphs(full: FeatureModel, config: Config) -> tuple[GraphSpec, GraphSpec, GraphSpec]:
    """Describe the whole, and for the rival its two parts."""
    (whole,) = Captioning().graphs(full, config, full.learnt)
    model = full.network
    assert isinstance(model, Captioner)
    axes = whole.axes | {
        "beam": Axis(size=config.beam),
        "unit": Axis(size=config.hidden),
        "place": Axis(size=model.grid[0] * model.grid[1]),
        "feature": Axis(size=config.channels[-1]),
        "token": Axis(size=len(SPECIAL) + WORDS),
    }
    attends, beams = config.decoder == "attend", ("batch", "beam")
    memory = {"places": ("batch", "place", "feature")} | ({"keys": ("batch", "place", "unit")} if attends else {})
    state = {"hidden": ("batch", "unit"), "cell": ("batch", "unit")}
    states = {"hidden": (*beams, "unit"), "cell": (*beams, "unit")}
    after = {f"next_{name}": dims for name, dims in states.items()}
    attention = {"attention": (*beams, "place")} if attends else {}
    eye = dataclasses.replace(
        whole, module=Eye(model), outputs=float_tensors(**state, **memory), after=None, axes=axes, name="eye"
    )
    step = GraphSpec(
        module=Step(model),
        inputs=(
            TensorSpec(name="token", dtype="int64", dims=beams, meaning=""),
            *float_tensors(**states, **memory),
        ),
        outputs=float_tensors(log_p=(*beams, "token"), **after, **attention),
        axes=axes,
        description="",
        name="step",
    )
    return whole, eye, step


def session(graph: GraphSpec) -> ort.InferenceSession:
    part_inputs = graph.inputs if graph.before is None else graph.before.outputs
    axes = graph.axes | (dict(graph.before.axes) if graph.before is not None else {})
    shapes = {t.name: [axes[d].size or 3 for d in t.dims] for t in part_inputs}
    example = {t.name: np.ones(shapes[t.name], t.dtype) for t in part_inputs}
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    content = to_onnx(graph, example).SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@dataclass
class Rival:
    """The search, driven from Python."""

    eye: ort.InferenceSession
    step: ort.InferenceSession
    config: Config

    def __call__(self, image: Any) -> Arrays:
        hidden, cell, *memory = self.eye.run(None, {"image": image})
        fixed = dict(zip(("places", "keys"), memory, strict=False))
        width, longest, batch = self.config.beam, self.config.max_words, len(image)
        hidden, cell = (s[:, None].repeat(width, axis=1) for s in (hidden, cell))
        example = np.arange(batch)[:, None]
        last = np.full((batch, width), START)
        total = np.where(np.arange(width) == 0, 0, -np.inf).astype(np.float32)[None].repeat(batch, axis=0)
        tokens = np.full((batch, width, longest), END)
        log_p = np.zeros((batch, width, longest), np.float32)
        looked = np.zeros((batch, width, longest, memory[0].shape[1] if "keys" in fixed else 0), np.float32)
        for at in range(longest):
            if not ((last != END) & (total > -np.inf)).any():
                break
            scores, hidden, cell, *attention = self.step.run(
                None, {"token": last, "hidden": hidden, "cell": cell, **fixed}
            )
            ended = last == END
            if ended.any():
                scores[ended] = -np.inf
                scores[ended, END] = 0
            sums = (total[:, :, None] + scores).reshape(batch, -1)
            chosen = first_largest(sums, width)
            total = sums[example, chosen]
            beam, last = np.divmod(chosen, scores.shape[2])
            tokens, log_p, looked = tokens[example, beam], log_p[example, beam], looked[example, beam]
            tokens[:, :, at], log_p[:, :, at] = last, scores[example, beam, last]
            hidden, cell = hidden[example, beam], cell[example, beam]
            if attention:
                looked[:, :, at] = attention[0][example, beam]
        counted = np.minimum((tokens != END).sum(axis=2) + 1, longest)
        best = (total / counted**self.config.length_penalty).argmax(axis=1)[:, None]
        found = {"tokens": tokens, "log_probabilities": log_p, "score": total, "attention": looked}
        return {name: array[example, best][:, 0] for name, array in found.items()}


def first_largest(sums: Any, count: int) -> Any:
    """Return where the largest are, the largest first and of equal ones the first (as good as always)."""
    if count == 1:
        return sums.argmax(axis=1)[:, None]
    chosen = np.sort(np.argpartition(-sums, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(sums, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def milliseconds(call: Callable[[], object]) -> float:
    call()
    count, begin = 0, time.process_time()
    while (taken := time.process_time() - begin) < SLICE:
        call()
        count += 1
    return taken / count * 1e3


def measure(decoder: str, beam: int, batch: int) -> dict[str, float]:
    """Return milliseconds a picture, and how many times as long the rival takes: in all, and for the search alone."""
    torch.manual_seed(0)
    config = Config.model_validate({"decoder": decoder, "beam": beam})
    picture = picture_feature(config).fit([np.zeros((config.size, config.size, 3), dtype=np.uint8)])
    outputs = answers(config, tuple(f"word{k}" for k in range(WORDS)), None)
    full = Captioning().build_model(config, Learnt(inputs=(picture,), outputs=tuple(outputs))).eval()
    assert isinstance(full, FeatureModel) and isinstance(full.network, Captioner)
    model = full.network
    with torch.no_grad():
        model.decoder.scores.weight.mul_(8)  # or all words would be about equally likely
    described = graphs(full, config)
    whole, eye, step = (session(g) for g in described)
    rival = Rival(eye, step, config)
    image = np.random.default_rng(0).integers(0, 256, (batch, config.size, config.size, 3)).astype(np.uint8)
    names = [o.name for o in whole.get_outputs()]
    ours, theirs = dict(zip(names, whole.run(names, {"image": image}), strict=True)), rival(image)
    np.testing.assert_array_equal(ours["tokens"], theirs["tokens"])
    np.testing.assert_allclose(ours["log_probabilities"], theirs["log_probabilities"], atol=1e-4)
    assert described[0].before is not None
    pixels = torch.from_numpy(described[0].before.reference({"image": image})["image_pixels"])
    with torch.inference_mode():
        np.testing.assert_array_equal(ours["tokens"], model(pixels)["caption"].tokens.numpy())
    calls = (
        lambda: whole.run(names, {"image": image}),
        lambda: rival(image),
        lambda: eye.run(None, {"image": image}),
        torch.inference_mode()(lambda: model(picture)),
        torch.inference_mode()(lambda: model.encoder(picture)),
    )
    rounds = [[milliseconds(call) for call in calls] for _ in range(ROUNDS)]
    searches = [(graph - eye, rival - eye, eager - encoder) for graph, rival, eye, eager, encoder in rounds]
    return {
        "words": float(ours["lengths"].mean()),
        "eye": statistics.median(r[2] for r in rounds) / batch,
        "graph": statistics.median(s[0] for s in searches) / batch,
        "rival": statistics.median(s[1] for s in searches) / batch,
        "torch": statistics.median(s[2] for s in searches) / batch,
        "times rival": statistics.median(s[1] / s[0] for s in searches),
        "times torch": statistics.median(s[2] / s[0] for s in searches),
    }


def main() -> None:
    torch.set_num_threads(1)
    print("Milliseconds a picture, of the search alone but for the first column.\n")
    print("| decoder | beams | pictures at once | words | encoding | in the graph | Python, NumPy | Python, PyTorch |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for decoder, beam, batch in CASES:
        m = measure(decoder, beam, batch)
        print(
            f"| {decoder} | {beam} | {batch} | {m['words']:.0f} | {m['eye']:.2f} | **{m['graph']:.2f}** | "
            f"{m['rival']:.2f}, {m['times rival']:.1f} times | {m['torch']:.2f}, {m['times torch']:.1f} times |",
            flush=True,
        )


if __name__ == "__main__":
    main()
