"""Answers for more data than memory holds: part by part, by several processes, and on from where it was stopped.

Each part's answers are a Parquet file of their own, which gets its name when it is whole. What stands in the folder is
thus done, whatever stopped the program; a second start does the rest. A part that cannot be answered is named, and
does not stop the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from lstm_onnx.data.atomic_files import make_folder, sweep, write_atomically
from lstm_onnx.errors import UserError
from lstm_onnx.inference.on_ray import BEGUN, answers_on_ray
from lstm_onnx.inference.options import PART_ERROR
from lstm_onnx.inference.part_answer import Asked, answer_part, answers_of, open_model
from lstm_onnx.inference.part_list import PART_ROWS, Part, list_parts
from lstm_onnx.inference.processes import in_processes
from lstm_onnx.progress import counting

RECORD = "parts.json"
"""In the folder of answers: what they are answers to, and of which model."""


@dataclass
class Done:
    """What came of it.

    Attributes:
        folder: with a Parquet file for each part.
        parts: how many there are.
        before: how many of them an earlier start had answered.
        rows: of the answers that were written now.
        notes: what was repaired, each once.
        failed: parts that cannot be answered -> why.
    """

    folder: Path
    parts: int = 0
    before: int = 0
    rows: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def predict_parts(
    asked: Asked,
    data: Path,
    folder: Path,
    *,
    workers: int | None = None,
    part_rows: int = PART_ROWS,
    ray: str | None = None,
) -> Done:
    """Answer for a file, or for all files of a pattern, part by part, into a folder of Parquet files.

    Args:
        asked: which model, and how.
        data: a file, or a pattern such as `data/*.parquet`.
        folder: of the answers; if it holds some of the same question already, only the others are made.
        workers: processes, one if not said; each has one thread and reads one part at a time. The answers do not
            depend on it.
        part_rows: about how many rows of a file are read at once.
        ray: address of a Ray cluster that does it, as `answers_on_ray` takes it; then `workers` are its actors.

    Raises:
        UserError: as `lstm_onnx.load` and `list_parts`; the folder holds other answers; or a process was killed.
    """
    model = open_model(asked)
    parts = list_parts(model.require_contract(), data, part_rows)
    make_folder(folder)
    sweep(folder)
    sweep(folder, ".*.part.*")
    sweep(folder, BEGUN)
    done = Done(folder, len(parts))
    left = _left(asked, parts, folder)
    done.before = len(parts) - len(left)
    if ray is not None:
        working = answers_on_ray(asked, left, folder, ray, workers)
    else:
        working = in_processes(
            model,
            partial(open_model, asked),
            partial(answer_part, asked=asked, folder=folder),
            left,
            min(workers or 1, len(left)),
            f"; what is done stands in {folder}, and the same command goes on from there",
        )
    with counting("answering") as count, working as answers:
        for number, (part, rows, notes, wrong) in enumerate(answers, start=done.before + 1):
            if wrong is not None:
                done.failed[str(part)] = wrong
                write_atomically(folder / (part.name + PART_ERROR), wrong + "\n")
            done.rows += rows
            done.notes |= dict.fromkeys(notes)
            count(number, len(parts))
    return done


def _left(asked: Asked, parts: Sequence[Part], folder: Path) -> list[Part]:
    """List the parts without answers; answers to files that have changed since go.

    Raises:
        UserError: the folder holds answers to something else.
    """
    model = hashlib.sha256(Path(asked.file).read_bytes()).hexdigest()
    said = {name: value for name, value in asdict(asked).items() if name != "file"}
    question = json.loads(json.dumps({"model": model, **said}))  # as it will be read
    sources = {part.name: _source(part) for part in parts}
    record = folder / RECORD
    known: dict[str, object] = {}
    if record.exists():
        before = json.loads(record.read_text(encoding="utf-8"))
        if changed := [name for name, value in question.items() if before["question"].get(name) != value]:
            raise UserError(
                f"{folder}: holds answers of another question ({', '.join(changed)} differ); give another folder"
            )
        known = before["parts"]
    elif others := sorted(p.name for p in folder.iterdir()):
        raise UserError(f"{folder}: holds something else already ({others[0]}); give a new folder for the answers")
    for name, source in known.items():
        if sources.get(name) != source:
            (folder / f"{name}.parquet").unlink(missing_ok=True)
            (folder / (name + PART_ERROR)).unlink(missing_ok=True)
    write_atomically(record, json.dumps({"question": question, "parts": sources}, indent=1) + "\n")
    return [part for part in parts if not answers_of(folder, part).exists()]


def _source(part: Part) -> dict[str, object]:
    state = part.file.stat()
    return {
        "file": str(part.file),
        "bytes": state.st_size,
        "changed": state.st_mtime_ns,
        "begin": part.begin,
        "rows": part.rows,
    }
