"""The example input that is written beside a program: its first golden example, as a person would give it."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.embedding.project import Port, Project
from lstm_onnx.errors import UserError


def example_input(project: Project) -> bytes:
    """Write the first sequence of the first golden example as CSV, or all texts or pictures; empty for a library."""
    arrays = {n: v.array() for n, v in project.contract.examples[0].inputs.items()}
    if project.mode == "library":
        return b""
    if project.mode == "picture":
        return _pictures(project)
    return (_texts(project, arrays) if project.mode == "texts" else _table(project, arrays)).encode()


def refuse_unanswerable(project: Project, where: str) -> None:
    """Refuse a model for which a program would read tables that nobody can give it.

    Raises:
        UserError: a stream wants what is known ahead, or a column's name is more than a line.
    """
    ahead = next((p.name for p in project.given if p.source == "future"), None)
    if project.streaming and ahead is not None:
        raise UserError(
            f"{where}: input '{ahead}' is known ahead of time, which a stream of rows cannot give; embed the variant "
            f"fp32, or train without --future"
        )
    names = [*(c.name for c in project.columns), *([project.time] if project.time else [])]
    for name in names if project.mode in ("window", "sequence") else []:
        if set(name) & set("\r\n\0"):
            raise UserError(
                f"{where}: the name of column {name!r} holds a line break, and programs read tables a line at a time; "
                f"rename the column and train again"
            )


def check_example(project: Project, model: bytes, path: Path, example: bytes) -> None:
    """Answer the example with ONNX Runtime, read as `predict` reads it, so that no program fails for its own.

    Raises:
        UserError: there is no answer for it.
    """
    from lstm_onnx.inference.model import Model  # these load what reads tables
    from lstm_onnx.inference.row_stream import stream_rows

    loaded = Model(model, path, "cpu")
    if (table := project.contract.table) is not None:  # programs read one series, which has no need of a name
        alone = table.model_copy(update={"series": None, "wide": False})
        loaded.contract = project.contract.model_copy(update={"table": alone})
    try:
        nameless = any(t.source is None for t in project.contract.external_inputs)
        if project.mode == "picture" or nameless:  # what programs alone read: several pictures, columns without names
            first = project.contract.examples[0].inputs
            loaded.run({name: values.array() for name, values in first.items()})
        elif project.mode == "texts":
            loaded.predict(example.decode().splitlines())
        elif project.streaming:
            for _ in stream_rows(loaded, example.decode().splitlines()):
                pass
        else:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / project.example_file
                file.write_bytes(example)
                loaded.predict(file)
    except UserError as error:
        raise UserError(
            f"{path}: the example for the program, its first golden one, has no answer: {error}; export the model again"
        ) from error


def _pictures(project: Project) -> bytes:
    """All pictures of all golden examples, in Netpbm's binary format PPM, one after another."""
    name = project.given[0].name
    found = [picture for example in project.contract.examples for picture in example.inputs[name].array()]
    return b"".join(b"P6\n%d %d\n255\n%b" % (p.shape[1], p.shape[0], p.tobytes()) for p in found)


def _texts(project: Project, arrays: Mapping[str, Array]) -> str:
    """Texts that a line can hold, from all golden examples."""
    port = next(p for p in project.inputs if p.source in ("text", "bytes"))
    found = []
    for example in project.contract.examples:
        array = example.inputs[port.name].array()
        if port.source == "text":
            found += [str(text) for text in array.ravel()]
        else:
            lengths = _lengths(project, {n: v.array() for n, v in example.inputs.items()}) or [len(r) for r in array]
            found += [bytes(row[:n]).decode("utf-8", "replace") for row, n in zip(array, lengths, strict=True)]
    lines = [text for text in found if text.strip() and "\n" not in text and "\r" not in text and "\0" not in text]
    if not lines:  # those of the examples are odd on purpose: the words of one of them, or any
        lines = [line for text in found if (line := " ".join(text.replace("\0", " ").split()))][:1] or ["an example"]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _lengths(project: Project, arrays: Mapping[str, Array]) -> list[int]:
    port = next((p for p in project.inputs if p.source == "lengths"), None)
    return arrays[port.name].astype(int).tolist() if port else []


def _table(project: Project, arrays: Mapping[str, Array]) -> str:
    count = _rows(project, arrays)
    times: list[int] = []
    ahead: dict[int, Array] = {}
    cells = np.full((count, len(project.columns)), math.nan)
    for p in project.given:
        array = arrays[p.name]
        if p.source == "time":
            times = array[0].astype(int).tolist()
        elif p.source == "rows":
            cells[:, p.places] = array[0, :count].reshape(count, len(p.places))
        elif p.source == "static":
            cells[:, p.places] = array[0].reshape(1, len(p.places))
        elif p.source == "future":
            _put(ahead, p, array)
    if project.time is not None and not times:
        later = next((int(arrays[p.name][0][0]) for p in project.given if p.source == "time_future"), count)
        times = [_after(later, project, row - count) for row in range(count)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*([project.time] if project.time else []), *(c.name for c in project.columns)])
    for row in range(count):
        writer.writerow([*([_stamp(times[row])] if project.time else []), *map(_number, cells[row])])
    _write_ahead(writer, project, times, ahead)
    return text.getvalue()


def _put(ahead: dict[int, Array], port: Port, array: Array) -> None:
    for k, place in enumerate(port.places):
        ahead[place] = array[0][:, k]


def _write_ahead(writer: object, project: Project, times: list[int], ahead: Mapping[int, Array]) -> None:
    if not ahead:
        return
    count = min(len(values) for values in ahead.values())
    for row in range(count):
        cells = [_number(ahead[i][row]) if i in ahead else "" for i in range(len(project.columns))]
        stamp = [_stamp(_after(times[-1], project, row + 1))] if project.time else []
        writer.writerow([*stamp, *cells])  # type: ignore[attr-defined]


def _after(time: int, project: Project, steps: int) -> int:
    if not project.step_months:
        return time + steps * project.step_seconds
    month = np.datetime64(time, "s").astype("datetime64[M]") + steps * project.step_months
    return int(month.astype("datetime64[s]").astype(int))


def _rows(project: Project, arrays: Mapping[str, Array]) -> int:
    lengths = _lengths(project, arrays)
    if lengths:
        return int(lengths[0])
    for p in project.given:
        for d, size in zip(p.dims, arrays[p.name].shape, strict=True):
            if d is project.rows:
                return int(size)
    return 1


def _stamp(second: int) -> str:
    return str(np.datetime64(second, "s")).replace("T", " ")


def _number(value: float) -> str:
    """Shortest digits that read back to the same float32; nothing where it is missing."""
    return "" if math.isnan(value) else str(np.float32(value)).removesuffix(".0")
