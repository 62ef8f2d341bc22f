"""What authors of plugins need: a task and what it hands to the core, the words of the contract, and the hooks.

Nothing here loads torch; `LSTM`, `hidden_states` and the search are in `lstm_onnx.nn`, which does. What handles `.onnx`
files is loaded when it is first used, so that `--help` stays fast.

Besides this module a plugin may import from `lstm_onnx.contract`, `data`, `errors`, `features`, `nn`, `progress` and
`task`. The other rooms are the core's own; ours are held to that by the import contracts in `pyproject.toml`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_onnx.contract import (
    AudioSource,
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
from lstm_onnx.data.beside import test_file_of
from lstm_onnx.data.collected import Collected
from lstm_onnx.data.searched import Searched
from lstm_onnx.data.splits import ArraySplit, RaggedSplit, Split
from lstm_onnx.data.table_options import StoreOption
from lstm_onnx.embedding.target import EmbedTarget
from lstm_onnx.errors import CheckFailed, UserError
from lstm_onnx.features import metrics
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.audio import Audio
from lstm_onnx.features.category import Category
from lstm_onnx.features.event_metrics import event_metrics
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.feature import InputFeature, OutputFeature
from lstm_onnx.features.graphs import Remembered
from lstm_onnx.features.image import Image
from lstm_onnx.features.inside import Inside
from lstm_onnx.features.label_set import LabelSet
from lstm_onnx.features.labels import Labels
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.metrics import Metric
from lstm_onnx.features.naming import identifiers
from lstm_onnx.features.neighbours import Neighbours
from lstm_onnx.features.ngrams import KneserNey
from lstm_onnx.features.number import Number
from lstm_onnx.features.option import Option
from lstm_onnx.features.recordings import (
    Recording,
    RecordingOptions,
    cut_in_time,
    find_channels,
    read_recordings,
    recording_roles,
    table_of_recordings,
)
from lstm_onnx.features.role_options import RoleOptions
from lstm_onnx.features.rows import Rows
from lstm_onnx.features.sentence import Sentence
from lstm_onnx.features.series import Series
from lstm_onnx.features.series_examples import series_examples
from lstm_onnx.features.steps import Steps
from lstm_onnx.features.table_examples import read_examples
from lstm_onnx.features.table_pictures import picture_files
from lstm_onnx.features.tags import Tags
from lstm_onnx.features.task import FeatureTask
from lstm_onnx.features.text import Text
from lstm_onnx.features.transcript import Transcript
from lstm_onnx.plugins.data_sets import brought
from lstm_onnx.plugins.hookspecs import hookimpl
from lstm_onnx.plugins.interface import INTERFACE
from lstm_onnx.task import DataSet, GraphSpec, PrimaryMetric, Stage, Task, TaskData
from lstm_onnx.training.observers import Observer

if TYPE_CHECKING:
    from lstm_onnx.graph.model_file import parse_model
    from lstm_onnx.graph.subgraphs import connect, prefix_names
    from lstm_onnx.inference.session import open_session

__all__ = [
    "INTERFACE",
    "Ahead",
    "ArraySplit",
    "Audio",
    "AudioSource",
    "Axis",
    "Category",
    "CellSource",
    "CheckFailed",
    "Collected",
    "ColumnsSource",
    "Contract",
    "DataSet",
    "EmbedTarget",
    "Examples",
    "FeatureTask",
    "GraphSpec",
    "Image",
    "ImageSource",
    "InputFeature",
    "Inside",
    "KneserNey",
    "LabelSet",
    "Labels",
    "Learnt",
    "LengthsSource",
    "Metric",
    "Neighbours",
    "Number",
    "Observer",
    "Option",
    "OutputFeature",
    "PrimaryMetric",
    "RaggedSplit",
    "Recording",
    "RecordingOptions",
    "Remembered",
    "RoleOptions",
    "Rows",
    "Searched",
    "Sentence",
    "Series",
    "Split",
    "Stage",
    "StateSpec",
    "StaticSource",
    "Step",
    "Steps",
    "StoreOption",
    "Stream",
    "Table",
    "Tags",
    "Task",
    "TaskData",
    "TensorSpec",
    "Text",
    "TextSource",
    "TimeSource",
    "Tolerance",
    "Transcript",
    "UserError",
    "brought",
    "connect",
    "cut_in_time",
    "event_metrics",
    "find_channels",
    "hookimpl",
    "identifiers",
    "metrics",
    "open_session",
    "parse_model",
    "picture_files",
    "prefix_names",
    "read_examples",
    "read_recordings",
    "recording_roles",
    "series_examples",
    "table_of_recordings",
    "test_file_of",
]

_LATER = {
    "connect": "lstm_onnx.graph.subgraphs",
    "open_session": "lstm_onnx.inference.session",
    "parse_model": "lstm_onnx.graph.model_file",
    "prefix_names": "lstm_onnx.graph.subgraphs",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
