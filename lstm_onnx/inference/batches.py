"""Runs a graph on many examples, some at a time: examples of like length together, so that memory stays bounded.

Memory grows with the number of examples times the longest of those that run together; one text of a book's length
must not make thousands of short ones as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Arrays

CELLS = 2**12
"""Steps or words that go through the graph at once, at most, unless one example has more.

Not more, for speed: ONNX Runtime multiplies the inputs of all steps by an LSTM's weights first, and what that gives (of
4,096 steps at 64 units 4 MB) is read again step by step. Where it leaves the processor's caches, the whole takes up to
1.4 times as long; see benchmarks/speed/README.md."""


def run_in_batches(contract: Contract, arrays: Arrays, run: Callable[[Arrays], dict[str, Array]]) -> dict[str, Array]:
    """Return the outputs for all examples, in their order.

    What differs in length from batch to batch (tags of words) is padded at its end, with 0 or empty strings.

    Args:
        contract: of the graph.
        arrays: its inputs by name; one whose examples differ in length may be an array of objects, an array each.
        run: answers for a batch.
    """
    lengths = _lengths(contract, arrays)
    if lengths is None:
        return run(arrays)
    ragged = [t.name for t in contract.inputs if _is_ragged(t.dtype, arrays.get(t.name))]
    batches = list(_cut(lengths))
    if len(batches) == 1 and not ragged:
        return run(arrays)
    found = [run(_gather(contract, arrays, ragged, chosen)) for chosen in batches]
    order = np.argsort(np.concatenate(batches), kind="stable")
    return {name: joined([part[name] for part in found])[order] for name in found[0]}


def _is_ragged(dtype: str, array: Array | None) -> bool:
    return dtype != "string" and array is not None and array.dtype == object


def _lengths(contract: Contract, arrays: Arrays) -> Array | None:
    """Return how many steps each example takes; None where the inputs cannot be taken apart."""
    given, answered = contract.external_inputs, contract.outputs
    batch = given[0].dims[0] if given and given[0].dims else None
    if contract.states or batch is None or contract.axes[batch].size is not None:
        return None
    if any(batch in t.dims[1:] for t in given) or any(t.dims[:1] != (batch,) or batch in t.dims[1:] for t in answered):
        return None
    count = len(arrays[given[0].name])
    found = np.ones(count, dtype=np.int64)
    for tensor in given:
        if tensor.name not in arrays or tensor.dims[:1] != (batch,):
            continue  # left out, or the same for all
        array = arrays[tensor.name]
        if _is_ragged(tensor.dtype, array):
            steps = np.array([len(row) for row in array], dtype=np.int64)
            if tensor.dtype == "uint8":
                steps = steps // _BYTES
        elif tensor.dtype == "string" and array.ndim == 1:
            steps = np.array([len(str(text)) // _BYTES for text in array], dtype=np.int64)
        else:
            free = [size for dim, size in zip(tensor.dims[1:], array.shape[1:], strict=True) if _runs(contract, dim)]
            steps = np.full(count, prod(free[:1]), dtype=np.int64)
        found = np.maximum(found, steps)
    return found


_BYTES = 4
"""A word has so many letters at least, on average: a bound for how many words a text has."""


def _runs(contract: Contract, dim: str) -> bool:
    """Whether an axis runs over steps: it has no names for its places."""
    return contract.axes[dim].labels is None


def _cut(lengths: Array) -> Iterator[Array]:
    """Cut the examples into batches, those of like length together; in their order where all are as long."""
    order = np.argsort(lengths, kind="stable")
    begin = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - begin) * int(lengths[order[end]]) > CELLS:
            yield order[begin:end]
            begin = end
    if not len(order):
        yield order


def _gather(contract: Contract, arrays: Arrays, ragged: list[str], chosen: Array) -> dict[str, Array]:
    batch = dict(arrays)
    for tensor in contract.external_inputs:
        if tensor.name in arrays and tensor.dims[:1] == contract.external_inputs[0].dims[:1]:
            rows = arrays[tensor.name][chosen]
            ends = tensor.name in ragged
            batch[tensor.name] = padded(list(rows), contract.axes[tensor.dims[1]].min) if ends else rows
    return batch


def padded(rows: list[Array], least: int = 1) -> Array:
    """Return (batch, length, …), zeros after the end of each row."""
    length = max(least, *(len(row) for row in rows))
    array = np.zeros((len(rows), length, *rows[0].shape[1:]), dtype=rows[0].dtype)
    for place, row in zip(array, rows, strict=True):
        place[: len(row)] = row
    return array


def apart(rows: list[Array]) -> Array:
    """Return an array of objects, an array each."""
    found = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        found[i] = row
    return found


def joined(parts: list[Array]) -> Array:
    """Put batches one after the other, each padded to the largest."""
    shape = tuple(np.max([part.shape[1:] for part in parts], axis=0).tolist())
    if all(part.shape[1:] == shape for part in parts):
        return np.concatenate(parts)
    kind = parts[0].dtype
    whole = np.full((sum(map(len, parts)), *shape), "" if kind.kind in "OSU" else 0, dtype=kind)
    begin = 0
    for part in parts:
        whole[(slice(begin, begin + len(part)), *map(slice, part.shape[1:]))] = part
        begin += len(part)
    return whole
