"""A captioner small enough to make in every test, and its graph."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from lstm_onnx_captioning.data import answers as described
from lstm_onnx_captioning.data import picture_feature
from lstm_onnx_captioning.model import Captioner
from lstm_onnx_captioning.options import Config
from lstm_onnx_captioning.scenes import scenes, share_out
from lstm_onnx_captioning.task import Captioning

from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.sentence_graph import END
from lstm_onnx.graph.subgraphs import torch_part
from lstm_onnx.graph.torch_export import to_onnx, trace_sizes
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.task import Arrays, GraphSpec

WORDS = tuple("red green blue disc square on a the two".split())
SMALL: dict[str, Any] = {"size": 16, "channels": (6, 8, 12), "hidden": 20, "embedding": 10, "max_words": 6}


def config(**changes: Any) -> Config:
    return Config(**{**SMALL, **changes})


def drawn(chosen: Config, count: int, seed: int = 0) -> list[np.ndarray]:
    """Draw scenes of the size of a captioner's pictures."""
    random = np.random.default_rng(seed)
    return [pixels for pixels, _ in scenes(count, share_out(random)[0], max(chosen.size, 16), random)]


def learnt(chosen: Config) -> Learnt:
    """What a captioner of a few words knows."""
    picture = picture_feature(chosen).fit(drawn(chosen, 6))
    outputs = described(chosen, WORDS, picture.map)
    outputs[0] = outputs[0].model_copy(update={"frequent": "a red disc"})
    return Learnt(inputs=(picture,), outputs=tuple(outputs))


def captioner(chosen: Config, seed: int = 0) -> FeatureModel:
    """Make a captioner that has learnt a little: different words for different pictures, and no great certainty."""
    return copy.deepcopy(_learnt(chosen, seed))


def network(model: FeatureModel) -> Captioner:
    assert isinstance(model.network, Captioner)
    return model.network


@lru_cache
def _learnt(chosen: Config, seed: int) -> FeatureModel:
    torch.manual_seed(seed)
    known = learnt(chosen)
    model = Captioning().build_model(chosen, known)
    assert isinstance(model, FeatureModel)
    random = np.random.default_rng(seed)
    tokens = random.integers(3, 3 + len(WORDS), (24, chosen.max_words))
    lengths = random.integers(2, chosen.max_words + 1, 24)
    tokens[np.arange(chosen.max_words) >= lengths[:, None] - 1] = END
    picture = known.inputs[0]
    arrays = {"tokens": tokens, "lengths": lengths} | picture.collate(picture.prepare(drawn(chosen, 24, seed)))
    batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def graph(chosen: Config, seed: int = 0) -> GraphSpec:
    model = captioner(chosen, seed)
    return Captioning().graphs(model, chosen, model.learnt)[0]


def sample(spec: GraphSpec, sizes: dict[str, int], seed: int) -> dict[str, np.ndarray]:
    return Captioning().sample(spec, sizes, seed)


def exported(spec: GraphSpec) -> onnx.ModelProto:
    part = torch_part(spec)
    return to_onnx(spec, sample(part, trace_sizes(part), 0))


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def answers(model: ort.InferenceSession, inputs: Arrays) -> dict[str, Any]:
    names = [o.name for o in model.get_outputs()]
    return dict(zip(names, model.run(names, dict(inputs)), strict=True))


def check_alike(spec: GraphSpec, model: ort.InferenceSession, sizes: dict[str, int], seed: int = 0) -> dict[str, Any]:
    """Hold a file's answers to PyTorch's: words equal, numbers to 1e-4. Returns them."""
    inputs = sample(spec, sizes, seed)
    wanted, got = torch_reference(spec)(inputs), answers(model, inputs)
    assert got.keys() == wanted.keys()
    for name, right in wanted.items():
        assert got[name].shape == right.shape
        if right.dtype.kind == "f":
            np.testing.assert_allclose(got[name], right, rtol=0, atol=1e-4, err_msg=name)
        else:
            assert got[name].tolist() == right.tolist(), name
    return got


def frozen_encoder(path: Path, opset: int = 18, size: int | None = None) -> Path:
    """Write a feature extractor: two convolutions, with a map of 9 channels, 4 by 4 of 16 by 16 pixels."""
    random = np.random.default_rng(0)
    weights = {"first": random.normal(0, 0.3, (6, 3, 3, 3)), "second": random.normal(0, 0.3, (9, 6, 3, 3))}
    made = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Conv", ["x", "first"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
            onnx.helper.make_node("Relu", ["a"], ["b"], name="relu"),
            onnx.helper.make_node("Conv", ["b", "second"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2]),
        ],
        "eye",
        [onnx.helper.make_tensor_value_info("x", 1, ["n", 3, size or "side", size or "side"])],
        [onnx.helper.make_tensor_value_info("y", 1, ["n", 9, None, None])],
        [onnx.numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
    )
    onnx.save(onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def with_encoder(path: Path, **changes: Any) -> Config:
    """Return options of a captioner that looks through a frozen encoder."""
    return config(encoder=str(path), **changes)
