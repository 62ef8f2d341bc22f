"""From a table to recordings, cut in time: pieces to learn from, then what sets the threshold, then what is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_onnx.data.columns import called
from lstm_onnx.data.followed import followed
from lstm_onnx.data.open_table import open_table
from lstm_onnx.data.parts import Part
from lstm_onnx.data.tables import read_table, require
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import (
    Examples,
    Recording,
    Rows,
    Steps,
    cut_in_time,
    find_channels,
    read_recordings,
    recording_roles,
    table_of_recordings,
    test_file_of,
)
from lstm_onnx_anomaly.faults import plant
from lstm_onnx_anomaly.model import ALARM, EXPECTED, REASON, ROWS, SCORE
from lstm_onnx_anomaly.options import Config

_LABELS = ("anomaly", "is_anomaly", "label", "fault", "outlier")
_TRUE, _FALSE = ("1", "true", "yes", "anomaly", "fault"), ("0", "false", "no", "normal")
_OVERLAP = 4
"""In how many pieces a row stands, each time at another place."""


def read(source: Path, config: Config) -> Examples:
    """Read recordings, together with the file of rows to score that is asked for or lies beside it.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    table = open_table(source, config)
    if config.label:
        require(table.frame, config.label, source, "--label")
    label = config.label or called(table.frame, _LABELS)
    config, told = find_channels(table.looks, source, config.model_copy(update={"label": label}), label)
    told += f", anomalies by '{label}'" if label else "; without labels alarms have no scores"
    settled = table.settle(recording_roles(config, label))
    recordings, repaired = read_recordings(settled.frame, source, config, label)
    notes = (*settled.notes, *repaired)
    test = test_file_of(source, config.test_file)
    scored: list[Recording] = []
    if test is not None:
        rows = followed(read_table(test, names=config.header), settled.understood, test)
        scored, more = read_recordings(rows, test, config, label if label in rows.columns else None)
        notes = (f"rows to score from {test.name}", *notes, *more)
    examples = _examples(recordings, scored, config, str(source), (told, *notes))
    return replace(examples, understood=settled.understood)


def read_traffic(path: Path, config: Config, random: np.random.Generator) -> Examples:
    """Read a year of traffic, and plant faults into the part that is scored."""
    config = config.model_copy(update={"time": "time", "channels": config.channels or ("vehicles", "temperature")})
    (whole,), notes = read_recordings(read_table(path), path, config, None)
    cut = round(len(whole.values) * (1 - config.test_share))
    known = whole.values[:cut]
    rows, marks, kinds = plant(whole.values[cut:], config.faults, np.nanstd(known, axis=0), random)
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in sorted(set(kinds)))
    note = f"{len(kinds)} faults are planted into the rows to score: {counts}"
    scored = Recording("", rows, [str(m) for m in marks])
    return _examples([Recording("", known, ["0"] * cut)], [scored], config, str(path), (note, *notes))


def _examples(
    recordings: list[Recording], scored: list[Recording], config: Config, where: str, notes: tuple[str, ...]
) -> Examples:
    """Cut recordings in time: the last rows are for the test, unless others are scored, those before for validation."""
    columns: dict[str, list[Any]] = {ROWS: [], ALARM: []}
    part: list[Part] = []
    shares = (0.0 if scored else config.test_share, config.validation_share)
    pieces = [
        (recordings[k], rows, to)
        for k, rows, to in cut_in_time([len(r.values) for r in recordings], config.window, shares, _OVERLAP)
    ]
    for recording, rows, to in [*pieces, *((r, slice(None), "test") for r in scored)]:
        if len(recording.values[rows]) > config.settle:
            columns[ROWS].append(recording.values[rows])
            columns[ALARM].append([_mark(label, where) for label in recording.labels[rows]])
            part.append(to)
    lacking = [name for name in ("train", "validation", "test") if name not in part]
    if lacking:
        raise UserError(
            f"{where}: has too few rows: none is left for the {lacking[0]} part beyond the first {config.settle} "
            f"(--settle) of a recording; give more rows"
        )
    names, how = config.channels, {"along": ROWS, "supervised": False}
    return Examples(
        columns=columns,
        part=part,
        table=table_of_recordings(config, (config.label,) if config.label else ()),
        notes=notes,
        inputs=[Rows(name=ROWS, columns=names, meaning="what sensors say at each step")],
        outputs=[
            Steps(name=ALARM, along=ROWS, labels=("normal", "alarm"), meaning="whether something is wrong"),
            Steps(name=SCORE, meaning="how strange, 1 is the threshold", **how),
            Steps(name=REASON, labels=names, meaning="the column that is farthest from what was expected", **how),
            Steps(name=EXPECTED, columns=names, like=ROWS, meaning="what was expected", **how),
        ],
        options=config,
        told=f"{sum(len(r.values) for r in (*recordings, *scored)):,} rows of {len(names)} sensors",
    )


def _mark(label: str | None, where: str) -> int | None:
    if label is None:
        return None
    if label.lower() not in (*_TRUE, *_FALSE):
        known = f"an anomaly is told by {', '.join(_TRUE)}, a normal row by {', '.join(_FALSE)}"
        raise UserError(f"{where}: found the label '{label}'; {known}")
    return int(label.lower() in _TRUE)
