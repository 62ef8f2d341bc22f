"""Figures as Markdown: a row a set, and what they say together: wins, draws and losses, and mean ranks."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.development.figures import DEFAULT, Figure

FORMER = "default of "
"""With the number of a release: what the default reached with it."""
DIGITS = 3
"""Values are compared as they are shown."""


@dataclass(frozen=True)
class _Reached:
    """What a method reaches on a set, over all seeds."""

    figures: tuple[Figure, ...]

    @property
    def value(self) -> float:
        return round(statistics.mean(f.value for f in self.figures), DIGITS)

    @property
    def seconds(self) -> str:
        timed = [f for f in self.figures if f.seconds is not None]
        if not timed:
            return ""
        is_gpu = any(f.machine == "GPU" for f in timed)
        return f"{statistics.median(f.seconds or 0 for f in timed):,.0f}" + " GPU" * is_gpu

    def __str__(self) -> str:
        spread = f" ± {statistics.stdev(f.value for f in self.figures):.{DIGITS}f}" if len(self.figures) > 1 else ""
        return f"{self.value:.{DIGITS}f}{spread}"


_Row = dict[str, _Reached]


def as_table(figures: Iterable[Figure], columns: Sequence[str] | None) -> str:
    """Return a table of one part, and what it says in sum.

    Args:
        figures: of one part.
        columns: methods to show beside the default, and beside what was tried instead of it; None for the best simple
            method of each set, which has another name on each.
    """
    rows = _rows(figures)
    if not rows:
        return "No figures yet."
    if columns is None:
        return _beside_the_best(rows)
    tried = list(dict.fromkeys(m for row in rows.values() for m in row if m != DEFAULT and m not in columns))
    methods = [DEFAULT, *tried, *(c for c in columns if any(c in row for row in rows.values()))]
    lines = [_line("set", *methods, "seconds"), _line(*["---"] * (len(methods) + 2))]
    for name, row in rows.items():
        best = _best({m: row[m] for m in methods if m in row})
        cells = [f"**{row[m]}**" if m == best else str(row.get(m, "")) for m in methods]
        lines.append(_line(name, *cells, row[DEFAULT].seconds))
    return "\n".join([*lines, "", *_sums(rows, methods)])


def _rows(figures: Iterable[Figure]) -> dict[str, _Row]:
    """Return what each method reaches on each set that the default was trained on."""
    found: dict[str, dict[str, list[Figure]]] = {}
    for figure in figures:
        found.setdefault(figure.set, {}).setdefault(figure.method, []).append(figure)
    return {
        name: {method: _Reached(tuple(own)) for method, own in methods.items()}
        for name, methods in sorted(found.items())
        if DEFAULT in methods
    }


def _beside_the_best(rows: dict[str, _Row]) -> str:
    lines = [_line("set", "metric", DEFAULT, "best simple method", "seconds"), _line(*["---"] * 5)]
    paired: dict[str, _Row] = {}
    for name, row in rows.items():
        first = row[DEFAULT].figures[0]
        simple = {m: reached for m, reached in row.items() if m != DEFAULT}
        order = sorted(simple, key=lambda m: _key(simple[m]))
        told = f"{simple[order[0]]} {order[0]}" if order else ""
        better = "↑" if first.better == "max" else "↓"
        lines.append(_line(name, f"{first.metric} {better}", str(row[DEFAULT]), told, row[DEFAULT].seconds))
        paired[name] = {DEFAULT: row[DEFAULT]} | ({"the best simple method": simple[order[0]]} if order else {})
    return "\n".join([*lines, "", *_sums(paired, [DEFAULT, "the best simple method"], with_means=False)])


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _key(reached: _Reached) -> float:
    """Return what is the smaller the better a method is."""
    return -reached.value if reached.figures[0].better == "max" else reached.value


def _best(row: _Row) -> str | None:
    """Return the one that is better than all others."""
    order = sorted(row, key=lambda method: _key(row[method]))
    return order[0] if len(order) > 1 and _key(row[order[0]]) < _key(row[order[1]]) else None


def _sums(rows: dict[str, _Row], methods: Sequence[str], with_means: bool = True) -> list[str]:
    """Return a line for each other method, how often the default is better; and mean ranks where all have figures."""
    lines = []
    for other in methods[1:]:
        pairs = [(row[DEFAULT], row[other]) for row in rows.values() if other in row]
        if not pairs:
            continue
        signs = [(_key(ours) < _key(theirs)) - (_key(ours) > _key(theirs)) for ours, theirs in pairs]
        means = [statistics.mean(side) for side in zip(*((a.value, b.value) for a, b in pairs), strict=True)]
        told = f"; mean {means[0]:.{DIGITS}f} and {means[1]:.{DIGITS}f}" if with_means else ""
        lines.append(
            f"- The default against {other}: better on {signs.count(1)}, equal on {signs.count(0)}, "
            f"worse on {signs.count(-1)} of {_sets(len(pairs))}{told}."
        )
    # a method that was run on a few sets alone must not make the others be compared on these few, and what the default
    # was before is no rival of it
    ranked = [m for m in methods if sum(m in row for row in rows.values()) > len(rows) / 2 and not m.startswith(FORMER)]
    whole = [{m: row[m] for m in ranked} for row in rows.values() if all(m in row for m in ranked)]
    if whole and len(ranked) > 1:
        means_of = {m: statistics.mean(_rank(row, m) for row in whole) for m in ranked}
        order = sorted(means_of, key=lambda m: means_of[m])
        told = ", ".join(f"{m} {means_of[m]:.2f}" for m in order)
        lines.append(f"- Mean rank on {_sets(len(whole))}: {told}.")
    return lines


def _sets(count: int) -> str:
    return f"{count} set" + "s" * (count != 1)


def _rank(row: _Row, method: str) -> float:
    """Return the place of a method, 1 for the best; equal ones share theirs."""
    own = _key(row[method])
    others = [_key(row[m]) for m in row if m != method]
    return 1 + sum(o < own for o in others) + sum(o == own for o in others) / 2
