"""From a source to examples for training, validation and test.

The official test part is used where there is one: a file of its own, a folder `test`, a column that says so. Else some
of the examples are cut off, stratified by class, and likewise the validation part of what is left.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.parts import PARTS, Part, cut, part_out
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.task import DataSet
from lstm_onnx_classification.examples import Examples, RawExamples, SplitExamples, StepArray
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import read

_SHOWN = 5


def bundled() -> Path:
    """Return the bundled data: 640 utterances of nine speakers, 12 channels, 7 to 29 steps (`datasets/README.md`)."""
    return _folder() / "japanese_vowels.npz"


def _folder() -> Path:
    return Path(str(files("lstm_onnx_classification"))) / "datasets"


VOWELS = DataSet(
    name="vowels",
    files=(bundled(), _folder() / "README.md"),
    summary="640 utterances of nine speakers, 12 channels, 7 to 29 steps",
    licence="CC BY 4.0, Kudo, Toyama and Shimbo, Japanese Vowels, UCI Machine Learning Repository, 1999",
    origin="https://doi.org/10.24432/C5NS47",
)


def load(source: Path | None, config: Config, seed: int) -> SplitExamples:
    """Read examples, or without a source the bundled data, and split them.

    Args:
        source: file or folder; None reads the bundled data.
        config: roles of the columns and sizes of the parts.
        seed: decides which examples go to which part, where the data does not say it.

    Raises:
        UserError: the data cannot be used; says where, what was found and what to do.
    """
    source = bundled() if source is None else source
    found = read(source, config)
    notes = list(found.notes)
    classes = config.classes or _classes(found.examples.labels)
    if config.classes:
        _refuse_other_classes(classes, found.examples)
    else:
        _refuse_one_class(classes, found.examples, source)
    random = np.random.default_rng(seed)
    train, validation, test = _parts(found, config, source, random, notes)
    _refuse_classes(found, train, test, source, notes)
    _note_classes(classes, train, validation, test, notes)
    _note_empty(found.examples, notes)
    _note_repeats(train, test, bool(found.column), notes)
    _note_groups(train, test, notes)
    return SplitExamples(
        train=train,
        validation=validation,
        test=test,
        classes=classes,
        channels=found.channels,
        table=found.table,
        column=found.column,
        config=(found.config or config).model_copy(update={"classes": classes}),
        summary=_summary(found, classes, train, validation, test),
        notes=tuple(notes),
        understood=found.understood,
    )


def natural_order(names: Sequence[str]) -> list[str]:
    """Sort names as a person does: numbers by size, `class 2` before `class 10`."""
    if all(_is_number(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))

    def key(name: str) -> tuple[list[tuple[bool, int, str]], str]:
        pieces = (piece for piece in re.split(r"(\d+)", name) if piece)
        return [(not p.isdecimal(), int(p) if p.isdecimal() else 0, p.casefold()) for p in pieces], name

    return sorted(names, key=key)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _classes(labels: list[str]) -> tuple[str, ...]:
    return tuple(natural_order(list(set(labels))))


def _refuse_other_classes(classes: tuple[str, ...], examples: Examples) -> None:
    for label, place in zip(examples.labels, examples.places, strict=True):
        if label not in classes:
            raise UserError(
                f"{place}: the class '{label}' is none of those that are given or were learnt{nearest(label, classes)}"
            )


def _refuse_one_class(classes: tuple[str, ...], examples: Examples, source: Path) -> None:
    if len(classes) == 1:
        raise UserError(
            f"{source}: all {len(examples):,} examples are of the class '{classes[0]}'; add examples of another, as "
            "there is nothing to tell apart"
        )


def _parts(
    found: RawExamples, config: Config, source: Path, random: np.random.Generator, notes: list[str]
) -> tuple[Examples, Examples | None, Examples]:
    examples = found.examples

    def cut_off(free: NDArray[np.int64], part: Part) -> NDArray[np.int64]:
        if part == "validation" and not config.validation_share:
            return free[:0]
        some, tested = examples.take(free), part == "test"
        share = config.test_share if tested else config.validation_share
        off = free[cut(some.labels, some.groups, share, random, 1 if tested else 2)[1]]
        if tested and not len(off):
            _refuse_too_few(some, config, source)
        return off

    chosen = part_out(found.parts, len(examples), cut_off)
    if not len(chosen["train"]):
        raise UserError(f"{source}: no example is for training; mark some as train")
    train, validation, test = (examples.take(chosen[part]) for part in PARTS)
    if not len(validation) and config.validation_share:
        notes.append("too few examples for a validation part: training does not know when to stop")
    return train, validation if len(validation) else None, test


def _refuse_too_few(examples: Examples, config: Config, source: Path) -> None:
    classes = len(set(examples.labels))
    if examples.groups is not None:
        groups = len(set(examples.groups))
        raise UserError(
            f"{source}: {groups} group{'s' * (groups != 1)} of '{config.group}' cannot be parted into some to learn "
            "from, with every class among them, and some to test; add groups, or leave out --group"
        )
    raise UserError(
        f"{source}: {len(examples)} examples of {classes} classes are too few to learn from some and test on others; "
        "add examples, or give others to test on with --test-file"
    )


def _refuse_classes(found: RawExamples, train: Examples, test: Examples, source: Path, notes: list[str]) -> None:
    """Refuse a class without an example to learn from; note one without an example to test."""
    known = set(train.labels)
    for label, place in zip(test.labels, test.places, strict=True):
        if label not in known:
            raise UserError(
                f"{place}: the class '{label}' is in the test examples alone, so nothing can be learnt of it; add "
                "examples of it to the training part, or leave it out of the test"
            )
    empty = [name for name in found.named if name not in known]
    if empty:
        raise UserError(
            f"{source}: the class '{empty[0]}' is named, and has no example to learn from; add some, or take the name "
            "out"
        )


def _note_classes(
    classes: tuple[str, ...], train: Examples, validation: Examples | None, test: Examples, notes: list[str]
) -> None:
    for name, part in (("validation", validation), ("test", test)):
        missing = [c for c in classes if part is not None and c not in set(part.labels)]
        if missing:
            notes.append(f"no example in the {name} part: {_listed('class', missing)}")
    lonely = [c for c, count in Counter(train.labels).items() if count == 1]
    if lonely:
        notes.append(f"one example alone to learn from: {_listed('class', natural_order(lonely))}")


def _note_empty(examples: Examples, notes: list[str]) -> None:
    empty = [i for i, item in enumerate(examples.items) if isinstance(item, np.ndarray) and bool(np.isnan(item).all())]
    if empty:
        more = f" and {len(empty) - 1:,} more have" if len(empty) > 1 else " has"
        notes.append(f"{examples.places[empty[0]]}{more} no value that is known")


def _note_repeats(train: Examples, test: Examples, texts: bool, notes: list[str]) -> None:
    seen: dict[object, set[str]] = defaultdict(set)
    for item, label in zip(train.items, train.labels, strict=True):
        seen[_key(item)].add(label)
    torn = sum(len(labels) > 1 for labels in seen.values())
    what = "text" if texts else "sequence"
    if torn:
        plural = "s stand" if torn > 1 else " stands"
        notes.append(f"{torn:,} {what}{plural} more than once in the training part, with different classes")
    both = sum(_key(item) in seen for item in test.items)
    if both:
        plural = "s are" if both > 1 else " is"
        notes.append(f"{both:,} test example{plural} in the training part, too: scores are too good by them")


def _key(item: object) -> object:
    return (item.shape, blake2b(item.tobytes()).digest()) if isinstance(item, np.ndarray) else item


def _note_groups(train: Examples, test: Examples, notes: list[str]) -> None:
    if train.groups is None or test.groups is None:
        return
    shared = natural_order(list(set(train.groups) & set(test.groups)))
    if shared:
        notes.append(f"on both sides of the split that the data brings: {_listed('group', shared)}")


def _listed(what: str, names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    if len(names) == 1:
        return f"{what} {shown}"
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{plural} {shown}" + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _summary(
    found: RawExamples, classes: tuple[str, ...], train: Examples, validation: Examples | None, test: Examples
) -> str:
    sizes = f"{len(train):,} to learn from, {len(validation) if validation else 0:,} to validate, {len(test):,} to test"
    count = len(train) + (len(validation) if validation else 0) + len(test)
    if found.column:
        return f"{count:,} texts of {len(classes)} classes; {sizes}"
    lengths = [len(item) for part in (train, validation, test) if part for item in cast(list[StepArray], part.items)]
    low, high = min(lengths), max(lengths)
    steps = f"{low:,} to {high:,} steps" if low < high else f"{low:,} step{'s' * (low != 1)}"
    channels = f"{len(found.channels)} channel{'s' * (len(found.channels) != 1)}"
    return f"{count:,} sequences of {channels} and {steps}, {len(classes)} classes; {sizes}"
