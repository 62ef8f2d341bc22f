"""The search against a plain one in Python, in PyTorch and as a Loop in ONNX Runtime; ties included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from lstm_onnx.contract import Axis, TensorSpec
from lstm_onnx.graph.torch_export import to_onnx
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.nn.beam_search import Decoded, beam_search, top_k
from lstm_onnx.task import GraphSpec

END, START, TOKENS, HIDDEN, LONGEST = 0, 1, 6, 5, 7


class Speaker(nn.Module):
    """A small recurrent model. With `grid`, log-probabilities are multiples of it, so that ties abound."""

    def __init__(self, width: int, length_penalty: float = 0.7, grid: float = 0.0, ends: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.words = nn.Embedding(TOKENS, HIDDEN)
        self.mix = nn.Linear(2 * HIDDEN, HIDDEN)
        self.say = nn.Linear(HIDDEN, TOKENS)
        self.width, self.length_penalty, self.grid, self.ends = width, length_penalty, grid, ends

    def step(self, last: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        hidden = torch.tanh(self.mix(torch.cat([self.words(last), state[0]], dim=1)))
        is_end = (torch.arange(TOKENS) == END).to(torch.float32)
        log_p = torch.log_softmax(4 * self.say(hidden) + self.ends * is_end, dim=1)
        if self.grid:
            log_p = torch.round(log_p / self.grid) * self.grid
        return log_p, (hidden,), hidden[:, :2]

    def search(self, state: Tensor) -> Decoded:
        return beam_search(
            self.step,
            (state.chunk(2, dim=1)[0],),  # a view, as a part of something larger is
            start=START,
            end=END,
            width=self.width,
            longest=LONGEST,
            length_penalty=self.length_penalty,
            noted=2,
        )

    def forward(self, state: Tensor) -> tuple[Tensor, ...]:
        tokens, lengths, log_probabilities, score, notes = self.search(state)
        assert notes is not None
        return tokens, lengths, log_probabilities, score, notes


@dataclass
class Beam:
    state: Tensor
    tokens: tuple[int, ...] = ()
    log_p: tuple[float, ...] = ()
    total: float = 0.0
    notes: tuple[list[float], ...] = ()

    @property
    def ended(self) -> bool:
        return END in self.tokens

    def with_token(self, token: int, log_p: Tensor, state: Tensor, note: Tensor) -> Beam:
        total = float(np.float32(self.total) + np.float32(log_p[token]))
        new = (*self.log_p, float(log_p[token]))
        return Beam(state, (*self.tokens, token), new, total, (*self.notes, note.tolist()))


def plainly(model: Speaker, state: Tensor) -> Beam:
    """Search for one example, as one would write it down."""
    beams = [Beam(state[:HIDDEN])]
    for _ in range(LONGEST):
        if all(b.ended for b in beams):
            break
        candidates = []
        for place, beam in enumerate(beams):
            if beam.ended:
                candidates.append((beam.total, place, END, beam))
                continue
            last = torch.tensor([beam.tokens[-1] if beam.tokens else START])
            log_p, (after,), note = model.step(last, (beam.state.unsqueeze(0),))
            for token in range(TOKENS):
                longer = beam.with_token(token, log_p[0], after[0], note[0])
                candidates.append((longer.total, place, token, longer))
        candidates.sort(key=lambda c: (-c[0], c[1], c[2]))
        beams = [c[3] for c in candidates[: model.width]]
    return max(beams, key=lambda b: b.total / len(b.tokens) ** model.length_penalty)  # of equal ones the first


def spec(model: Speaker) -> GraphSpec:
    def described(name: str, dtype: str, *dims: str) -> TensorSpec:
        return TensorSpec(name=name, dtype=dtype, dims=dims, meaning="")  # type: ignore[arg-type]

    return GraphSpec(
        module=model,
        inputs=(described("state", "float32", "batch", "unit"),),
        outputs=(
            described("tokens", "int64", "batch", "word"),
            described("lengths", "int64", "batch"),
            described("log_probabilities", "float32", "batch", "word"),
            described("score", "float32", "batch"),
            described("notes", "float32", "batch", "word", "note"),
        ),
        axes={"batch": Axis(), "unit": Axis(size=2 * HIDDEN), "word": Axis(size=LONGEST), "note": Axis(size=2)},
        description="",
    )


def exported(model: Speaker) -> onnx.ModelProto:
    return to_onnx(spec(model), {"state": np.zeros((3, 2 * HIDDEN), np.float32)})


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def check_against_plain(model: Speaker, states: Tensor, found: list[np.ndarray]) -> None:
    tokens, lengths, log_p, score, notes = found
    for row, state in enumerate(states):
        best = plainly(model, state)
        said = len(best.tokens)
        fill = LONGEST - said
        assert tokens[row].tolist() == [*best.tokens, *[END] * fill]
        assert lengths[row] == said - best.ended
        np.testing.assert_allclose(log_p[row], [*best.log_p, *[0] * fill], atol=1e-5)
        np.testing.assert_allclose(score[row], best.total, atol=1e-5)
        np.testing.assert_allclose(notes[row], [*best.notes, *[[0, 0]] * fill], atol=1e-6)


@pytest.mark.parametrize(
    ("width", "grid"),
    [(1, 0.0), (3, 0.0), (2, 0.5), (5, 0.5), (3, 4.0), (2 * TOKENS, 4.0)],
    ids=["greedy", "no ties", "some ties", "some ties, five", "many ties", "many ties, more beams than tokens"],
)
def test_search_is_that_of_a_plain_one(width: int, grid: float) -> None:
    model = Speaker(width, grid=grid).eval()
    states = torch.randn(24, 2 * HIDDEN)
    with torch.no_grad():
        check_against_plain(model, states, [t.numpy() for t in model(states)])
        for batch in (1, 2, 7):  # an example's answer does not depend on those beside it
            for one, many in zip(model(states[:batch]), model(states), strict=True):
                torch.testing.assert_close(one, many[:batch], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("width", "grid"), [(3, 4.0), (2 * TOKENS, 0.5)])
def test_loop_in_onnx_is_that_of_a_plain_one(width: int, grid: float) -> None:
    model = Speaker(width, grid=grid).eval()
    run = session(exported(model)).run
    with torch.no_grad():
        for batch in (1, 2, 13):
            states = torch.randn(batch, 2 * HIDDEN)
            check_against_plain(model, states, run(None, {"state": states.numpy()}))


@pytest.mark.parametrize("length_penalty", [0.0, 2.0])
def test_length_penalty_chooses_among_what_was_found(length_penalty: float) -> None:
    model = Speaker(4, length_penalty).eval()
    states = torch.randn(32, 2 * HIDDEN)
    with torch.no_grad():
        check_against_plain(model, states, [t.numpy() for t in model(states)])


def test_a_penalty_makes_sequences_longer() -> None:
    states = torch.randn(64, 2 * HIDDEN)
    with torch.no_grad():
        short, long = (Speaker(5, p, ends=2.0).eval().search(states).lengths.sum() for p in (0.0, 2.0))
    assert long > short


@pytest.mark.parametrize(("ends", "steps"), [(50.0, 1), (-50.0, LONGEST)], ids=["all end at once", "none ends"])
def test_it_stops_as_soon_as_nothing_can_go_on(ends: float, steps: int) -> None:
    model = Speaker(1, ends=ends).eval()
    states, taken = torch.randn(5, 2 * HIDDEN), []

    def counted(last: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        taken.append(1)
        return model.step(last, state)

    with torch.no_grad():
        beam_search(counted, (states[:, :HIDDEN],), start=START, end=END, width=1, longest=LONGEST, noted=2)
    assert len(taken) == steps
    graph = exported(model)
    loop = next(n for n in graph.graph.node if n.op_type == "Loop")
    graph.graph.output.append(onnx.ValueInfoProto(name=loop.output[0]))  # the number of steps
    assert session(graph).run([loop.output[0]], {"state": states.numpy()})[0] == steps


def test_beams_without_a_sequence_keep_nothing_alive() -> None:
    """Where one sequence alone is possible, the other beams stay empty, and do not keep the search going."""
    only = torch.tensor([0.0, *[float("-inf")] * (TOKENS - 1)])
    steps = []

    def step(last: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], None]:
        steps.append(1)
        return only.expand(len(last), -1), state, None

    found = beam_search(step, (torch.zeros(2, 1),), start=START, end=END, width=4, longest=9)
    assert (len(steps), found.lengths.tolist(), found.score.tolist(), found.notes) == (1, [0, 0], [0, 0], None)


@pytest.mark.parametrize("values", [[3, 1, 3, 2, 3, 1], [1, 1, 1, 1, 1, 1], [float("-inf")] * 5 + [2]])
def test_top_k_takes_the_first_of_equals_as_onnx_does(values: list[float]) -> None:
    flat = np.array([values], dtype=np.float32)
    for k in range(1, 7):
        places = np.argsort(-flat[0], kind="stable")[:k]
        found, beams, tokens = top_k(torch.from_numpy(flat).view(1, 2, 3), k)
        assert (beams * 3 + tokens)[0].tolist() == places.tolist()
        assert found[0].tolist() == flat[0, places].tolist()
        node = onnx.helper.make_node("TopK", ["x", "k"], ["values", "places"])
        described = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [node],
            "top",
            [described("x", 1, [1, 6])],
            [described("places", 7, [1, k])],
            [onnx.numpy_helper.from_array(np.array([k]), "k")],
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
        assert session(model).run(None, {"x": flat})[0][0].tolist() == places.tolist()


def test_the_exported_graph_is_readable(capfd: pytest.CaptureFixture[str]) -> None:
    model = exported(Speaker(3).eval())
    session(model)
    assert capfd.readouterr().err == ""  # ONNX Runtime warns of what is left over
    nodes = list(nodes_of(model.graph))
    names = [n.name for n in nodes]
    assert len(set(names)) == len(names)
    assert {"Loop", "mix/Gemm", "say/Gemm", "words/Gather", "Loop/TopK"} <= set(names)
    assert not [n for n in names if "graph_0" in n]
    values = [o for n in nodes for o in n.output]
    assert not [v for v in values if "subgraph" in v]
    weights = {t.name for t in model.graph.initializer}
    assert {"words.weight", "mix.weight", "say.weight"} <= weights
    bodies = [a.g for n in nodes for a in n.attribute if a.HasField("g")]
    assert [t.name for b in bodies for t in b.initializer] == []
    assert not model.graph.value_info and not any(b.value_info for b in bodies)
