"""What authors of plugins need: a task and what it hands to the core, the words of the contract, and the hooks.

Nothing here loads torch; `LSTM`, `hidden_states` and the search are in `lstm_onnx.nn`, which does.

Besides this module a plugin may import from `lstm_onnx.contract`, `data`, `errors`, `features`, `nn`, `progress` and
`task`. The other rooms are the core's own; ours are held to that by the import contracts in `pyproject.toml`.
"""

from lstm_onnx.contract import (
    Axis,
    CellSource,
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
from lstm_onnx.features import metrics
from lstm_onnx.features.category import Category
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.metrics import Metric
from lstm_onnx.features.number import Number
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.task import FeatureTask
from lstm_onnx.plugins.hookspecs import hookimpl
from lstm_onnx.task import GraphSpec, PrimaryMetric, Stage, Task, TaskData
from lstm_onnx.training.observers import Observer

__all__ = [
    "ArraySplit",
    "Axis",
    "Category",
    "CellSource",
    "CheckFailed",
    "ColumnsSource",
    "Contract",
    "EmbedTarget",
    "Examples",
    "FeatureTask",
    "GraphSpec",
    "ImageSource",
    "Learnt",
    "LengthsSource",
    "Metric",
    "Number",
    "Observer",
    "PrimaryMetric",
    "RaggedSplit",
    "Rows",
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
    "metrics",
]
