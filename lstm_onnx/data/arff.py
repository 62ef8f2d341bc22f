"""Reads `.arff` files, tables of Weka and of the archives of time series: attributes by name, then lines of cells."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from lstm_onnx.data.cells import rows_of_cells
from lstm_onnx.data.text_files import decode
from lstm_onnx.errors import UserError

SUFFIX = ".arff"
_NAME = r"""(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>[^"]*)"|(?P<bare>\S+))"""
_ATTRIBUTE = re.compile(rf"@attribute\s+{_NAME}\s+(?P<kind>.*)", re.IGNORECASE)


def parse_arff(path: Path, content: bytes) -> pl.DataFrame:
    """Return the table, its cells as text; `?` is a missing cell.

    Raises:
        UserError: it is no such file, holds sequences as attributes or sparse rows; names the line.
    """
    names: list[str] = []
    rows: list[list[str | None]] = []
    in_data = False
    for number, raw in enumerate(decode(content, path, unit="line").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("%"):
            continue
        if in_data:
            rows.append(_cells(line, len(names), f"{path}: line {number}"))
        elif line.lower().startswith("@data"):
            in_data = True
        elif match := _ATTRIBUTE.match(line):
            if match["kind"].strip().lower() == "relational":
                raise UserError(
                    f"{path}: line {number}: holds whole series as an attribute (relational); give the .ts file of the "
                    "set, or a table with a row for each step"
                )
            names.append(match["single"] or match["double"] or match["bare"])
        elif not line.startswith("@"):
            raise UserError(f"{path}: line {number}: found '{line[:40]}' before '@data'; header lines begin with '@'")
    if not names or not rows:
        raise UserError(f"{path}: has no {'@attribute' if not names else 'row after @data'}; is it an .arff file?")
    if twice := [n for n in names if names.count(n) > 1]:
        raise UserError(f"{path}: two attributes are called '{twice[0]}'; rename one of them")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))


def _cells(line: str, count: int, here: str) -> list[str | None]:
    if line.startswith("{"):
        raise UserError(f"{here}: a sparse row ({{place value, …}}) is not read; write all cells")
    quote = "'" if "'" in line else '"'
    cells = [c.strip() for c in next(rows_of_cells(line, quotechar=quote, skipinitialspace=True))]
    if len(cells) != count:
        raise UserError(f"{here}: has {len(cells)} cells for {count} attributes; correct the line")
    return [None if cell == "?" else cell for cell in cells]
