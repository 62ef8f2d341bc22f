"""Sequences of several channels in a row each: `ax_0` … `ax_19` and `ay_0` … `ay_19` are 20 steps of two channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lstm_onnx.data.measures import number_in, numbered
from lstm_onnx.errors import UserError, nearest

_MARKS = " _.-"
Blocks = Mapping[str, Sequence[str]]
"""Of each channel the columns of its steps, the first first."""


def blocks_in(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the channels whose steps columns seem to be, by what their names share beside their number.

    Args:
        names: of columns of numbers.
    """
    found: dict[str, list[str]] = {}
    for (stem, end), columns in numbered(names).items():
        found.setdefault(stem.strip(_MARKS) + end.rstrip(_MARKS) if stem else end.strip(_MARKS), columns)
    return found


def are_channels(blocks: Blocks) -> bool:
    """Whether columns are beyond doubt the steps of several channels: all are numbered alike, from 0 or 1 on."""
    ranges = {tuple(number_in(c) for c in columns) for columns in blocks.values()}
    return len(blocks) > 1 and all(blocks) and len(ranges) == 1 and ranges.pop()[0] in (0, 1)


def blocks_of(steps: Sequence[str], where: Path | str) -> dict[str, list[str]]:
    """Return the channels of a table with a sequence in each row, whose columns of numbers are all steps; none of one.

    Raises:
        UserError: the columns are numbered as those of several channels, and not all alike.
    """
    found = blocks_in(steps)
    if len(found) < 2:
        return {}
    if are_channels(found) and sum(map(len, found.values())) == len(steps):
        return found
    shown = " and ".join(f"'{columns[0]}' to '{columns[-1]}'" for columns in list(found.values())[:4])
    raise UserError(
        f"{where}: --wide takes all columns of numbers for steps, and {shown} seem to be channels of their own, beside "
        "others; number the steps of all channels alike, and leave out with --ignore what is no step"
    )


def chosen_blocks(names: Sequence[str], asked: Sequence[str], where: str) -> dict[str, list[str]]:
    """Return the channels that are asked for.

    Args:
        names: of columns of numbers.
        asked: names of channels, `ax` for `ax_0`, `ax_1`, ….
        where: the file, for errors.

    Raises:
        UserError: there are no numbered columns of one, or their numbers differ.
    """
    found = blocks_in(names)
    for name in asked:
        if name not in found:
            raise UserError(
                f"{where}: --blocks {name}: there are no columns '{name}_0', '{name}_1', … of numbers"
                f"{nearest(name, found)}"
            )
    blocks = {name: found[name] for name in asked}
    first, *others = blocks.values()
    for columns in others:
        if len(columns) != len(first):
            raise UserError(
                f"{where}: --blocks {' '.join(asked)}: '{first[0]}' to '{first[-1]}' are {len(first)} steps, and "
                f"'{columns[0]}' to '{columns[-1]}' are {len(columns)}; channels have the same steps"
            )
    return blocks


def told_blocks(blocks: Blocks) -> str:
    """Say which columns are which channel."""
    first = next(iter(blocks.values()))
    shown = " and ".join(f"{name} ('{columns[0]}' to '{columns[-1]}')" for name, columns in list(blocks.items())[:4])
    more = f" and {len(blocks) - 4} more" if len(blocks) > 4 else ""
    return f"{len(blocks)} channels of {len(first)} steps: {shown}{more}"
