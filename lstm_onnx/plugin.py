"""What authors of plugins need: a task and what it hands to the core, the words of the contract, and the hooks.

Nothing here loads torch; `LSTM`, `hidden_states` and the search are in `lstm_onnx.nn`, which does.
"""

from lstm_onnx.contract import (
    Axis,
    ColumnsSource,
    Contract,
    ImageSource,
    LengthsSource,
    StateSpec,
    StaticSource,
    Step,
    Stream,
    Table,
    TensorSpec,
    TextSource,
    TimeSource,
    Tolerance,
)
from lstm_onnx.data.splits import ArraySplit, RaggedSplit, Split
from lstm_onnx.embedding.target import EmbedTarget
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.plugins.hookspecs import hookimpl
from lstm_onnx.task import DataSet, GraphSpec, PrimaryMetric, Stage, Task, TaskData
from lstm_onnx.training.observers import Observer

__all__ = [
    "ArraySplit",
    "Axis",
    "CheckFailed",
    "ColumnsSource",
    "Contract",
    "DataSet",
    "EmbedTarget",
    "GraphSpec",
    "ImageSource",
    "LengthsSource",
    "Observer",
    "PrimaryMetric",
    "RaggedSplit",
    "Split",
    "Stage",
    "StateSpec",
    "StaticSource",
    "Step",
    "Stream",
    "Table",
    "Task",
    "TaskData",
    "TensorSpec",
    "TextSource",
    "TimeSource",
    "Tolerance",
    "UserError",
    "hookimpl",
]
