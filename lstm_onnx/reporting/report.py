"""Reports on a run or an exported file: one page, or a model card, with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from lstm_onnx import display
from lstm_onnx.contract import Contract
from lstm_onnx.data.frames import as_file
from lstm_onnx.data.given import given_path, is_run
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.judged import Judged, judged, opened
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.model import load
from lstm_onnx.options import resolve
from lstm_onnx.progress import busy, counting
from lstm_onnx.reporting import live, sections
from lstm_onnx.reporting.answered import Answered, ask
from lstm_onnx.reporting.options import ReportOptions
from lstm_onnx.reporting.page import Page
from lstm_onnx.reporting.variants import File, beside, exported, files_of
from lstm_onnx.reporting.write import write
from lstm_onnx.training.provenance import now
from lstm_onnx.training.run_folder import Run, open_run
from lstm_onnx.version import __version__


@dataclass(frozen=True, repr=False)
class Reported:
    """A report that was written. It is a path, too.

    Attributes:
        path: of the page or the card.
        pictures: beside a card; a page holds its own.
        page: what it says.
    """

    path: Path
    pictures: tuple[Path, ...]
    page: Page

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return display.text(f"Report on {self.page.name}: {self.path}", {t.label: t.value for t in self.page.tiles})


@dataclass(frozen=True)
class Subject:
    """What is reported on, as far as it is there.

    Attributes:
        contract: of the run's main graph or of the file.
        run: the run, if one was given.
        files: its exported files, verified.
        model: the model beside its examples; None where there are none to score.
        answered: what came of asking it.
        data: one line that says what was scored.
    """

    contract: Contract
    run: Run | None
    files: Sequence[File]
    model: Judged | None
    answered: Answered | None
    data: str


def report(
    model: str | PathLike[str], data: Any = None, *, options: ReportOptions | None = None, **fields: Any
) -> Reported:
    """Write one page, or a model card, about a run or a file.

    The page holds everything that it shows, and asks no other machine for anything.

    Args:
        model: a run or its folder, or an exported file.
        data: to score, as `evaluate` takes it; without it the test part of what was learnt from.
        options: where it goes, as what, and what is measured for it.
        **fields: fields of `ReportOptions`, instead of the object or on top of it.

    Raises:
        UserError: the model or the data cannot be used, or what is there has another ending than asked for.
    """
    chosen = resolve(ReportOptions, options, fields, "report")
    path = given_path(model, "report", "a run or an exported file, itself or its path")
    kind = _kind(chosen)
    run = open_run(path) if is_run(path) else open_run(chosen.run) if chosen.run is not None else None
    if is_run(path) and chosen.run is not None:
        raise UserError(f"--run {chosen.run}: reports on the run {path} already; leave it out")
    if not is_run(path) and chosen.file:
        raise UserError(f"--file {chosen.file[0]}: reports on the file {path}; the other files beside it are found")
    with as_file(data, "report") as source:
        found, remark = _judged(path, source, chosen)
        files = _files(path, run, chosen)
        answered = None
        if found is not None:
            with counting("scoring") as progress:
                answered = ask(found, chosen.worst, progress)
    contract = files[0].contract if files else None
    if contract is None:
        assert found is not None  # of a run without files
        contract = found.contract
    subject = Subject(contract, run, files, found, answered, found.subject.summary if found is not None else "")
    page = _page(subject, path, chosen, remark)
    name = f"{contract.name}-{'report.html' if kind == 'html' else 'card.md'}"
    written, pictures = write(page, chosen.to or Path(name), kind)
    return Reported(written, pictures, page)


def _kind(options: ReportOptions) -> Literal["html", "md"]:
    endings: dict[str, Literal["html", "md"]] = {".html": "html", ".htm": "html", ".md": "md"}
    named = endings.get(options.to.suffix.lower()) if options.to is not None else None
    if options.to is not None and named is None:
        raise UserError(f"--out {options.to}: a report ends in .html, a model card in .md")
    if named is not None and options.format is not None and named != options.format:
        raise UserError(f"--format {options.format}: and --out {options.to} ends otherwise; leave one of them out")
    return named or options.format or "html"


def _judged(path: Path, source: Path | None, options: ReportOptions) -> tuple[Judged | None, str]:
    """Return what is scored; without data of a file, why there is none."""
    with busy("reading the data"):
        try:
            how = EvaluateOptions(plugin_file=options.plugin_file)
            return judged(opened(options.run or path, how), source, how), ""
        except UserError as error:
            if source is not None or is_run(path):
                raise
            load(path).require_contract()
            return None, f"the answers were not scored again: {error}"


def _files(path: Path, run: Run | None, options: ReportOptions) -> list[File]:
    if is_run(path):
        assert run is not None
        paths = list(options.file) or exported(run)
    else:
        paths = beside(path, load(path).require_contract().provenance)
    with busy("verifying and measuring files"):
        return files_of(paths, run, options.seconds, options.plugin_file)


def _page(subject: Subject, path: Path, options: ReportOptions, remark: str) -> Page:
    contract = subject.contract
    sized = f" · {subject.files[0].size / 1024:,.0f} kB" if subject.files else ""
    said = [*subject.model.subject.notes] if subject.model is not None else []
    if subject.run is not None:
        said = list(dict.fromkeys([*subject.run.record.notes, *said, *subject.run.notes]))
    return Page(
        name=contract.name,
        kicker=f"{contract.task} · {contract.variant}{sized}",
        lead=contract.description,
        tiles=sections.tiles(subject),
        sections=[s for s in sections.all_of(subject, path, options) if s.parts],
        remarks=[*([remark] if remark else []), *said],
        licence=contract.provenance.licence,
        task=contract.task,
        made=f"lstm-onnx {__version__}, {now()[:16].replace('T', ' ')} UTC",
        live=live.page(subject.files[0].path, options.runtime) if options.runtime is not None and subject.files else "",
    )
