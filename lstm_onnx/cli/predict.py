"""`lstm-onnx predict`: answer for new data. Imports no torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import Field

from lstm_onnx.cli.console import Result, Shown
from lstm_onnx.cli.tables import check_picture, frame_table
from lstm_onnx.display import shortened
from lstm_onnx.errors import UserError
from lstm_onnx.inference.options import PART_ERROR, TIMEOUT, RuntimeOptions
from lstm_onnx.options import OnCommandLine, field_flag

if TYPE_CHECKING:
    import polars as pl

    from lstm_onnx.contract import Contract
    from lstm_onnx.inference.in_parts import Done
    from lstm_onnx.inference.model import Prediction


class PredictOptions(RuntimeOptions):
    """What to answer for, and what to make of the answers."""

    text: tuple[str, ...] = Field((), description="a text to answer for, instead of a file; several: --text A --text B")
    top_k: int | None = Field(None, ge=1, description="show only so many labels of each answer, the likeliest first")
    stream: bool = Field(
        False, description="read rows, CSV or JSON, or 16-bit sound from standard input, and answer at once in JSON"
    )
    to: Annotated[Path | None, OnCommandLine("out", short="o")] = Field(
        None, description="write the answers as .csv, .parquet or .json; of many files, a Parquet file each to a folder"
    )
    keep: Annotated[tuple[str, ...], OnCommandLine(spread=True)] = Field(
        (),
        description="columns of the table to put beside the answers, or all; those that tell rows apart if not given; "
        "beside forecasts those with one value in each series",
    )
    every: int | None = Field(
        None, ge=1, description="of time series, answer for every window: those that end so many rows apart; the newest"
    )
    plot: Path | None = Field(None, description="draw the answers to this .png, .svg or .pdf")
    attention: Path | None = Field(
        None, description="draw what the model looked at, if it attends, to this .png, .svg or .pdf"
    )
    plugin_file: Path | None = Field(None, description="Python file that holds the plugin, if it is not installed")
    workers: int | None = Field(
        None, ge=1, description="answer part by part in so many processes, for more data than memory holds"
    )
    ray: str | None = Field(
        None, description="answer part by part on a Ray cluster: its address, auto, or local to start one here"
    )
    part_rows: int | None = Field(
        None, ge=1, description="rows of a file that are a part; a million if not given; examples stay whole"
    )
    timeout: float | None = Field(None, ge=0, description=TIMEOUT)
    settings: Annotated[tuple[str, ...], OnCommandLine("set", metavar="NAME=VALUE")] = Field(
        (), description="value of an option of the model, such as temperature=0.5; several: --set A=1 --set B=2"
    )


@dataclass(frozen=True)
class Predicted(Result):
    """Answers, and the files they were written to: what was written -> where."""

    prediction: Prediction
    written: Mapping[str, list[Path]]

    def to_json(self) -> Iterable[str]:
        """Return the table, a list of rows."""
        yield self.prediction.table.write_json()

    def to_text(self) -> Iterable[Shown]:
        """Return what was noted, the first rows unless they were written to a file, and what was written."""
        for note in self.prediction.notes:
            yield {"noted": note}
        if "table" not in self.written:
            yield frame_table(_on_screen(self.prediction))
        yield {label: ", ".join(map(str, paths)) for label, paths in self.written.items()}


def _on_screen(prediction: Prediction) -> pl.DataFrame:
    """Cut long texts in columns that tell what a row is of; a file has them whole."""
    import polars as pl

    table, answers = prediction.table, tuple(prediction.outputs)
    cut = [c for c in table.columns if table.get_column(c).dtype == pl.String and not c.startswith(answers)]
    return table.with_columns(pl.col(c).map_elements(shortened, return_dtype=pl.String) for c in cut)


@dataclass(frozen=True)
class Parts(Result):
    """What came of answering part by part."""

    done: Done

    def to_json(self) -> Iterable[str]:
        """Return what was written, and what was not."""
        done = self.done
        yield json.dumps(
            {
                "folder": str(done.folder),
                "parts": done.parts,
                "before": done.before,
                "rows": done.rows,
                "repaired": list(done.notes),
                "failed": done.failed,
            }
        )

    def to_text(self) -> Iterable[Shown]:
        """Return what was noted, what failed, and where the answers are."""
        done = self.done
        for note in list(done.notes)[:_NOTES]:
            yield {"noted": note}
        if len(done.notes) > _NOTES:
            yield {"noted": f"and {len(done.notes) - _NOTES:,} things more, in other parts"}
        before = f", {done.before:,} of them before" if done.before else ""
        facts = {
            "answers": f"{done.rows:,} rows",
            "parts": f"{done.parts - len(done.failed):,} of {done.parts:,}{before}",
        }
        yield {**facts, "folder": str(done.folder)}

    def fault(self) -> UserError | None:
        """Return what says which parts have no answers."""
        if not (failed := self.done.failed):
            return None
        others = f" (and {len(failed) - 1} more, named in {self.done.folder}/*{PART_ERROR})" if len(failed) > 1 else ""
        return UserError(
            f"{next(iter(failed.values()))}{others}; the other parts have their answers: mend this one, and give the "
            f"same command again"
        )


@dataclass(frozen=True)
class Streamed(Result):
    """An answer for each row of a stream, while it comes."""

    lines: Iterable[str]
    always_json = True

    def to_json(self) -> Iterable[str]:
        """Return an object for each row."""
        return self.lines

    def to_text(self) -> Iterable[Shown]:
        """Return nothing: a stream is read by programs."""
        return ()


_NOTES = 5
"""Lines of what was repaired that are shown; every part may have its own."""


def predict(
    file: Annotated[Path, typer.Argument(help="exported .onnx file")],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="table (CSV, Parquet), picture, WAV file, folder of them, arrays (.npz, .json), or 'data/*.parquet'"
        ),
    ] = None,
    *,
    options: PredictOptions,
) -> Predicted | Parts | Streamed:
    """Answer for a file of data, for texts, or for a stream.

    Raises:
        UserError: nothing or too much is given, or as `lstm_onnx.load` and `Model.predict`.
    """
    from lstm_onnx.data.tables import write_table
    from lstm_onnx.inference.deadline import deadline
    from lstm_onnx.inference.model import load
    from lstm_onnx.inference.settings import parse_settings

    source = _source(data, options)
    if isinstance(source, Path) and _in_parts(source, options):
        return _answer_parts(file, source, options)
    pictures = {o: p for o, p in (("plot", options.plot), ("attention", options.attention)) if p is not None}
    for option, path in pictures.items():
        check_picture(option, path)
    model = load(file, options.provider, options.threads)
    if options.settings:
        model = model.with_options(**parse_settings(options.settings))
    if source is None:
        from lstm_onnx.inference.row_stream import stream_rows
        from lstm_onnx.inference.sound_inputs import sound_input
        from lstm_onnx.inference.sound_stream import stream_sound

        if sound_input(model.require_contract()) is not None:
            return Streamed(stream_sound(model, sys.stdin.buffer))
        return Streamed(stream_rows(model, sys.stdin))
    in_file = options.to is not None and options.top_k is None  # a file has room for a column for each label
    with deadline(options.timeout):
        prediction = model.predict(source, 0 if in_file else options.top_k, options.keep or None, options.every)
    written = _draw(model.require_contract(), prediction, pictures, options.plugin_file) if pictures else {}
    if options.to is not None:
        write_table(prediction.table, options.to)
        written["table"] = [options.to]
    return Predicted(prediction, written)


def _source(data: Path | None, options: PredictOptions) -> Path | list[str] | None:
    """Return what to answer for; None for a stream."""
    if options.stream:
        not_for_streams = ("text", "top_k", "to", "keep", "every", "plot", "attention", "timeout")
        others = [n for n in not_for_streams if getattr(options, n)]
        extra = ["DATA"] if data is not None else [field_flag(n, PredictOptions.model_fields[n]) for n in others]
        if extra:
            raise UserError(f"--stream reads standard input and prints JSON lines; leave {extra[0]} out")
        return None
    if options.text and data is not None:
        raise UserError(f"--text: answers for texts instead of the file {data}; leave one of them out")
    if not options.text and data is None:
        raise UserError("say what to answer for: a file of data after the model, --text, or --stream")
    return data if data is not None else list(options.text)


def _in_parts(data: Path, options: PredictOptions) -> bool:
    from lstm_onnx.inference.part_list import is_pattern

    asked = (options.workers, options.part_rows, options.ray)
    return any(value is not None for value in asked) or is_pattern(data)


def _answer_parts(file: Path, data: Path, options: PredictOptions) -> Parts:
    from lstm_onnx.inference.in_parts import predict_parts
    from lstm_onnx.inference.part_answer import Asked
    from lstm_onnx.inference.part_list import PART_ROWS

    for name in ("plot", "attention", "timeout", "threads"):
        if getattr(options, name) is not None:
            flag = field_flag(name, PredictOptions.model_fields[name])
            raise UserError(f"{flag}: is for one table; answers in parts have none, so leave it out")
    if options.to is None or options.to.suffix:
        raise UserError("answers in parts are a Parquet file each: name a new folder for them, as in --out answers")
    top = 0 if options.top_k is None else options.top_k
    asked = Asked(str(file), options.provider, options.settings, top, options.keep, options.every)
    done = predict_parts(
        asked, data, options.to, workers=options.workers, part_rows=options.part_rows or PART_ROWS, ray=options.ray
    )
    return Parts(done)


def _draw(
    contract: Contract, prediction: Prediction, pictures: Mapping[str, Path], plugin_file: Path | None
) -> dict[str, list[Path]]:
    """Draw all that the task draws of answers, or the one picture that an option names; return what was written."""
    from lstm_onnx.plugins.registry import load_task
    from lstm_onnx.training.plots import named, save_figure

    inputs = named(prediction.inputs, prediction.names)
    drawn = load_task(contract.task, plugin_file).task.plots(contract, inputs, prediction.outputs)
    written = {}
    for option, path in pictures.items():
        figures = drawn if option == "plot" else {name: f for name, f in drawn.items() if name == option}
        if not figures:
            raise UserError(f"--{option}: this model of the task '{contract.task}' has no such picture of its answers")
        paths = [path, *(path.with_stem(f"{path.stem}-{name}") for name in list(figures)[1:])]
        written[option] = [save_figure(f, target) for f, target in zip(figures.values(), paths, strict=True)]
    return written
