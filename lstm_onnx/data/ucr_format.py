"""Reads `.ts` files, the format of the UCR and UEA archives of time series classification.

A header of lines that begin with `@` ends at `@data`. Each line after it is a case: its dimensions separated by colons,
the steps of each by commas, and last its class. Lines that begin with `#` or `%` are comments. Missing values are `?`
or `NaN`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_onnx.data.sequences import Steps
from lstm_onnx.data.tables import check_readable
from lstm_onnx.data.text_files import decode
from lstm_onnx.errors import UserError

SUFFIX = ".ts"
_COMMENTS = (b"#", b"%")
_SHOWN = 8
_OUTSIDE = re.compile(r":(?![^(]*\))")
"""A colon that stands in no stamp."""
_PAIR = re.compile(r"\([^()]*,\s*([^(),]*?)\s*\)")


@dataclass(frozen=True)
class TsFile:
    """What a `.ts` file holds.

    Attributes:
        sequences: float32 (time, channel) each, NaN where missing.
        labels: the class of each, or the number that `@targetLabel` promises; None where there is neither.
        channels: names of the channels, which the format does not know: `channel 1`, or `value` for one alone.
        classes: those that the header names, in its order; empty without `@classLabel true`.
        lines: number of the line of each sequence.
        notes: what a person should know.
    """

    sequences: list[Steps]
    labels: list[str] | None
    channels: tuple[str, ...]
    classes: tuple[str, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def channel_names(count: int) -> tuple[str, ...]:
    """Name the channels of data that does not: `channel 1` and so on, or `value` for one alone."""
    return tuple(f"channel {i + 1}" for i in range(count)) if count != 1 else ("value",)


def read_ts(path: Path | str) -> TsFile:
    """Read a `.ts` file.

    Raises:
        UserError: it is no such file; names the line, what was found and what would be right.
    """
    path = Path(path)
    check_readable(path, (SUFFIX,))
    lines = _lines(path)
    header = _read_header(lines, path)
    cases = [_case(text, header, f"{path}: line {n}: case {k}", n) for k, (n, text) in enumerate(lines, start=1)]
    if not cases:
        raise UserError(f"{path}: has no case after '@data'; add a line for each, or choose another file")
    count = cases[0].values.shape[1]
    for k, case in enumerate(cases, start=1):
        if case.values.shape[1] != count:
            raise UserError(
                f"{path}: line {case.line}: case {k} has {_dimensions(case.values.shape[1])}, and those before have "
                f"{count}; give all cases the same"
            )
    return TsFile(
        sequences=[c.values for c in cases],
        labels=[c.label for c in cases] if header.labelled else None,
        channels=channel_names(count),
        classes=header.classes,
        lines=tuple(c.line for c in cases),
        notes=("the stamps of the steps are left out: steps count as they stand",) if header.stamped else (),
    )


@dataclass(frozen=True)
class _Case:
    values: Steps
    label: str
    line: int


@dataclass(frozen=True)
class _Header:
    labelled: bool
    classes: tuple[str, ...]
    dimensions: int | None
    stamped: bool = False

    def find(self, label: str) -> str | None:
        """Return the class as the header spells it; capitals and small letters are often mixed up in these files."""
        if not self.classes or label in self.classes:
            return label
        alike = [c for c in self.classes if c.lower() == label.lower()]
        return alike[0] if len(alike) == 1 else None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is neither empty nor a comment (those may be in any encoding)."""
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(data.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(_COMMENTS):
            continue
        yield number, decode(line, path, unit="line", first=number)


def _read_header(lines: Iterator[tuple[int, str]], path: Path) -> _Header:
    labelled: bool | None = None
    classes: tuple[str, ...] = ()
    dimensions: int | None = None
    stamped = False
    for number, line in lines:
        here = f"{path}: line {number}"
        if not line.startswith("@"):
            raise UserError(f"{here}: found '{_cut(line)}' before '@data'; a header line begins with '@', or with '#'")
        key, *values = line.split()
        match key.lower():
            case "@data":
                if labelled is None:
                    raise UserError(
                        f"{here}: '@data' comes before '@classLabel'; say before it '@classLabel true' with the "
                        "classes, or '@classLabel false'"
                    )
                return _Header(labelled, classes, dimensions, stamped)
            case "@timestamps":
                stamped = _truth(here, key, values)
            case "@univariate":
                dimensions = 1 if _truth(here, key, values) else dimensions
            case "@dimension" | "@dimensions":
                dimensions = _count(here, key, values)
            case "@classlabel":
                labelled, classes = _truth(here, key, values[:1]) or bool(labelled), tuple(values[1:])
                if labelled and not classes and values[0].lower() == "true":
                    raise UserError(f"{here}: '{key} true' names no class; add them, such as '{key} true a b'")
            case "@targetlabel":
                labelled = _truth(here, key, values) or bool(labelled)
    raise UserError(f"{path}: has no line '@data'; is it a .ts file of the UCR archive?")


def _truth(here: str, key: str, values: list[str]) -> bool:
    if len(values) != 1 or values[0].lower() not in ("true", "false"):
        raise UserError(f"{here}: '{key}' says '{' '.join(values)}', and must say true or false")
    return values[0].lower() == "true"


def _count(here: str, key: str, values: list[str]) -> int:
    if len(values) != 1 or not values[0].isdecimal() or int(values[0]) < 1:
        raise UserError(f"{here}: '{key}' says '{' '.join(values)}', and must say how many dimensions a case has")
    return int(values[0])


def _case(text: str, header: _Header, here: str, line: int) -> _Case:
    parts = _OUTSIDE.split(text) if header.stamped else text.split(":")
    label = ""
    if header.labelled:
        found = parts.pop().strip()
        if not found or not parts:
            raise UserError(f"{here} has no class; end the line with a colon and the class")
        known = header.find(found)
        if known is None:
            classes = ", ".join(header.classes[:_SHOWN]) + (" …" if len(header.classes) > _SHOWN else "")
            raise UserError(
                f"{here}: its class '{_cut(found)}' is none of @classLabel ({classes}); correct it, or add it there"
            )
        label = known
    if header.dimensions is not None and len(parts) != header.dimensions:
        raise UserError(
            f"{here} has {_dimensions(len(parts))}, and the header says {header.dimensions}; separate dimensions by "
            f"colons{', and end with the class' if header.labelled else ''}"
        )
    if header.stamped:
        parts = [_unstamped(part, f"{here}: dimension {i}") for i, part in enumerate(parts, start=1)]
    rows = [_steps(part, here, i + 1) for i, part in enumerate(parts)]
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise UserError(
                f"{here}: dimension {i + 1} has {len(row)} steps, and dimension 1 has {len(rows[0])}; those of one "
                "case must be equally long: fill the shorter one with '?'"
            )
    with np.errstate(over="ignore"):  # beyond float32 is infinite, which counts as missing
        values = np.array(rows, dtype=np.float64).T.astype(np.float32)
    values[np.isinf(values)] = np.nan
    return _Case(np.ascontiguousarray(values), label, line)


def _unstamped(part: str, here: str) -> str:
    """Return the values of `(stamp,value),(stamp,value)`, separated by commas."""
    pairs = _PAIR.findall(part)
    if _PAIR.sub("", part).strip(", ") or not pairs:
        raise UserError(f"{here}: found '{_cut(part)}', where steps with stamps are needed: (2007-01-01,24.1),(…)")
    return ",".join(pairs)


def _steps(part: str, here: str, dimension: int) -> list[float]:
    if not part.strip():
        raise UserError(f"{here}: dimension {dimension} has no step; give one at least, or delete the line")
    cells = part.split(",")
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return [_number(cell.strip(), f"{here}: dimension {dimension}, step {i}") for i, cell in enumerate(cells, 1)]


def _number(cell: str, here: str) -> float:
    if cell == "?":
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise UserError(f"{here}: found '{_cut(cell)}' where a number is needed; correct it, or write '?'") from None


def _dimensions(count: int) -> str:
    return f"{count} dimension{'s' * (count != 1)}"


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
