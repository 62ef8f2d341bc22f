"""Faults planted in exported files, one each, and by what they are found: by answers alone, or by fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.faults.models import Subject
from lstm_onnx.contract import Contract, from_json
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import contract_text
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.inference.session import session_answer
from lstm_onnx.task import Arrays
from lstm_onnx.training.examples import CANDIDATES
from lstm_onnx.training.own_data import own_data
from lstm_onnx.training.restore import Restored, restore
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.fingerprints import changed_parts
from lstm_onnx.verification.report import ParityError, Report
from lstm_onnx.verification.verify import verify_bytes

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def top_bit(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Flip the top bit of an exponent: a number becomes huge, or nothing."""
    bits = values.copy().view(np.uint32)
    bits.flat[random.integers(bits.size)] ^= np.uint32(1 << 30)
    return bits.view(np.float32)


def any_bit(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Flip any bit."""
    bits = values.copy().view(np.uint32)
    bits.flat[random.integers(bits.size)] ^= np.uint32(1 << int(random.integers(32)))
    return bits.view(np.float32)


def one_weight(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Turn one weight round and double it, as an edit may."""
    changed = values.copy()
    changed.flat[random.integers(values.size)] *= -2
    return changed


def one_row(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Spoil one row, such as a word's vector."""
    changed = values.copy().reshape(-1, values.shape[-1] if values.ndim else 1)
    changed[random.integers(len(changed))] *= -20
    return changed.reshape(values.shape)


CHANGES: dict[str, Change] = {c.__name__: c for c in (top_bit, any_bit, one_weight, one_row)}


@dataclass
class Counts:
    """How many faults of a kind were planted, and what became of them."""

    planted: int = 0
    visible: int = 0
    by_golden: int = 0
    by_values: int = 0
    by_fingerprints: int = 0

    @property
    def share(self) -> float:
        """Of the faults that change an answer, the share that values alone find."""
        return self.by_values / self.visible if self.visible else 1.0


@dataclass
class Tally:
    """Counts by kind of fault, for one model."""

    kinds: dict[str, Counts] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def all(self) -> Counts:
        """The sum over kinds."""
        total = Counts()
        for counts in self.kinds.values():
            for name, value in vars(counts).items():
                setattr(total, name, getattr(total, name) + value)
        return total


def plant(subject: Subject, count: int, seed: int) -> Tally:
    """Plant `count` faults of each kind, and see what finds them."""
    content = subject.file.read_bytes()
    model = onnx.load_model_from_string(content)
    text = contract_text(model)
    assert text is not None  # it was exported just now
    contract = from_json(text, subject.file)
    restored = restore(subject.run)
    probes = list(probing(restored))
    right = session_answer(content, "the file")
    truth = [right(p) for p in probes]
    tally, random = Tally(), np.random.default_rng(seed)
    floats = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    sizes = np.array([max(np.prod(t.dims), 1) for t in floats], dtype=float)
    for kind, change in CHANGES.items():
        counts = tally.kinds.setdefault(kind, Counts())
        for _ in range(count):
            mutant = onnx.ModelProto.FromString(content)
            number = int(random.choice(len(floats), p=np.sqrt(sizes) / np.sqrt(sizes).sum()))
            tensor = next(t for t in mutant.graph.initializer if t.name == floats[number].name)
            values = change(numpy_helper.to_array(tensor), random)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            counts.planted += 1
            counts.by_fingerprints += bool(changed_parts(mutant, contract.fingerprints))
            changed = mutant.SerializeToString()
            if not differs(changed, contract, probes, truth):
                continue
            counts.visible += 1
            golden = not passes(changed, None)
            counts.by_golden += golden
            found = golden or not passes(changed, restored)
            counts.by_values += found
            if not found:
                tally.missed[f"{kind} in {tensor.name}"] += 1
    return tally


def passes(content: bytes, restored: Restored | None) -> bool:
    """Whether a file passes its verification by ONNX Runtime, fingerprints left aside."""
    report = verify_bytes(content, "the mutant", restored, engines=())
    return all(c.error is None for c in report.checks if c.name != "fingerprints")


def probing(restored: Restored) -> Iterator[Arrays]:
    """What a user may ask: every example of the run's data, and inputs that the task makes up."""
    graph, record = restored.graphs[0], restored.run.record
    data = restored.task.load_data(own_data(restored.run, restored.task), restored.config, record.training.seed)
    for split in (data.test, data.validation, data.train):
        for number, batch in enumerate(split.batches(256) if split is not None else ()):
            if number * 256 < CANDIDATES:
                yield {t.name: batch[t.name] for t in graph.inputs}
    for seed in range(8):
        sizes = {n: (32 if n == "batch" else a.example_size or 16) for n, a in graph.axes.items() if a.size is None}
        yield sample_inputs(restored.task, graph, sizes, 1000 + seed)


def differs(content: bytes, contract: Contract, probes: list[Arrays], truth: list[dict[str, np.ndarray]]) -> bool:
    """Whether a file answers anything otherwise, beyond the tolerance."""
    answer = session_answer(content, "the mutant")
    try:
        for inputs, wanted in zip(probes, truth, strict=True):
            compare(answer(inputs), wanted, contract.tolerance, "a probe", Report("the mutant"))
    except (ParityError, UserError):
        return True
    return False
