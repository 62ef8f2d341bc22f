"""Arrays for a graph's inputs: reading them from `.npz` or `.json`, and holding them to the contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from pydantic import ValidationError

from lstm_onnx.contract import Array, Axis, Contract, LengthsSource, TensorSpec, Values
from lstm_onnx.data.clocks import refuse_other_steps
from lstm_onnx.data.limits import refuse_bomb
from lstm_onnx.data.tables import check_readable
from lstm_onnx.data.text_files import load_json
from lstm_onnx.errors import UserError, first_line, nearest

ARRAY_FORMATS = (".npz", ".json")
_SAFE = {
    "float16": "fui",
    "float32": "fui",
    "float64": "fui",
    "int64": "iu",
    "int32": "iu",
    "uint8": "iu",
    "bool": "b",
    "string": "OSU",
}
"""Kinds of NumPy arrays that may be given for each dtype; integers must fit."""


def load_arrays(path: Path) -> dict[str, Array]:
    """Read arrays by name: an `.npz`, or a `.json` object of nested lists (or of `{dtype, shape, values}`).

    In JSON, null and `"nan"` in a list of numbers are NaN.

    Raises:
        UserError: the file does not hold that.
    """
    check_readable(path, ARRAY_FORMATS)
    if path.suffix.lower() == ".npz":
        return load_npz(path)
    content = load_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no object {{input: nested list, …}}; name the inputs")
    return {name: _from_json(name, value, path) for name, value in content.items()}


def load_npz(path: Path) -> dict[str, Array]:
    """Read the arrays of an `.npz` file by name; what their headers ask for is held to the limits before any is made.

    Raises:
        UserError: it is none, or holds Python objects.
    """
    check_readable(path, (".npz",))
    try:
        with ZipFile(path) as packed:
            refuse_bomb(path, sum(_promised(packed, name) for name in packed.namelist()))
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except UserError:
        raise
    except MemoryError:
        raise UserError(f"{path}: does not fit into memory; give fewer or smaller arrays") from None
    except Exception as error:  # zipfile, its codecs and NumPy raise whatever broken bytes lead them to
        reason = first_line(error)
        raise UserError(f"{path}: is no .npz file of plain arrays ({reason}); write it with numpy.savez") from None


def _promised(packed: ZipFile, name: str) -> int:
    """Bytes that the array of this name asks for, by its header."""
    with packed.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    return math.prod(shape) * dtype.itemsize


def _from_json(name: str, value: Any, path: Path) -> Array:
    if isinstance(value, dict) and set(value) == {"dtype", "shape", "values"}:
        try:
            return Values.model_validate(value).array()
        except (ValidationError, ValueError):
            raise UserError(f"{path}: input '{name}': its values do not fit its dtype and shape") from None
    try:
        array = np.array(value)
    except ValueError:
        raise UserError(f"{path}: input '{name}': its lists are of different lengths; fill the shorter ones") from None
    if array.dtype.kind not in "OU":
        return array
    flat = np.array(value, dtype=object).ravel().tolist()
    if all(v is None or isinstance(v, int | float) or v in ("nan", "inf", "-inf") for v in flat):
        return np.array([np.nan if v is None else float(v) for v in flat]).reshape(array.shape)
    return array


def check_inputs(contract: Contract, arrays: Mapping[str, Any]) -> dict[str, Array]:
    """Hold arrays to the contract and return them in its dtypes, one for each input, in its order.

    Numbers are converted where nothing is lost but digits (float64 to float32, integers to wider ones or to floats).
    State inputs that are not given start from their reset values, and options from their defaults.

    Raises:
        UserError: an input is missing, unknown, of the wrong type or shape, or gives lengths that no sequence has; says
            what was found and expected.
    """
    known = {t.name: t for t in contract.inputs}
    for name in arrays:
        if name not in known:
            raise UserError(f"there is no input '{name}'{nearest(name, known)}")
    states = {t.name: t.default for t in contract.inputs if t.default is not None}
    states |= {s.input: s.reset for s in contract.states}
    missing = [n for n in known if n not in arrays and n not in states]
    if missing:
        wanted = "; ".join(f"'{n}' ({known[n].dtype} {_shape_text(contract, known[n])})" for n in missing)
        raise UserError(f"input{'s' * (len(missing) > 1)} missing: {wanted}")
    given = {n: _cast(known[n], np.asarray(a)) for n, a in arrays.items()}
    for name, array in given.items():
        if name not in states:
            _refuse_missing(known[name], array)
        _refuse_outside(known[name], array)
        refuse_other_steps(contract, known[name], array)
    sizes: dict[str, tuple[int, str]] = {}
    for name, array in given.items():
        _check_shape(contract, known[name], array, sizes)
    for name, array in given.items():
        _check_lengths(contract, known[name], array, sizes)
    for name in known:
        if name not in given:
            given[name] = _reset(contract, known[name], states[name], sizes)
    return {name: given[name] for name in known}


def _shape_text(contract: Contract, tensor: TensorSpec) -> str:
    return "(" + ", ".join(str(d) for d in contract.dims_of(tensor)) + ")"


def _found_text(array: Array) -> str:
    return "(" + ", ".join(str(n) for n in array.shape) + ")"


def _cast(tensor: TensorSpec, array: Array) -> Array:
    if array.dtype.kind not in _SAFE[tensor.dtype] and array.size:
        raise UserError(f"input '{tensor.name}': expected {tensor.dtype}, found {array.dtype}")
    if tensor.dtype == "string":
        if not all(isinstance(v, str | bytes) for v in array.ravel()):
            raise UserError(f"input '{tensor.name}': expected text only, found other values among it")
        texts = np.empty(array.size, dtype=object)  # no `astype(str)`: all texts would be as long as the longest
        texts[:] = [v.decode() if isinstance(v, bytes) else str(v) for v in array.ravel().tolist()]
        return texts.reshape(array.shape)
    if array.dtype == tensor.dtype:  # as in every step of a stream, which this is the most of
        return np.ascontiguousarray(array).reshape(array.shape)
    if array.dtype.kind in "iu" and tensor.dtype in ("int64", "int32", "uint8") and array.size:
        limits = np.iinfo(tensor.dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise UserError(
                f"input '{tensor.name}': expected {tensor.dtype} ({limits.min} to {limits.max}), found values from "
                f"{array.min()} to {array.max()}"
            )
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array.astype(tensor.dtype)).reshape(array.shape)


def _refuse_missing(tensor: TensorSpec, array: Array) -> None:
    """Refuse NaN and infinities where they have no meaning: runtimes differ in what an LSTM makes of them."""
    if tensor.missing or array.dtype.kind != "f" or np.isfinite(array).all():
        return
    at = tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])
    raise UserError(
        f"input '{tensor.name}': {array[at]} at {list(at)}; this input knows no missing values, so give a finite number"
    )


def _refuse_outside(tensor: TensorSpec, array: Array) -> None:
    """Refuse an option that is smaller or larger than it may be, or is no number at all."""
    if tensor.default is None or not array.size:
        return
    low, high = (-np.inf if tensor.least is None else tensor.least, np.inf if tensor.most is None else tensor.most)
    inside = (array >= low) & (array <= high) & np.isfinite(array)
    if not inside.all():
        raise UserError(f"input '{tensor.name}': {array[~inside].flat[0]} is not from {low:g} to {high:g}")


def _check_shape(contract: Contract, tensor: TensorSpec, array: Array, sizes: dict[str, tuple[int, str]]) -> None:
    """Check the rank, then each axis against its bounds and against the tensors before; remembers free axes."""
    if array.ndim != len(tensor.dims):
        raise UserError(
            f"input '{tensor.name}': expected {len(tensor.dims)} dimensions {_shape_text(contract, tensor)}, found "
            f"{array.ndim} {_found_text(array)}"
        )
    for dim, size in zip(tensor.dims, array.shape, strict=True):
        axis = contract.axes[dim]
        if (wanted := _length_wanted(axis, size)) is not None:
            raise UserError(
                f"input '{tensor.name}': axis '{dim}' has length {size}, and must have {wanted} (expected "
                f"{_shape_text(contract, tensor)}, found {_found_text(array)})"
            )
        if axis.size is not None:
            continue
        other = sizes.setdefault(dim, (size, tensor.name))
        if other[0] != size:
            raise UserError(
                f"input '{tensor.name}': axis '{dim}' has length {size}, but in input '{other[1]}' it has {other[0]}; "
                "they must agree"
            )


def _length_wanted(axis: Axis, size: int) -> str | None:
    """Say what length an axis must have, if it may not have this one."""
    if axis.size is not None:
        names = f": {', '.join(axis.labels)}" if axis.labels and len(axis.labels) <= 8 else ""
        return None if size == axis.size else f"{axis.size}{names}"
    if size < axis.min:
        return f"{axis.min} at least"
    return f"{axis.max} at most" if axis.max is not None and size > axis.max else None


def _check_lengths(contract: Contract, tensor: TensorSpec, array: Array, sizes: Mapping[str, tuple[int, str]]) -> None:
    """Hold lengths to what they count: runtimes read past the end, or give up, where one is too long."""
    source = tensor.source
    if not isinstance(source, LengthsSource) or not array.size:
        return
    most = contract.axes[source.axis].size if source.axis in contract.axes else None
    if most is None and source.axis in sizes:
        most = sizes[source.axis][0]
    wrong = (array < source.min) | (array > most if most is not None else False)
    if not wrong.any():
        return
    at = tuple(int(k) for k in np.argwhere(wrong)[0])
    bounds = f"{source.min} at least" if most is None else f"from {source.min} to {most}, the size of '{source.axis}'"
    raise UserError(f"input '{tensor.name}': {array[at]} at {list(at)}, and a length must be {bounds}")


def _reset(contract: Contract, tensor: TensorSpec, value: float, sizes: Mapping[str, tuple[int, str]]) -> Array:
    shape = [contract.axes[d].size or sizes.get(d, (max(contract.axes[d].min, 1), ""))[0] for d in tensor.dims]
    return np.full(shape, value, dtype=tensor.dtype)
