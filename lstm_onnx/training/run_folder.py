"""The run folder: all that training leaves behind, and all that export needs.

    run.json                what was trained, on what, with which options, and how it scored
    weights.safetensors     the best weights so far
    checkpoint.safetensors  everything that `--resume` needs; gone once training is finished
    history.csv             one row per epoch
    examples.npz            real examples, with the answers of the best weights
    plots/                  loss curves, and what the task draws
    data.parquet            what was learnt from, where that was a table in memory and no file

Every file is written beside its final name and then renamed, so that a run that is killed at any moment can be resumed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import polars as pl
from pydantic import ValidationError

from lstm_onnx import display
from lstm_onnx.contract import Variant
from lstm_onnx.data.atomic_files import make_folder, write_atomically
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.training.record import Record

if TYPE_CHECKING:
    from lstm_onnx.exporting.exported import Exported

TABLE = "data.parquet"
"""In the run folder, a table that was given in memory."""


class Run:
    """A run folder that exists. It is a path, too: wherever a run folder is asked for, a run will do.

    Attributes:
        folder: where it is.
        record: all that `run.json` says.
        passed_over: why other runs were not taken in its place.
    """

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.record = record
        self.passed_over: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever works with it should be told."""
        if self.record.status == "finished":
            return self.passed_over
        done, wished = len(self.history), self.record.training.epochs
        return (*self.passed_over, f"the run is not finished ({done} of {wished} epochs): its best weights so far")

    @property
    def scores(self) -> dict[str, float]:
        """The model's metrics on the test split, by name; empty before training is finished.

        Those of the baselines beside it are in `record.scores`.
        """
        return dict(self.record.scores.model) if self.record.scores is not None else {}

    @property
    def history(self) -> pl.DataFrame:
        """A row for each epoch: `epoch`, `train_loss`, `validation_loss`, the primary metric, rate and seconds."""
        path = self.folder / "history.csv"
        if not path.exists():
            return pl.DataFrame(schema={"epoch": pl.Int64})
        with path.open(newline="") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        return pl.DataFrame(rows).with_columns(pl.col("epoch").cast(pl.Int64))

    @overload
    def export(self, to: str | Path | None = None, *, variant: Variant = "fp32", **fields: Any) -> Exported: ...

    @overload
    def export(self, to: str | Path | None = None, *, variant: Sequence[Variant], **fields: Any) -> list[Exported]: ...

    def export(
        self, to: str | Path | None = None, *, variant: Variant | Sequence[Variant] = "fp32", **fields: Any
    ) -> Exported | list[Exported]:
        """Write the run as an `.onnx` file: `lstm_onnx.export(run, to, ...)`, which see."""
        import lstm_onnx

        return lstm_onnx.export(self, to, variant=variant, **fields)

    @property
    def source(self) -> Path | None:
        """Where the data is that was learnt from; None for the data that the plugin brings."""
        return self.folder / self.record.source if self.record.source is not None else None

    @property
    def weights(self) -> Path:
        """The best weights so far."""
        return self.folder / "weights.safetensors"

    @property
    def checkpoint(self) -> Path:
        """What `--resume` goes on from."""
        return self.folder / "checkpoint.safetensors"

    @property
    def examples(self) -> Path:
        """Real examples with the answers that the model gave."""
        return self.folder / "examples.npz"

    @property
    def plots(self) -> Path:
        """The folder of plots."""
        return self.folder / "plots"

    def save(self) -> None:
        """Write `run.json`."""
        write_atomically(self.folder / "run.json", self.record.model_dump_json(indent=2) + "\n")

    def save_history(self, history: list[dict[str, float]]) -> None:
        """Write `history.csv`."""
        if not history:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        write_atomically(self.folder / "history.csv", text.getvalue())

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return display.text(*self._told())

    def _repr_html_(self) -> str:
        title, facts = self._told()
        scores = self.record.scores
        facts = {name: value for name, value in facts.items() if name not in self.scores}
        parts = [display.html_facts(facts)]
        if scores is not None:
            parts.append(display.html_table(*display.scores_rows(scores)))
        return display.html(title, *parts, display.html_picture(self.plots / "loss.png"))

    def _told(self) -> tuple[str, dict[str, object]]:
        record = self.record
        facts: dict[str, object] = {"data": record.summary, "model": f"{record.parameters:,} parameters"}
        if record.best_epoch:
            facts["epochs"] = f"{record.epochs_done}, the best is {record.best_epoch}"
        if record.scores is not None:
            facts |= display.scores_text(record.scores)
        return f"Run of {record.task}, {record.status}: {self.folder}", facts


def open_run(folder: Path) -> Run:
    """Open a run folder.

    Raises:
        UserError: it is not a run folder, or `run.json` does not read.
    """
    path = folder / "run.json"
    if not path.exists():
        hint = nearest(folder.name, [p.parent.name for p in folder.parent.glob("*/run.json")])
        raise UserError(f"{folder}: not a run folder (no run.json in it){hint}")
    try:
        return Run(folder, Record.model_validate_json(path.read_text()))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise UserError(f"{path}: broken at '{place}': {first['msg']}; train again, or restore the file") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read ({error}); train again, or restore the file") from None


def newest_run(runs: Path) -> Run:
    """Open the run that was started last, and note in it which others were passed over because they are broken.

    Raises:
        UserError: there is none.
    """
    found: list[Run] = []
    broken: list[UserError] = []
    for path in runs.glob("*/run.json"):
        try:
            found.append(open_run(path.parent))
        except UserError as error:
            broken.append(error)
    if not found and broken:
        raise broken[0]
    if not found:
        raise UserError(f"{runs}: there is no run in it yet; make one with: lstm-onnx train --plugin NAME")
    newest = max(found, key=lambda run: run.record.created)
    newest.passed_over = tuple(f"passed over {error}" for error in broken)
    return newest


def create_folder(runs: Path, name: str) -> Path:
    """Make a new, empty run folder `NAME`, or `NAME-2` and so on where that exists."""
    for number in range(1, 10_000):
        folder = runs / (name if number == 1 else f"{name}-{number}")
        try:
            make_folder(folder, exist_ok=False)
            return folder
        except FileExistsError:
            continue
    raise UserError(f"{runs}: has ten thousand runs called '{name}'; choose another name with --name")


def keep_table(run: Run, source: Path) -> None:
    """Copy a Parquet file of a table into the run folder, as the data of the run."""
    write_atomically(run.folder / TABLE, source.read_bytes())
    run.record.source = TABLE
