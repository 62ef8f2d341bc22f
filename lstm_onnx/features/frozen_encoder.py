"""Frozen encoders: any `.onnx` file that makes a map of features of a picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import inliner, version_converter

from lstm_onnx.contract import Array
from lstm_onnx.data.outside_data import refuse_outside_data
from lstm_onnx.errors import UserError, first_line
from lstm_onnx.features.resizing import Floats, to_unit
from lstm_onnx.graph.model_file import parse_model
from lstm_onnx.inference.session import open_session

WANTED = "one float32 input (batch, 3, size, size) of RGB from 0 to 1, and one output (batch, channel, row, column)"
OPSET = 18
"""What older files are brought to."""

_STANDARD = ("", "ai.onnx", "ai.onnx.ml")
_AT_ONCE = 32


@dataclass(frozen=True)
class FrozenEncoder:
    """A frozen encoder, run by ONNX Runtime.

    Attributes:
        path: the file.
        digest: its sha256.
        model: what is in it, of opset `OPSET` or newer, without functions.
        input: name of its input.
        output: name of its output.
        size: pixels of the square pictures that it is given.
    """

    path: Path
    digest: str
    model: onnx.ModelProto
    input: str
    output: str
    size: int

    @property
    def opset(self) -> int:
        """The version of the standard operators that it uses."""
        return next(int(o.version) for o in self.model.opset_import if o.domain in ("", "ai.onnx"))

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of what it gives for a picture."""
        _, channels, rows, columns = self.maps(np.zeros((1, 3, self.size, self.size), dtype=np.float32)).shape
        return channels, rows, columns

    def features(self, images: Array) -> Floats:
        """Return maps (n, channel, row, column) of bytes (n, size, size, 3)."""
        parts = [images[k : k + _AT_ONCE] for k in range(0, len(images), _AT_ONCE)]
        return np.concatenate([self.maps(to_unit(part)) for part in parts])

    def maps(self, pictures: Array) -> Floats:
        """Return maps (n, channel, row, column) of pictures (n, 3, size, size) from 0 to 1.

        Raises:
            UserError: it does not run, or gives something else.
        """
        try:
            found: Array = self._session.run([self.output], {self.input: pictures})[0]
        except Exception as error:
            detail = first_line(error)
            raise _refusal(self.path, f"does not run on pictures {pictures.shape}: {detail}") from error
        if found.ndim != 4 or found.dtype != np.float32 or len(found) != len(pictures):
            raise _refusal(self.path, f"gives {found.dtype} {found.shape} for pictures {pictures.shape}")
        return found

    @cached_property
    def _session(self) -> Any:
        return open_session(self.model.SerializeToString(), str(self.path), "cpu")


def open_encoder(path: Path, size: int) -> FrozenEncoder:
    """Open a frozen encoder.

    Args:
        path: of the `.onnx` file.
        size: pixels of the square pictures to give it, unless the file fixes them.

    Raises:
        UserError: there is no such file, or it is no such encoder; says what it is and what is wanted.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; a frozen encoder is an .onnx file with {WANTED}")
    content = path.read_bytes()
    refuse_outside_data(content, path)
    model = parse_model(content, path)
    held = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in held]
    outputs = list(model.graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        names = [[v.name for v in values] for values in (inputs, outputs)]
        raise _refusal(path, f"has the inputs {', '.join(names[0])} and the outputs {', '.join(names[1])}")
    size = _fixed_size(inputs[0], path) or size
    model = _plain(model, path)
    digest = hashlib.sha256(content).hexdigest()
    return FrozenEncoder(path, digest, model, inputs[0].name, outputs[0].name, size)


def opened(path: Path, size: int) -> FrozenEncoder:
    """Open a frozen encoder, or take it as it was opened before, while its file is the same; as `open_encoder`."""
    state = path.stat() if path.is_file() else None
    return _opened(path, size, state and (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=2)
def _opened(path: Path, size: int, state: tuple[int, int] | None) -> FrozenEncoder:
    return open_encoder(path, size)


def _fixed_size(value: onnx.ValueInfoProto, path: Path) -> int | None:
    """Return the size of the pictures that it takes, or None where it is free."""
    kind = value.type.tensor_type
    dims = [d.dim_value or None for d in kind.shape.dim]
    if kind.elem_type != onnx.TensorProto.FLOAT or len(dims) != 4 or dims[1] not in (3, None):
        shape = ", ".join(str(d) if d else "any" for d in dims)
        raise _refusal(path, f"takes {onnx.TensorProto.DataType.Name(kind.elem_type).lower()} ({shape})")
    if dims[0] is not None:
        raise _refusal(path, f"takes batches of {dims[0]} alone; export it with a free batch axis")
    if dims[2] != dims[3]:
        raise _refusal(path, f"takes pictures of {dims[2] or 'any'} by {dims[3] or 'any'} pixels")
    return dims[2]


def _plain(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Return a model of standard operators that a graph around it can have too."""
    if model.functions:
        model = inliner.inline_local_functions(model)
    strange = {n.domain for n in model.graph.node} - set(_STANDARD)
    if strange:
        raise _refusal(path, f"uses operators of {', '.join(sorted(strange))}, which not every runtime has")
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    if versions and versions[0] >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except Exception as error:
        was, detail = versions[0] if versions else "none", first_line(error)
        raise _refusal(path, f"is of opset {was} and cannot be brought to {OPSET} ({detail})") from error


def _refusal(path: Path, found: str) -> UserError:
    return UserError(f"{path}: {found}; an encoder has {WANTED}")
