"""Train an LSTM in PyTorch, and ship one `.onnx` that is the whole answer.

    import lstm_onnx as lo

    run = lo.train("forecasting", "sales.csv", horizon=14, epochs=30)  # or a table of polars, pandas, pyarrow
    file = run.export("sales.onnx")
    file.verify(run).raise_if_failed()
    file.predict("sales.csv").to_pandas()

Each verb takes the results of the others: `verify`, `evaluate`, `load`, `examine`, `benchmark` and `embed` take what
`export` returned, a loaded model or a path; `export`, `evaluate` and `resume` a run or its folder.

Everything is imported when it is first used. What authors of plugins need is in `lstm_onnx.plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_onnx.renamed import old_name, take_old_modules
from lstm_onnx.version import __version__

if TYPE_CHECKING:
    from lstm_onnx.benchmarking.benchmark import benchmark
    from lstm_onnx.compatibility.examine import examine
    from lstm_onnx.embedding.generate import embed
    from lstm_onnx.errors import CheckFailed, UserError
    from lstm_onnx.evaluation.evaluate import evaluate
    from lstm_onnx.explaining.explain import explain
    from lstm_onnx.exporting.adopt import adopt
    from lstm_onnx.exporting.export import export
    from lstm_onnx.inference.model import load
    from lstm_onnx.nn.lstm import LSTM
    from lstm_onnx.reporting.report import report
    from lstm_onnx.training.several import train_several
    from lstm_onnx.training.train import resume, train
    from lstm_onnx.tuning.tune import tune
    from lstm_onnx.verification.verify import verify

_MODULE_OF = {
    "LSTM": "nn.lstm",
    "CheckFailed": "errors",
    "UserError": "errors",
    "adopt": "exporting.adopt",
    "benchmark": "benchmarking.benchmark",
    "embed": "embedding.generate",
    "evaluate": "evaluation.evaluate",
    "examine": "compatibility.examine",
    "explain": "explaining.explain",
    "export": "exporting.export",
    "load": "inference.model",
    "report": "reporting.report",
    "resume": "training.train",
    "train": "training.train",
    "train_several": "training.several",
    "tune": "tuning.tune",
    "verify": "verification.verify",
}

take_old_modules()

__all__ = [
    "LSTM",
    "CheckFailed",
    "UserError",
    "__version__",
    "adopt",
    "benchmark",
    "embed",
    "evaluate",
    "examine",
    "explain",
    "export",
    "load",
    "report",
    "resume",
    "train",
    "train_several",
    "tune",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(f"lstm_onnx.{_MODULE_OF[name]}"), name)
    return old_name(name, __name__)


def __dir__() -> list[str]:
    return __all__
