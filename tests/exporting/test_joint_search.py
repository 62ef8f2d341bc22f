"""Several runs that find one text together: one search over the mean of what they say, proved like any file."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lstm_onnx_captioning.task import Captioning
from pydantic import BaseModel
from torch import Tensor

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.module import FeatureModel
from lstm_onnx.features.text import Text
from lstm_onnx.features.words import to_bytes
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.graph.subgraphs import torch_part
from lstm_onnx.graph.torch_export import to_onnx, trace_sizes, traced_example
from lstm_onnx.graph.torch_reference import torch_reference
from lstm_onnx.inference.session import session_answer
from lstm_onnx.nn.beam_search import NEVER, SearchState
from lstm_onnx.nn.joint_search import Search, log_mean, settled_together
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.task import AnyTask, Arrays, GraphSpec
from lstm_onnx.training.ensemble import together
from tests.captioning.tiny import captioner, config
from tests.captioning.tiny import graph as graph_of

START, END, LONGEST, WORDS = 1, 0, 4, 5


def test_the_mean_is_that_of_probabilities_even_where_one_has_none() -> None:
    some = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.0, 0.9]], dtype=torch.float64))
    never = torch.full((1, 3), NEVER, dtype=torch.float64)
    found = log_mean([torch.cat([some[:1], never]), torch.cat([some[1:], never])])
    np.testing.assert_allclose(found[0].exp(), [0.3, 0.125, 0.575])
    assert torch.equal(found[1:], never)  # what no model can say stays so, and is no NaN
    small = torch.tensor([-300.0])  # its probability is 0 in float32
    np.testing.assert_allclose(log_mean([small, small - 1]), -300 + math.log((1 + math.exp(-1)) / 2), rtol=1e-6)


def table(seed: int) -> Tensor:
    """Log-probabilities of the next word after each: (last, word); the end is not likely."""
    scores = torch.randn(WORDS, WORDS, generator=torch.Generator().manual_seed(seed))
    return torch.log_softmax(scores - 4 * torch.eye(WORDS)[END], dim=1)


def search(seed: int, width: int = WORDS**LONGEST) -> Search:
    """A model whose state is how often it was asked, so that states that are mixed up are found out."""

    def step(token: Tensor, state: SearchState) -> tuple[Tensor, SearchState, Tensor | None]:
        asked = state[0]
        own = torch.stack([table(seed + 10 * k) for k in range(LONGEST)])  # another table at each step
        return own[asked[:, 0].to(torch.int64), token], (asked + 1,), asked * seed

    state = (torch.zeros(2, 1),)
    return Search(step, state, START, END, width, LONGEST, answers=lambda found: (seed, found), noted=1)


def test_it_finds_what_is_likeliest_by_all_together() -> None:
    """Held against every sequence there is."""
    seeds = (1, 2, 3)
    answers = settled_together([search(s) for s in seeds])
    assert [seed for seed, _ in answers] == [1, 2, 3]
    found = answers[0][1]
    assert all(other is found for _, other in answers)
    mean = [torch.stack([table(s + 10 * k) for s in seeds]).mean(dim=0) for k in range(LONGEST)]

    def total(words: tuple[int, ...]) -> float:
        return float(sum(mean[k][a, b] for k, (a, b) in enumerate(pairwise((START, *words)))))

    everything = {(END,): total((END,))}
    begun: list[tuple[int, ...]] = [()]
    for k in range(LONGEST):
        begun = [(*b, w) for b in begun for w in range(1, WORDS)]
        everything |= {(*b, END) if k + 1 < LONGEST else b: total((*b, END) if k + 1 < LONGEST else b) for b in begun}
    best = max(everything, key=lambda words: everything[words])
    said = [w for w in best if w != END]
    assert found.tokens[0].tolist() == said + [END] * (LONGEST - len(said))
    np.testing.assert_allclose(found.score, [everything[best]] * 2, rtol=1e-5)
    np.testing.assert_allclose(found.notes[0, 1], 2.0)  # the mean of 1, 2 and 3, at the second step


def models_of(name: str, **options: Any) -> tuple[AnyTask, BaseModel, list[FeatureModel]]:
    """Fresh models of a task on the data that it brings, with weights large enough to differ."""
    task = load_task(name).task
    data = task.load_data(None, task.Config(**options), 0)
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = task.build_model(data.config or task.Config(**options), data.info)
        assert isinstance(model, FeatureModel)
        for weight in model.network.parameters():
            weight.data.mul_(2)
        made.append(model.eval())
    return task, data.config or task.Config(**options), made


def joined(task: AnyTask, graphs: list[GraphSpec], model: FeatureModel, config: BaseModel) -> GraphSpec:
    names = [f"run{k}" for k in range(len(graphs))]
    return together(task, graphs, names, task.joining(torch_part(graphs[0]).outputs, model, config, model.learnt))


def alike(task: AnyTask, graph: GraphSpec, inputs: Arrays) -> dict[str, np.ndarray]:
    """Hold a file's answers to PyTorch's, and return them."""
    content = to_onnx(graph, traced_example(task, graph)).SerializeToString()
    got, wanted = session_answer(content, "it")(inputs), torch_reference(graph)(inputs)
    for name, right in wanted.items():
        if right.dtype.kind == "f":
            np.testing.assert_allclose(got[name], right, rtol=1e-4, atol=1e-4, err_msg=name)
        else:
            assert got[name].tolist() == right.tolist(), name
    return got


def test_a_caption_is_scored_as_all_members_would_teach_it() -> None:
    """Fed the words that were found, as in training, they have these probabilities, and look there."""
    chosen = config()
    models = [captioner(chosen, seed) for seed in (0, 1)]
    task = Captioning()
    kept = {name: buffer.clone() for name, buffer in models[0].train().named_buffers()}
    graph = joined(task, [task.graphs(m, chosen, m.learnt)[0] for m in models], models[0], chosen)
    assert all(torch.equal(buffer, kept[name]) for name, buffer in models[0].named_buffers())  # asking moves nothing
    inputs = task.sample(graph_of(chosen), {"batch": 4, "height": 20, "width": 24}, 3)
    found = alike(task, graph, inputs)
    alone = [torch_reference(task.graphs(m, chosen, m.learnt)[0])(inputs)["tokens"].tolist() for m in models]
    assert alone[0] != alone[1]
    assert graph.before is not None
    pixels = torch.from_numpy(graph.before.reference(inputs)["image_pixels"])
    tokens, lengths = torch.from_numpy(found["tokens"]), torch.from_numpy(found["lengths"])
    with torch.no_grad():
        taught = [m.eval().network(pixels, tokens) for m in models]
    banned = torch.zeros(taught[0]["caption"].shape[2]).index_fill(0, torch.tensor([START, 2]), NEVER)
    scores = [t["caption"] + banned for t in taught]
    for told in scores:
        told[:, 0, END] = NEVER  # nothing ends before its first word
    mean = torch.stack([torch.log_softmax(told, dim=2) for told in scores]).mean(dim=0)
    each = mean.gather(2, tokens.unsqueeze(2)).squeeze(2)
    counts = torch.arange(tokens.shape[1]) < (lengths + 1).unsqueeze(1)
    np.testing.assert_allclose(found["score"], torch.where(counts, each, 0.0).sum(dim=1), rtol=1e-4, atol=1e-4)
    looked = torch.stack([t["attention"] for t in taught]).mean(dim=0).view(found["attention"].shape)
    np.testing.assert_allclose(found["attention"][:, 0], looked[:, 0], rtol=1e-4, atol=1e-5)


def test_what_searches_otherwise_or_knows_other_words_is_refused() -> None:
    task, chosen, wider = Captioning(), config(), config(beam=4)
    one, two = captioner(chosen), captioner(wider)
    graphs = [task.graphs(one, chosen, one.learnt)[0], task.graphs(two, wider, two.learnt)[0]]
    with pytest.raises(UserError, match=r"^run1: cannot answer together with run0: it searches with a width of 4, and"):
        joined(task, graphs, one, chosen)
    numbers = graphs[0].outputs[1]
    assert numbers.labels is not None
    other = numbers.model_copy(update={"labels": (*numbers.labels[:-1], "square?")})
    graphs[1] = dataclasses.replace(graphs[0], outputs=(graphs[0].outputs[0], other, *graphs[0].outputs[2:]))
    with pytest.raises(UserError, match=r"its 'tokens' lacks 'two' and has 'square\?'; train them on the same part"):
        joined(task, graphs, one, chosen)


def test_a_text_is_as_likely_as_its_units_are_to_all_together() -> None:
    """In pieces of one unit each member tells how likely that is after those before; their means multiply."""
    task, chosen, models = models_of("textgen", hidden=8, count=60, longest=5)
    graph = joined(task, [task.graphs(m, chosen, m.learnt)[0] for m in models], models[0], chosen)
    streams = [task.streaming(m, chosen, m.learnt) for m in models]
    stream = joined(task, streams, models[0], chosen)
    text = models[0].learnt.inputs[0]
    assert isinstance(text, Text)
    (row,) = text.prepare(["Rain in"])
    units = text.collate([row])
    given = {t.name: np.array([t.default], dtype=t.dtype) for t in stream.inputs if t.default is not None}
    likely, all_together = 0.0, {"likely": np.zeros(1, dtype=np.float32)}
    state: dict[str, np.ndarray] = {}
    own: list[dict[str, np.ndarray]] = [{} for _ in models]
    answers = [torch_reference(s) for s in streams]
    for k in range(int(units["lengths"][0])):
        piece = {"tokens": units["tokens"][:, k : k + 1], "lengths": np.array([1]), **given}
        before = [float(s.get("likely", np.zeros(1))[0]) for s in own]
        for m, answer in enumerate(answers):
            found = answer({**start(streams[m]), **own[m], **piece})
            own[m] = {s.input: found[s.output] for s in streams[m].states}
        likely += float(np.log(np.mean([np.exp(s["likely"][0] - b) for s, b in zip(own, before, strict=True)])))
        all_together = torch_reference(stream)({**start(stream), **state, **piece})
        state = {s.input: all_together[s.output] for s in stream.states}
        np.testing.assert_allclose([state["likely"][0], state["likely_2"][0]], [likely] * 2, rtol=1e-4)
    written, count = to_bytes(["Rain in"])
    whole = alike(task, graph, {**given, **units, "prompt": written, "byte_count": count})
    np.testing.assert_allclose(whole["log_probability"], all_together["log_probability"], rtol=1e-4)
    assert float(whole["log_probability"][0]) < likely


def test_letters_are_heard_by_all_together() -> None:
    task, chosen, models = models_of("speech", hidden=8, layers=1, count=30, beams=2, longest=20)
    graph = joined(task, [task.graphs(m, chosen, m.learnt)[0] for m in models], models[0], chosen)
    inputs = sample_inputs(task, graph, trace_sizes(graph), 0)
    found = alike(task, graph, inputs)
    with torch.no_grad():
        asked = [m.ask({name: torch.from_numpy(a) for name, a in inputs.items()})[0]["text"] for m in models]
    best = torch.stack([torch.softmax(a, dim=2) for a in asked]).mean(dim=0).argmax(dim=2)
    fresh = best != torch.cat([torch.zeros_like(best[:, :1]), best[:, :-1]], dim=1)
    counts = torch.arange(best.shape[1]) < torch.from_numpy(inputs["lengths"]).unsqueeze(1)
    assert found["text_number"].tolist() == torch.where(fresh & counts, best, 0).tolist()


def start(graph: GraphSpec) -> dict[str, np.ndarray]:
    """States as they are at the start."""
    tensors, made = {t.name: t for t in graph.inputs}, {}
    for state in graph.states:
        spec = tensors[state.input]
        shape = [1 if d == "batch" else graph.axes[d].size for d in spec.dims]
        made[state.input] = np.full(shape, state.reset, dtype=spec.dtype)
    return made


def test_several_translators_become_a_file(tmp_path: Path) -> None:
    small = {"hidden": 6, "embedding": 6, "beam": 2, "count": 60}
    seeds = lo.train_several("translate", seeds=2, **small, epochs=1, threads=1, runs=tmp_path, name="two")
    file = lo.export(seeds, tmp_path / "two.onnx")
    assert file.report.passed and file.verify(seeds).passed
    assert [t.name for t in file.contract.outputs if not t.internal] == ["target", "target_score"]
    assert file.contract.scores is not None and file.contract.scores.model.keys() == {"error_rate", "exact"}
