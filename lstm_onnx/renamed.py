"""Names of release 0.1, which are taken for one release more, each with a warning; this module goes with them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULES = {
    "batching": "data.splits",
    "decoding": "nn.beam_search",
    "files": "data.atomic_files",
    "layers": "nn.lstm",
    "picture_files": "data.images",
    "sequences": "data.sequences",
    "series": "data.time_series",
    "tables": "data.tables",
    "frequency": "data.frequency",
    "times": "data.timestamps",
    "ts_format": "data.ucr_format",
}
"""Modules that plugins could import from -> where they are now, below `lstm_onnx`."""

NAMES = {
    "Cells": "TextSource",
    "Columns": "ColumnsSource",
    "Constants": "StaticSource",
    "Headline": "PrimaryMetric",
    "Lengths": "LengthsSource",
    "Picture": "ImageSource",
    "State": "StateSpec",
    "Tensor": "TensorSpec",
}
"""Renamed classes -> what they are called in `lstm_onnx.plugin`."""

MOVED = tuple(
    (
        "ArraySplit Axis Contract EmbedTarget GraphSpec RaggedSplit Split Stage Step Stream Table Task TaskData "
        "Tolerance hookimpl"
    ).split()
)
"""Names that stood in `lstm_onnx` itself, and are in `lstm_onnx.plugin` now."""

_KEYWORDS = {
    "Axis": {"typical": "example_size"},
    "Headline": {"better": "mode"},
    "Stage": {"twin": "reference"},
    "Tensor": {"detail": "internal", "ranked": "is_scores"},
}
_VALUES = {"better": {"lower": "min", "higher": "max"}}


def old_name(name: str, module: str) -> Any:
    """Return what `module` had under `name`, a class that still takes its old keywords; warn.

    Raises:
        AttributeError: release 0.1 knew no such name either.
    """
    if name not in NAMES and (name not in MOVED or module != "lstm_onnx"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    new = NAMES.get(name, name)
    warn(f"{module}.{name}", f"lstm_onnx.plugin.{new}", level=4)
    found = getattr(import_module("lstm_onnx.plugin"), new)
    return _taking(found, _KEYWORDS[name]) if name in _KEYWORDS else found


def warn(old: str, new: str, level: int = 3) -> None:
    """Warn of a name that goes with the next release, at the code that calls the function that calls this."""
    warnings.warn(f"{old} is {new} now; the old name goes with the next release", DeprecationWarning, stacklevel=level)


def _taking(made: Callable[..., Any], keywords: dict[str, str]) -> Callable[..., Any]:
    """Return what makes the same, and takes keywords by their old names, too."""

    def make(*args: Any, **fields: Any) -> Any:
        return made(*args, **{keywords.get(k, k): _VALUES.get(k, {}).get(v, v) for k, v in fields.items()})

    return make


class TakesHeadline:
    """A task whose `primary_metric` may be called `headline`."""

    def __init_subclass__(cls, **fields: Any) -> None:
        """Give it its new name."""
        super().__init_subclass__(**fields)
        if (old := vars(cls).get("headline")) is not None:
            warn(f"{cls.__name__}.headline", f"{cls.__name__}.primary_metric")
            cls.primary_metric = old  # type: ignore[attr-defined]


class _OldModules(MetaPathFinder, Loader):
    """Finds the modules of `MODULES`; each holds the names of the one that took its place."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Say that an old module is there."""
        new = MODULES.get(fullname.removeprefix("lstm_onnx.")) if fullname.startswith("lstm_onnx.") else None
        return ModuleSpec(fullname, self, origin=f"lstm_onnx.{new}") if new is not None else None

    def exec_module(self, module: ModuleType) -> None:
        """Fill an old module."""
        new = MODULES[module.__name__.removeprefix("lstm_onnx.")]
        warn(module.__name__, f"lstm_onnx.{new}", level=2)
        found = vars(import_module(f"lstm_onnx.{new}"))
        vars(module).update({name: value for name, value in found.items() if not name.startswith("__")})


def take_old_modules() -> None:
    """Let the modules of release 0.1 be imported."""
    sys.meta_path.append(_OldModules())
