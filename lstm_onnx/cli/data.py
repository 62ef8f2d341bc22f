"""`lstm-onnx data`: write a data set that a plugin brings, or list them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import folding

if TYPE_CHECKING:
    from lstm_onnx.task import DataSet


@dataclass(frozen=True)
class Listed(Result):
    """The data sets that there are."""

    sets: Mapping[str, DataSet]

    def to_json(self) -> Iterable[str]:
        """Return what is known of each."""
        about = ("name", "summary", "licence", "origin")
        yield encode([{name: getattr(one, name) for name in about} for one in self.sets.values()])

    def to_text(self) -> Iterable[Shown]:
        """Return a row for each."""
        table = folding("name", "what it is", "licence")
        for one in self.sets.values():
            table.add_row(one.name, one.summary, one.licence)
        yield table


@dataclass(frozen=True)
class Copied(Result):
    """A data set that was written."""

    found: DataSet
    files: Sequence[Path]

    def to_json(self) -> Iterable[str]:
        """Return the files."""
        yield encode({"files": [str(f) for f in self.files], "licence": self.found.licence})

    def to_text(self) -> Iterable[Shown]:
        """Return the files, and whom to name."""
        yield {"written": ", ".join(map(str, self.files)), "licence": self.found.licence, "from": self.found.origin}


def data(
    name: Annotated[str | None, typer.Argument(help="which; lists all if not given")] = None,
    to: Annotated[Path, typer.Option("-o", "--out", help="folder to write it to")] = Path("."),
) -> Listed | Copied:
    """Write a data set."""
    from lstm_onnx.plugins.data_sets import data_sets, write_data_set

    known = data_sets()
    if name is None:
        return Listed(known)
    files = write_data_set(name, to, known)
    return Copied(known[name], files)
