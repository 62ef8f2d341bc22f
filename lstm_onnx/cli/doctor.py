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
from lstm_onnx.progress import busy

if TYPE_CHECKING:
    from lstm_onnx.compatibility.examine import Finding
    from lstm_onnx.compatibility.verdict import Verdict


@dataclass(frozen=True)
class Examined(Result):
    """What is known for each target, with what the target is; it fails for targets that were asked for by name."""

    file: Path
    found: Mapping[str, Verdict]
    whats: Mapping[str, str]
    by_name: bool

    def to_json(self) -> Iterable[str]:
        """Return of each target a word, how it is known, and the findings."""
        told = {
            name: {"mark": v.mark, "known": v.known, "findings": [vars(f) for f in v.findings]}
            for name, v in self.found.items()
        }
        yield encode(told)

    def to_text(self) -> Iterable[Shown]:
        """Return what each target makes of the file, with reasons, advice and sources, and how the rest is known."""
        table = Table()
        table.add_column("target", no_wrap=True)
        table.add_column("", no_wrap=True)
        table.add_column("why, and what to do", overflow="fold")
        for name, verdict in self.found.items():
            alike: dict[tuple[str, str], list[Finding]] = {}
            for finding in verdict.findings:
                alike.setdefault((finding.rule, finding.found), []).append(finding)
            for finding, *others in alike.values():
                mark = Text("no", "red") if finding.severity == "stops" else Text(finding.severity, "yellow")
                where = finding.where + (f" and {len(others)} more" if others else "")
                text = f"{where}: {finding.found}: {finding.why}; {finding.advice}"
                table.add_row(name, mark, Text.assemble(text, (f" ({finding.source})", "dim")))
            if verdict.known:
                mark = Text("runs", "green") if verdict.runs else Text("?", "yellow")
                what = "" if verdict.findings else f" ({self.whats[name]})"
                table.add_row(name, mark, Text.assemble(verdict.known, (what, "dim")))
        yield table

    def fault(self) -> Exception | None:
        """Return the first thing that stops a target that was named."""
        stops = [(name, f) for name, verdict in self.found.items() for f in verdict.stops]
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
    """Examine a file for some targets, or for all, and try it on those that are installed here."""
    from lstm_onnx.compatibility.runtimes import TARGETS
    from lstm_onnx.embedding.diagnose import diagnose

    with busy("trying it where that can be done here"):
        found = {name: diagnose(file, name) for name in target or TARGETS}
    return Examined(file, found, {name: TARGETS[name].what for name in found}, bool(target))
