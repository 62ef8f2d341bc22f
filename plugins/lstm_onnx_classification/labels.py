"""What is odd about the classes of a data set, told or left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from lstm_onnx.data.shown_piece import shown_piece
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.features.category import Category
from lstm_onnx_classification.examples import RawExamples, taken
from lstm_onnx_classification.options import Config

OnBad = Literal["stop", "skip"]
_MARKS = "|;,/+&"
"""What may join several labels in one cell."""
_MANY = 10
"""So many different numbers that are not all whole are none that name classes."""
_MANY_WHOLE = 30
_FEW_EACH = 10
"""Whole numbers with fewer examples each than this are rather counted than named."""
_RARE = 0.1
"""A class with a smaller share of the examples is seldom answered, unless it is weighed."""
_DOUBTFUL = ("none", "null", "na", "n/a", "-", "?", "unknown")


def one_label(config: Config) -> Category:
    """Return the answer of a classifier, whose classes are still to be found."""
    return Category(
        name="label",
        meaning="the class",
        scores="probabilities",
        axis="class",
        calibrated=True,
        balance=config.balance,
        decision=config.answered,
        even=True,
    )


def label_notes(labels: Sequence[str], is_balanced: bool) -> list[str]:
    """Return a line for each thing about the classes that may not be meant so.

    Args:
        labels: of all examples.
        is_balanced: whether something is done about rare classes.
    """
    counts = Counter(labels)
    found = [_joined(counts), _numbers(counts), _doubtful(counts), _spelt_alike(counts)]
    return [note for note in [*found, None if is_balanced else _rare(counts)] if note]


def _joined(counts: Counter[str]) -> str | None:
    for mark in _MARKS:
        pieces = {name: [p.strip() for p in name.split(mark)] for name in counts if mark in name.strip(mark)}
        seen = Counter(p for parts in pieces.values() for p in parts if p)
        both = [n for n, parts in pieces.items() if all(parts) and any(p in counts or seen[p] > 1 for p in parts)]
        if both and sum(counts[n] for n in both) < counts.total():
            shown = " and ".join(f"'{name}'" for name in both[:2]) + (" and more" if len(both) > 2 else "")
            return (
                f"{sum(counts[n] for n in both):,} examples have several labels in one cell, joined by '{mark}': "
                f"{shown}; each is taken as a class of its own, as an example has one label here; for several give "
                f"--several '{mark}'"
            )
    return None


def _numbers(counts: Counter[str]) -> str | None:
    try:
        values = [float(name) for name in counts]
    except ValueError:
        return None
    if not all(map(math.isfinite, values)):
        return None
    whole = all(value == int(value) for value in values)
    many = len(values) >= (_MANY_WHOLE if whole else _MANY)
    if not many or (whole and counts.total() >= _FEW_EACH * len(values)):
        return None
    return (
        f"the {len(values):,} classes, {min(values):g} to {max(values):g}, look like numbers to predict (regression): "
        f"classification takes each as a class of its own, and knows no order among them"
    )


def _doubtful(counts: Counter[str]) -> str | None:
    found = [name for name in counts if name.lower() in _DOUBTFUL]
    if not found or len(counts) < 3:
        return None
    name = found[0]
    return (
        f"'{name}' is taken as a class of its own ({counts[name]:,} examples); if it stands for a label that is "
        f"missing, empty these cells and give --on-missing skip"
    )


def _spelt_alike(counts: Counter[str]) -> str | None:
    """Name classes that differ in capitals or spaces alone, if they have more letters than one."""
    alike: dict[str, list[str]] = {}
    for name in sorted(counts):
        alike.setdefault(" ".join(name.casefold().split()), []).append(name)
    several = [names for folded, names in alike.items() if len(names) > 1 and len(folded) > 1]
    if not several:
        return None
    shown = " and ".join(f"'{name}' ({counts[name]:,})" for name in several[0][:4])
    more = f", and so do those of {len(several) - 1} more" * (len(several) > 1)
    return (
        f"the classes {shown} differ in capitals or spaces alone{more}: each is taken as a class of its own; write "
        "them alike in the table if they are one"
    )


def _rare(counts: Counter[str]) -> str | None:
    if len(counts) < 2:
        return None
    name, count = min(counts.items(), key=lambda item: (item[1], item[0]))
    if count >= _RARE * counts.total() or count * len(counts) >= 0.5 * counts.total():
        return None
    return (
        f"class '{name}' is rare, {count:,} of {counts.total():,} examples: a model may never answer it and still be "
        f"right nearly always; look at balanced_accuracy and at its recall, and try "
        f"--decision balanced, or --balance weights or sampling"
    )


def without_unseen(found: RawExamples, on_unseen: OnBad) -> tuple[RawExamples, tuple[str, ...]]:
    """Leave out, or refuse, test examples of a class that is not in training, where the data says what is which.

    Raises:
        UserError: there is one, and they are not to be left out.
    """
    own, parts = found.examples, found.parts
    if parts is None or "test" not in parts:
        return found, ()
    if shown_piece() is not None:  # a class may be in the training part of another piece: whoever joins them looks
        if on_unseen == "skip":
            raise UserError("--on-unseen skip: needs the table whole, and it is read in pieces; leave it out")
        return found, ()
    known = {label for label, part in zip(own.labels, parts, strict=True) if part == "train"}
    if not known:
        return found, ()  # nothing to learn from, which is told elsewhere
    strange = [i for i, label in enumerate(own.labels) if parts[i] == "test" and label not in known]
    if not strange:
        return found, ()
    if on_unseen == "stop":
        more = f" (and {len(strange) - 1:,} more)" if len(strange) > 1 else ""
        raise UserError(
            f"{own.places[strange[0]]}: the class '{own.labels[strange[0]]}' is in the test examples alone{more}, so "
            f"nothing can be learnt of it; add examples of it to the training part, or leave such out with "
            f"--on-unseen skip"
        )
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(own.labels[i] for i in strange))
    kept = np.setdiff1d(np.arange(len(own)), strange)
    left = replace(found, examples=taken(own, kept.tolist()), parts=tuple(parts[int(i)] for i in kept))
    return left, (f"left out, of a class that is in the test examples alone: {len(strange):,}, {names}",)


def refuse_classes(
    classes: Sequence[str],
    labels: Sequence[str],
    places: Sequence[str],
    config: Config,
    source: Path,
    named: Sequence[str] = (),
) -> None:
    """Refuse an example of a class beside those that are given, one class alone, and a named class without an example.

    Args:
        classes: all of them.
        labels: the class of each example.
        places: where each example stands, for errors.
        config: says whether classes were given.
        source: of the examples, for errors.
        named: classes that the data names, whether they have an example or not.
    """
    for label, place in zip(labels, places, strict=True):
        if label not in classes:
            raise UserError(
                f"{place}: the class '{label}' is none of those that are given or were learnt{nearest(label, classes)}"
            )
    if len(classes) == 1 and not config.classes and shown_piece() is None:
        raise UserError(
            f"{source}: all {len(labels):,} examples are of the class '{classes[0]}'; add examples of another, as "
            "there is nothing to tell apart"
        )
    there = set(labels)
    if empty := [name for name in named if name not in there]:
        raise UserError(
            f"{source}: the class '{empty[0]}' is named, and has no example to learn from; add some, or take the name "
            "out"
        )
