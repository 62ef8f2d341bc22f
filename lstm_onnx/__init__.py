"""Train an LSTM in PyTorch, and ship one `.onnx` that is the whole answer.

    import lstm_onnx as lo

    run = lo.train("forecasting", "sales.csv", config={"horizon": 14})
    file = lo.export(run).path
    lo.verify(file).raise_if_failed()
    lo.load(file).predict("sales.csv").table

Names that need torch or ONNX Runtime are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_onnx.contract import (
    Axis,
    Cells,
    Clock,
    Columns,
    Constants,
    Contract,
    Lengths,
    State,
    Step,
    Stream,
    Table,
    Tensor,
    Tolerance,
)
from lstm_onnx.data.splits import ArraySplit, RaggedSplit, Split
from lstm_onnx.embedding.target import EmbedTarget
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.plugins.hookspecs import hookimpl
from lstm_onnx.task import GraphSpec, Headline, Stage, Task, TaskData
from lstm_onnx.version import __version__

if TYPE_CHECKING:
    from lstm_onnx.evaluation.evaluate import evaluate
    from lstm_onnx.exporting.export import export
    from lstm_onnx.inference.model import load
    from lstm_onnx.nn.lstm import LSTM
    from lstm_onnx.training.loop import resume, train
    from lstm_onnx.verification.verify import verify

_LAZY = {
    "train": ("training.loop", "train"),
    "resume": ("training.loop", "resume"),
    "export": ("exporting.export", "export"),
    "verify": ("verification.verify", "verify"),
    "evaluate": ("evaluation.evaluate", "evaluate"),
    "load": ("inference.model", "load"),
    "LSTM": ("nn.lstm", "LSTM"),
}

__all__ = [
    "LSTM",
    "ArraySplit",
    "Axis",
    "Cells",
    "CheckFailed",
    "Clock",
    "Columns",
    "Constants",
    "Contract",
    "EmbedTarget",
    "GraphSpec",
    "Headline",
    "Lengths",
    "RaggedSplit",
    "Split",
    "Stage",
    "State",
    "Step",
    "Stream",
    "Table",
    "Task",
    "TaskData",
    "Tensor",
    "Tolerance",
    "UserError",
    "__version__",
    "evaluate",
    "export",
    "hookimpl",
    "load",
    "resume",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'lstm_onnx' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _LAZY[name]
    return getattr(import_module(f"lstm_onnx.{module}"), attribute)
