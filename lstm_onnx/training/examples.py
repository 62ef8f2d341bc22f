"""Real examples of a run's data with the answers that its model gave: kept in the run folder once training is finished.

They are chosen so that a few rows show as much as possible of what the model can meet (words, levels of a category,
hours and months, lengths, missing cells, every answer). Whoever restores the run holds its model to them: a plugin that
was edited since, or upgraded, and now answers otherwise is noticed. `export` and `verify` prove files on them.
"""

from __future__ import annotations

import heapq
import io
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Array, ColumnsSource, LengthsSource, StaticSource, TensorSpec, TextSource, TimeSource
from lstm_onnx.data.arrays import load_npz
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.splits import Split
from lstm_onnx.data.stored_rows import stored
from lstm_onnx.errors import UserError
from lstm_onnx.task import Answer, Arrays, GraphSpec
from lstm_onnx.training.provenance import digest
from lstm_onnx.training.run_folder import Run

Row = dict[str, Array]

BATCH = "batch"
"""What the axis is called along which examples stand beside each other."""
CANDIDATES = 4096
"""Examples of each split that are looked at."""
MOST = {True: 512, False: 64}
"""Examples that are kept: of texts, and of anything else."""
_MOST_BYTES = 4_000_000
_HELD_BYTES = 1 << 24
"""Bytes of examples that are looked at, at most, in memory."""
_LEVELS = 64
"""A column with no more values than this has levels; any other is cut into eighths."""
_HELD = 64
"""Examples that a restored model is held to."""
_SLACK = 100.0
"""How many tolerances another machine's arithmetic may be away: a changed plugin is thousands."""
_MOST_DECIDED_OTHERWISE = 0.05


def choose(graph: GraphSpec, splits: Sequence[Split | None], answer: Answer) -> list[Row]:
    """Choose examples of some splits, those that show most first.

    Args:
        graph: the main graph of the task.
        splits: where to look, the most important first.
        answer: gives the graph's outputs; each answer that it can give is something to show.

    Returns:
        for each example the inputs and outputs of the graph, by name, each with a batch of one and without padding.
    """
    rows = _kept(row for s in splits if s is not None for row in islice(_rows(graph, s, answer), CANDIDATES))
    text = any(isinstance(t.source, TextSource) for t in graph.inputs)
    shown, kinds = _shown(graph, rows)
    chosen: list[Row] = []
    seen = np.zeros(kinds, dtype=np.bool_)
    size = 0
    ahead = [(-len(items), k) for k, items in enumerate(shown)]
    heapq.heapify(ahead)
    while ahead and len(chosen) < MOST[text] and size < _MOST_BYTES:
        _, k = heapq.heappop(ahead)
        new = int(np.count_nonzero(~seen[shown[k]]))
        if ahead and -ahead[0][0] > new:  # others may show more by now
            heapq.heappush(ahead, (-new, k))
            continue
        if not new and len(chosen) >= 8:
            break
        chosen.append(rows[k])
        seen[shown[k]] = True
        size += sum(a.nbytes for a in rows[k].values())
    return chosen


def _kept(rows: Iterable[Row]) -> Sequence[Row]:
    """Keep rows in memory, or in files where they are many bytes: thousands of pictures are."""
    rest, held, size = iter(rows), list[Row](), 0
    for row in rest:
        held.append(row)
        size += sum(array.nbytes for array in row.values())
        if size > _HELD_BYTES:
            return stored(([row] for row in chain(held, rest)), DiskRoom())
    return held


def _rows(graph: GraphSpec, split: Split, answer: Answer) -> Iterator[Row]:
    for batch in split.batches(64):
        if any(t.name not in batch for t in graph.inputs):
            return  # to learn from: without the pixels of what a frozen encoder has looked at
        inputs = {t.name: batch[t.name] for t in graph.inputs}
        outputs = answer(inputs)
        for k in range(len(next(iter(inputs.values())))):
            row = {t.name: inputs[t.name][k : k + 1] for t in graph.inputs}
            said = {t.name: outputs[t.name][k : k + 1] for t in graph.outputs}
            yield _trimmed(graph, row) | _counted(graph, row | said, said)


def _counted(graph: GraphSpec, row: Row, said: Row) -> Row:
    """Cut the padding off the outputs of one example that say how many steps count."""
    found = dict(said)
    for t in graph.outputs:
        if t.count is not None:
            found[t.name] = said[t.name][:, : max(int(row[t.count][0]), 1)]
    return found


def _trimmed(graph: GraphSpec, row: Row) -> Row:
    """Cut the padding off the inputs of one example."""
    for t in graph.inputs:
        if isinstance(t.source, LengthsSource):
            axis = t.source.axis
            steps = max(int(row[t.name][0]), graph.axes[axis].min, 1)
            for other in graph.inputs:
                if axis in other.dims:
                    row[other.name] = np.take(row[other.name], range(steps), axis=other.dims.index(axis))
    return row


def _shown(graph: GraphSpec, rows: Sequence[Row]) -> tuple[list[NDArray[np.int32]], int]:
    """What each example shows that another may not, each thing by a number; and how many things there are.

    As sets of what they stand for they took 60 MB for some thousand windows of a few columns.
    """
    numbers = [t for t in graph.inputs if isinstance(t.source, ColumnsSource | StaticSource) and t.dtype != "string"]
    cuts = {t.name: _cuts(t, rows) for t in numbers}
    tensors = [(t, cuts.get(t.name) if t in graph.inputs else None) for t in (*graph.inputs, *graph.outputs)]
    numbers_of: dict[Hashable, int] = defaultdict(count().__next__)
    found = []
    for row in rows:
        items = {(t.name, item) for t, c in tensors for item in _items(t, row[t.name], row, c)}
        found.append(np.fromiter((numbers_of[item] for item in items), np.int32, len(items)))
    return found, len(numbers_of)


def _items(t: TensorSpec, array: Array, row: Row, cuts: list[Array] | None) -> set[Hashable]:
    if isinstance(t.source, TimeSource):
        moments = array.ravel()[[0, -1]].astype("datetime64[s]")
        days = moments.astype("datetime64[D]")
        return {
            *(("month", int(m)) for m in moments.astype("datetime64[M]").astype(int) % 12),
            *(("weekday", int(d)) for d in days.astype(int) % 7),
            *(("hour", int(h)) for h in (moments - days).astype(int) // 3600),
        }
    if isinstance(t.source, LengthsSource):
        return {("length", int(np.log2(1 + int(array.ravel()[0]))))}
    if array.dtype.kind in "OSU":
        return {word for text in array.ravel() for word in str(text).split()}
    if isinstance(t.source, TextSource):
        return set(bytes(array.ravel().astype(np.uint8)).rstrip(b"\0").split())
    if cuts is not None:
        columns = array.reshape(-1, array.shape[-1])
        found: set[Hashable] = {("missing", c) for c in np.flatnonzero(~np.isfinite(columns).all(axis=0))}
        for c, edges in enumerate(cuts):
            known = columns[:, c][np.isfinite(columns[:, c])]
            found |= {(c, int(k)) for k in np.unique(np.searchsorted(edges, known))}
        return found
    if array.dtype.kind in "iub" and array.ndim <= 2:  # tokens, classes, decisions
        return {int(v) for v in np.unique(array)}
    return set()


def _cuts(t: TensorSpec, rows: Sequence[Row]) -> list[Array]:
    """Of each column the levels that it has or, where those are many, the eighths of its values."""
    cells = np.concatenate([row[t.name].reshape(-1, row[t.name].shape[-1]) for row in rows[:512]])
    found = []
    for column in cells.T:
        values = np.unique(column[np.isfinite(column)])
        found.append(values if len(values) <= _LEVELS else np.quantile(values, np.arange(1, 8) / 8))
    return found


def together(graph: GraphSpec, rows: Sequence[Arrays]) -> Row:
    """Put inputs of a graph, each with a batch of one, into one batch, padded at their ends."""
    found: Row = {}
    for t in graph.inputs:
        arrays, axis = [row[t.name] for row in rows], t.dims.index(BATCH)
        shape = np.max([a.shape for a in arrays], axis=0)
        found[t.name] = np.concatenate([_padded(a, shape) for a in arrays], axis=axis)
    return found


def _padded(array: Array, shape: Array) -> Array:
    """Fill up with zeros, or with empty strings."""
    widths = [(0, int(n) - m) for n, m in zip(shape, array.shape, strict=True)]
    if array.dtype.kind not in "OSU":
        return np.pad(array, widths)
    return np.pad(array.astype(object), widths, constant_values="")


def save_examples(run: Run, rows: Sequence[Row]) -> None:
    """Write examples into the run folder, and their digest into its record (which is yet to be saved)."""
    content = io.BytesIO()
    arrays = {
        f"{k}.{name}": a.astype(str) if a.dtype.kind in "OSU" else a
        for k, r in enumerate(rows)
        for name, a in r.items()
    }
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]  # none is of objects
    write_atomically(run.examples, content.getvalue())
    run.record.examples = digest(run.examples)


def load_examples(run: Run) -> list[Row]:
    """Read the examples of a run; none of one that is not finished, or of an older release.

    Raises:
        UserError: they are damaged.
    """
    if run.record.examples is None:
        return []
    if not run.examples.is_file() or digest(run.examples) != run.record.examples:
        raise UserError(f"{run.examples}: damaged or gone; restore it from a copy, or train again")
    rows: dict[int, Row] = {}
    for name, array in load_npz(run.examples).items():
        number, _, tensor = name.partition(".")
        rows.setdefault(int(number), {})[tensor] = array.astype(object) if array.dtype.kind in "SU" else array
    return [rows[k] for k in sorted(rows)]


def hold(run: Run, graph: GraphSpec, answer: Answer) -> None:
    """Hold a restored model to the answers that it gave when it was trained.

    Raises:
        UserError: it answers otherwise.
    """
    rows = load_examples(run)[:_HELD]
    otherwise = 0
    for row in rows:
        found = answer({t.name: row[t.name] for t in graph.inputs})
        decided = {n: bool(np.any(found[n] != row[n])) for n in found if row[n].dtype.kind not in "fc"}
        otherwise += any(decided.values())
        if any(decided.values()):
            continue
        for name, got in found.items():
            if row[name].dtype.kind == "f" and not _near(got, row[name], graph.tolerance.of(name)):
                _refuse(run, name, got, row[name])
    if otherwise > max(1, _MOST_DECIDED_OTHERWISE * len(rows)):
        raise UserError(
            f"{run.folder}: its model decides {otherwise} of {len(rows)} examples otherwise than when it was trained: "
            f"the plugin ({run.record.plugin}) has changed since; use the one that it was trained with, or train again"
        )


def _near(got: Array, wanted: Array, tolerance: object) -> bool:
    rtol, atol = (_SLACK * getattr(tolerance, name) for name in ("rtol", "atol"))
    finite = np.isfinite(wanted)
    largest = float(np.max(np.abs(wanted[finite]), initial=0.0))
    return got.shape == wanted.shape and np.allclose(
        got, wanted, rtol=0, atol=atol + max(rtol, 1e-4) * largest, equal_nan=True
    )


def _refuse(run: Run, name: str, got: Array, wanted: Array) -> None:
    if got.shape != wanted.shape:
        told = f"gives {name} of shape {got.shape}, and gave {wanted.shape} when it was trained"
    else:
        at = np.unravel_index(int(np.nanargmax(np.abs(got - wanted))), got.shape)
        told = f"answers {name} {got[at]:.4g}, and answered {wanted[at]:.4g} when it was trained"
    raise UserError(
        f"{run.folder}: its model {told}: the plugin ({run.record.plugin}) has changed since; use the one that it was "
        f"trained with, or train again"
    )


def for_graph(graph: GraphSpec, main: GraphSpec, rows: Sequence[Row]) -> Iterator[Arrays]:
    """Turn examples of the main graph into inputs of another of the same run, such as a stream, as far as they can be.

    States begin at their reset values.
    """
    resets = {s.input: s.reset for s in graph.states}
    for row in rows:
        known: Mapping[str, Array] = row
        if main.before is not None and any(t.name not in row and t.name not in resets for t in graph.inputs):
            known = {**row, **main.before.reference(row)}
        if any(t.name not in known and t.name not in resets for t in graph.inputs):
            return
        there = [t for t in graph.inputs if t.name in known]
        sizes = {d: n for t in there for d, n in zip(t.dims, known[t.name].shape, strict=True)}
        yield {
            t.name: known[t.name]
            if t.name not in resets
            else np.full([graph.axes[d].size or sizes[d] for d in t.dims], resets[t.name], t.dtype)
            for t in graph.inputs
        }
