"""What is odd about the parts of a data set: labels that one lacks, examples and groups on both sides of the split."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from lstm_onnx.data.parts import Part, Whole
from lstm_onnx.errors import UserError
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.split import GathersRows
from lstm_onnx.features.stored import lies_in_files

_SHOWN = 5


def remarks(
    examples: Examples, chosen: Mapping[Part, Whole | range], inputs: Sequence[str], answer: str | None, validates: bool
) -> list[str]:
    """Return a note for each thing that is odd about the parts.

    Args:
        examples: all of them.
        chosen: numbers of the examples of each part.
        inputs: names of what goes in.
        answer: the category that is answered, if one is.
        validates: whether a validation part was wished for.

    Raises:
        UserError: a label is in the test part alone.
    """
    notes = []
    if validates and not len(chosen["validation"]):
        notes.append("too few examples for a validation part: training does not know when to stop")
    labels = [str(label) for label in examples.columns[answer]] if answer is not None else None
    if labels is not None and answer is not None:
        notes += _of_labels(examples, labels, chosen, answer)
    notes += _of_repeats(examples, labels, chosen, inputs)
    return notes + _of_groups(examples, chosen)


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names as a person does: numbers by size, `class 2` before `class 10`."""
    found = list(names)
    if all(map(_is_number, found)):
        return sorted(found, key=lambda name: (float(name), name))

    def key(name: str) -> tuple[list[tuple[bool, int, str]], str]:
        pieces = (piece for piece in re.split(r"(\d+)", name) if piece)
        return [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p.casefold()) for p in pieces], name

    return sorted(found, key=key)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _of_labels(
    examples: Examples, labels: Sequence[str], chosen: Mapping[Part, Whole | range], answer: str
) -> list[str]:
    known = Counter(labels[int(i)] for i in chosen["train"])
    for i in chosen["test"]:
        if labels[int(i)] not in known:
            place = examples.places[int(i)] if examples.places is not None else "read"
            raise UserError(
                f"{place}: the {answer} '{labels[int(i)]}' is in the test examples alone, so nothing can be learnt of "
                "it; add examples of it to the training part, or leave it out of the test"
            )
    notes = []
    for part in ("validation", "test"):
        there = {labels[int(i)] for i in chosen[part]}
        missing = in_order(set(labels) - there) if there else []
        if missing:
            notes.append(f"no example in the {part} part: {_listed(answer, missing)}")
    if lonely := in_order(label for label, count in known.items() if count == 1):
        notes.append(f"one example alone to learn from: {_listed(answer, lonely)}")
    return notes


def _of_repeats(
    examples: Examples, labels: Sequence[str] | None, chosen: Mapping[Part, Whole | range], inputs: Sequence[str]
) -> list[str]:
    columns = [examples.columns[name] for name in inputs]
    if any(isinstance(column, GathersRows) for column in columns):
        return []  # windows of a series overlap by their nature
    if lies_in_files(columns):
        return []  # it would take the memory that they are to do without
    seen: dict[Any, set[str]] = defaultdict(set)
    for i in map(int, chosen["train"]):
        seen[tuple(_key(column[i]) for column in columns)].add(labels[i] if labels is not None else "")
    notes = []
    torn = sum(len(said) > 1 for said in seen.values())
    if torn:
        plural = "s stand" if torn > 1 else " stands"
        notes.append(f"{torn:,} example{plural} more than once in the training part, with different answers")
    both = sum(tuple(_key(column[i]) for column in columns) in seen for i in map(int, chosen["test"]))
    if both:
        plural = "s are" if both > 1 else " is"
        notes.append(f"{both:,} test example{plural} in the training part, too: scores are too good by them")
    return notes


def _key(row: Any) -> Any:
    if isinstance(row, str | int | float | None):
        return row
    if isinstance(row, tuple):  # such as samples and their rate
        return tuple(map(_key, row))
    array = np.asarray(row)
    return array.shape, blake2b(np.ascontiguousarray(array).tobytes()).digest()


def _of_groups(examples: Examples, chosen: Mapping[Part, Whole | range]) -> list[str]:
    if examples.together is None:
        return []
    learnt, tested = ({str(examples.together[int(i)]) for i in chosen[part]} for part in ("train", "test"))
    shared = in_order(learnt & tested)
    return [f"on both sides of the split that the data brings: {_listed('group', shared)}"] if shared else []


def _listed(what: str, names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return f"{what} {shown}" + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
