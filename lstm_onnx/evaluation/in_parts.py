"""Scores of more data than memory holds: each part adds up by itself, and the sums are finished together.

A metric is a function of sums (`Task.totals`, `Task.finish`), so that parts come to the scores of the whole, but for
the order in which numbers are added. One part that cannot be read ends it: scores of the rest would be those of other
data.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_onnx.contract import Scores
from lstm_onnx.data.found_from import found_from
from lstm_onnx.data.frames import as_file
from lstm_onnx.errors import UserError
from lstm_onnx.evaluation.evaluation import Evaluation
from lstm_onnx.evaluation.judged import contract_of, judged, opened
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.model import Model
from lstm_onnx.inference.part_list import PART_ROWS, Part, list_parts
from lstm_onnx.inference.part_rows import rows_of
from lstm_onnx.inference.processes import in_processes
from lstm_onnx.options import field_flag
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.progress import counting
from lstm_onnx.task import Answer, Totals
from lstm_onnx.training.scoring import add_up

if TYPE_CHECKING:
    from lstm_onnx.training.restore import Restored


@dataclass
class Sums:
    """What was added up.

    Attributes:
        model: sums of the model.
        naive: sums of each naive answer, by its name.
        examples: how many there are.
        notes: one line for each thing that was repaired, each once.
    """

    model: Totals
    naive: dict[str, Totals]
    examples: int
    notes: dict[str, None]

    def add(self, other: Sums) -> None:
        """Add those of another part."""
        self.model = _added(self.model, other.model)
        self.naive = {name: _added(total, other.naive[name]) for name, total in self.naive.items()}
        self.examples += other.examples
        self.notes |= other.notes


def evaluate_parts(model: str | PathLike[str] | Model, data: Path, options: EvaluateOptions) -> Evaluation:
    """Score a run or a file on a file or all files of a pattern, part by part.

    Args:
        model: a run or its folder; or an exported file: its path, or a loaded `Model`.
        data: a file, or a pattern such as `data/*.parquet`; all of it is scored.
        options: how; `workers` processes have a thread each.

    Raises:
        UserError: as `list_parts`; a part cannot be read, or is what the model was trained on; an option asks for what
            is of one table.
    """
    for name in ("to", "plot", "timeout"):
        if getattr(options, name) is not None:
            shown = field_flag(name, EvaluateOptions.model_fields[name])
            raise UserError(f"{shown}: is for one table; scores in parts have none, so leave it out")
    workers = options.workers or 1
    if workers > 1 and isinstance(model, Model):
        raise UserError("workers: each process loads the file anew, without what this model was told; give its path")
    chosen = options.model_copy(update={"threads": options.threads or 1})
    here = opened(model, chosen)
    contract = contract_of(here)
    parts = list_parts(contract, data, options.part_rows or PART_ROWS)
    with tempfile.TemporaryDirectory(prefix="lstm-onnx-") as folder:
        work = partial(_sums, options=chosen, folder=Path(folder))
        rest = parts[1:]
        make = partial(opened, fspath(model), chosen)
        with (
            counting("scoring") as count,
            in_processes(here, make, work, rest, min(workers, len(rest)), "") as sums,
        ):
            whole = work(here, parts[0])  # here, as sums from elsewhere do not know how they become a figure
            count(1, len(parts))
            for number, one in enumerate(sums, start=2):
                whole.add(one)
                count(number, len(parts))
    task = load_task(contract.task, options.plugin_file).task
    naive = {name: task.finish(totals) for name, totals in whole.naive.items()}
    scores = Scores(primary=task.primary_metric.name, model=task.finish(whole.model), baselines=naive)
    return Evaluation(
        scores,
        f"all {whole.examples:,} examples of {len(parts):,} parts of {data}",
        whole.examples,
        tuple(whole.notes),
        part="all",
        tables=task.tables(contract, whole.model),
        ahead=task.primary_metric.ahead(scores),
    )


def _sums(of: Model | Restored, part: Part, options: EvaluateOptions, folder: Path) -> Sums:
    """Add up a part."""
    try:
        with rows_of(part, folder) as rows, found_from(part.file.parent), as_file(rows, "evaluate") as file:
            model = judged(of, file, options)
            subject = model.subject
            if subject.part == "test":
                raise UserError("is what the model was trained on; leave it out, or score it alone")

            def added(answer: Answer) -> Totals:
                return add_up(model.task, answer, subject.split, model.config, subject.info)

            return Sums(
                added(model.answer),
                {name: added(answer) for name, answer in subject.naive.items()},
                len(subject.split),
                dict.fromkeys(subject.notes),
            )
    except UserError as error:
        text = str(error)
        raise UserError(text if text.startswith(str(part.file)) else f"{part}: {text}") from None


def _added(one: Totals, other: Totals) -> Totals:
    return {name: (total + other[name][0], count + other[name][1]) for name, (total, count) in one.items()}
