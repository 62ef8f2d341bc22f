"""Long recordings with a label for each row, cut into windows that are classified."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.contract import Table
from lstm_onnx.data.parts import Part
from lstm_onnx.data.windows import Windows, cut_windows, rows_of
from lstm_onnx.errors import UserError
from lstm_onnx_classification.cells import cells, has_cell, part_names
from lstm_onnx_classification.columns import Roles
from lstm_onnx_classification.examples import Examples, RawExamples, StepArray
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading_texts import SKIP

_BLOCKS = 10
"""One recording alone is parted by blocks of time, so that windows that overlap are on one side."""


def read_recordings(frame: pl.DataFrame, where: Path, roles: Roles, config: Config) -> RawExamples:
    """Cut recordings into windows; the label of most of its rows is that of a window.

    A recording is on one side of a split. Of one recording alone the windows are grouped by blocks of time, and those
    that reach from one block into the next are left out.

    Raises:
        UserError: a length does not fit, or a label is missing.
    """
    assert config.windows is not None
    window = rows_of(config.windows, "--windows", frame, where, roles.ids, roles.time)
    hop = rows_of(config.hop, "--hop", frame, where, roles.ids, roles.time) if config.hop else max(1, window // 2)
    found = cut_windows(
        frame, where, sequence=roles.ids, time=roles.time, columns=roles.channels, window=window, hop=hop
    )
    labels, kept, notes = _labels(frame, where, roles, config, found)
    groups, kept, more = _groups(frame, where, roles, found, kept)
    if not kept:
        raise UserError(f"{where}: no window is left to learn from; make them shorter with --windows")
    read = found.sequences
    values: list[StepArray] = [read.values[i] for i in kept]
    return RawExamples(
        Examples(values, [labels[i] for i in kept], [f"{where}: {read.places[i]}" for i in kept], groups),
        parts=_parts(frame, where, roles, found, kept),
        channels=roles.channels,
        table=Table(
            time=roles.time,
            series=roles.ids[0] if roles.ids else None,
            series_with=roles.ids[1:],
            others=tuple(c for c in roles.known if c not in roles.ids),
            window=window,
            hop=hop,
        ),
        notes=(*found.notes, *notes, *more, *read.notes),
    )


def _labels(
    frame: pl.DataFrame, where: Path, roles: Roles, config: Config, found: Windows
) -> tuple[list[str], list[int], tuple[str, ...]]:
    """Return the label of each window, the windows that have one, and what to tell."""
    there = has_cell(frame, roles.label, where)
    rows = np.flatnonzero(there)
    advice = f"fill it in, delete the row, or {SKIP}"
    texts = cells(frame, roles.label, where, "class", rows if config.on_missing == "skip" else None, advice)
    named = np.full(frame.height, "", dtype=object)
    named[rows if config.on_missing == "skip" else slice(None)] = texts
    labels, kept, mixed = [], [], 0
    for i, steps in enumerate(found.steps):
        counts = Counter(label for label in named[steps] if label)
        labels.append(counts.most_common(1)[0][0] if counts else "")
        mixed += len(counts) > 1
        if counts:
            kept.append(i)
    notes = [f"{mixed:,} windows hold rows of several labels: that of most rows is taken"] if mixed else []
    if len(kept) < len(labels):
        notes.append(f"left out, windows without any label: {len(labels) - len(kept):,}")
    return labels, kept, tuple(notes)


def _groups(
    frame: pl.DataFrame, where: Path, roles: Roles, found: Windows, kept: list[int]
) -> tuple[list[str], list[int], tuple[str, ...]]:
    """Say what must not be torn apart: groups as asked for, recordings, or blocks of the one recording."""
    first = [int(found.steps[i][0]) for i in kept]
    if roles.group is not None:
        return cells(frame, roles.group, where, "group", first), kept, ()
    if len(set(found.recording.tolist())) > 1:
        return [str(found.recording[i]) for i in kept], kept, ("a recording is on one side of the split",)
    size = max(1, -(-frame.height // _BLOCKS))
    within = [i for i in kept if found.steps[i][0] // size == found.steps[i][-1] // size]
    if not within:
        return [str(i) for i in kept], kept, ()
    note = f"one recording alone is parted by {_BLOCKS} blocks of time; {len(kept) - len(within):,} windows that reach "
    return [str(found.steps[i][0] // size) for i in within], within, (f"{note}over an edge are left out",)


def _parts(frame: pl.DataFrame, where: Path, roles: Roles, found: Windows, kept: list[int]) -> tuple[Part, ...] | None:
    if roles.split is None:
        return None
    rows = [int(found.steps[i][0]) for i in kept]
    return part_names(cells(frame, roles.split, where, "part", rows), roles.split, rows, where)
