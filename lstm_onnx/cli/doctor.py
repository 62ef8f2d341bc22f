"""`lstm-onnx doctor`: tell what of a file a runtime would not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.errors import CheckFailed

if TYPE_CHECKING:
    from lstm_onnx.compatibility.examine import Finding


@dataclass(frozen=True)
class Examined(Result):
    """What was found for each target, with what the target is; it fails for targets that were asked for by name."""

    file: Path
    found: Mapping[str, tuple[Finding, ...]]
    whats: Mapping[str, str]
    by_name: bool

    def to_json(self) -> Iterable[str]:
        """Return the findings of each target."""
        yield encode({name: [vars(f) for f in findings] for name, findings in self.found.items()})

    def to_text(self) -> Iterable[Shown]:
        """Return what each target makes of the file, with reasons, advice and sources."""
        table = Table()
        table.add_column("target", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("why, and what to do", overflow="fold")
        for name, findings in self.found.items():
            if not findings:
                table.add_row(name, Text("runs", "green"), Text(self.whats[name], "dim"))
            alike: dict[tuple[str, str], list[Finding]] = {}
            for finding in findings:
                alike.setdefault((finding.rule, finding.found), []).append(finding)
            for finding, *others in alike.values():
                mark = Text("no", "red") if finding.severity == "stops" else Text(finding.severity, "yellow")
                where = finding.where + (f" and {len(others)} more" if others else "")
                text = f"{where}: {finding.found}: {finding.why}; {finding.advice}"
                table.add_row(name, mark, Text.assemble(text, (f" ({finding.source})", "dim")))
        yield table

    def fault(self) -> Exception | None:
        """Return the first thing that stops a target that was named."""
        stops = [(name, f) for name, findings in self.found.items() for f in findings if f.severity == "stops"]
        if not (self.by_name and stops):
            return None
        name, first = stops[0]
        return CheckFailed(f"{self.file}: {name} would not run it: {first.where}: {first.found}; {first.advice}")


def doctor(
    file: Annotated[Path, typer.Argument(help="exported .onnx file, or any other")],
    target: Annotated[
        list[str] | None, typer.Option(help="runtime that shall run it, such as web or openvino; several; all")
    ] = None,
) -> Examined:
    """Examine a file for some targets, or for all."""
    from lstm_onnx.compatibility.examine import examine
    from lstm_onnx.compatibility.runtimes import TARGETS

    found = {name: examine(file, name) for name in target or TARGETS}
    return Examined(file, found, {name: TARGETS[name].what for name in found}, bool(target))
