"""A file that was exported, with what one does with it next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_onnx import display
from lstm_onnx.benchmarking.benchmark import Figures, benchmark
from lstm_onnx.compatibility.examine import Finding, examine
from lstm_onnx.contract import Contract
from lstm_onnx.embedding.generate import Embedded, embed
from lstm_onnx.evaluation.evaluate import evaluate
from lstm_onnx.evaluation.evaluation import Evaluation
from lstm_onnx.inference.model import Model, Prediction, load
from lstm_onnx.training.run_folder import Run
from lstm_onnx.verification.report import Report
from lstm_onnx.verification.verify import verify


@dataclass(frozen=True, repr=False)
class Exported:
    """What `export` wrote. It is a path, too: wherever an exported file is asked for, it will do.

    Attributes:
        path: the file; its contract lies beside it as `.json`.
        contract: what the file says of itself.
        report: of the verification.
        note: what was decided on the way, such as how int8 weights are scaled.
    """

    path: Path
    contract: Contract
    report: Report
    note: str = ""

    @property
    def scores(self) -> dict[str, float]:
        """Metrics of this file on the test split, by name; empty for a run that was never scored."""
        return dict(self.contract.scores.model) if self.contract.scores is not None else {}

    def load(self, provider: str = "auto", threads: int | None = None) -> Model:
        """Load it: `lstm_onnx.load`."""
        return load(self, provider, threads)

    def predict(self, data: Any, top: int | None = None) -> Prediction:
        """Load it and answer: `Model.predict`. For many calls, keep what `load` returns."""
        return self.load().predict(data, top)

    def verify(self, run: Run | str | Path | None = None, **fields: Any) -> Report:
        """Prove it again, with a run also against PyTorch: `lstm_onnx.verify`."""
        return verify(self, run, **fields)

    def evaluate(self, data: Any = None, **fields: Any) -> Evaluation:
        """Score it on the test part of some data: `lstm_onnx.evaluate`."""
        return evaluate(self, data, **fields)

    def examine(self, target: str) -> tuple[Finding, ...]:
        """Tell what of it a runtime would not run: `lstm_onnx.examine`."""
        return examine(self, target)

    def benchmark(self, **fields: Any) -> list[Figures]:
        """Measure it on this machine: `lstm_onnx.benchmark`."""
        return benchmark(self, **fields)

    def embed(self, target: str, out: str | Path, **fields: Any) -> Embedded:
        """Write a program around it: `lstm_onnx.embed`."""
        return embed(self, target, out, **fields)

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return display.text(*self._told())

    def _repr_html_(self) -> str:
        title, facts = self._told()
        return display.html(title, display.html_facts(facts))

    def _told(self) -> tuple[str, dict[str, object]]:
        facts: dict[str, object] = {"proved": self.report.told()}
        if self.note:
            facts["note"] = self.note
        if self.contract.scores is not None:
            facts |= display.scores_text(self.contract.scores)
        return f"File of {self.contract.task}, {self.contract.variant}: {self.path}", facts
