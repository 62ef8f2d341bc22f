"""The tables of what was measured, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.speed.figures import Figure, markdown

Values = dict[tuple[int | str, ...], dict[str, float]]


def answering(figures: Iterable[Figure]) -> str:
    """Return rows a second and memory of answering."""
    header = ["answered for", "rows", "processes", "s", "processor s", "rows / processor s", "peak of the largest, MB"]
    rows = [
        [str(of), f"{count:,}", str(workers), f"{v['seconds']:,.1f}", f"{v['processor']:,.1f}",
         f"{int(count) / v['processor']:,.0f}", f"{v['peak']:,.0f}"]
        for (of, count, workers), v in _cells(figures).items()
    ]  # fmt: skip
    return markdown(header, rows) if rows else ""


def learning(figures: Iterable[Figure]) -> str:
    """Return seconds and memory of learning."""
    header = ["learnt from", "rows", "examples lie in", "s", "processor s", "memory of its own, MB", "peak, MB"]
    rows = [
        [str(of), f"{count:,}", str(way), f"{v['seconds']:,.0f}", f"{v['processor']:,.0f}", f"{v['own']:,.0f}",
         f"{v['peak']:,.0f}"]
        for (of, count, way), v in _cells(figures).items()
    ]  # fmt: skip
    return markdown(header, rows) if rows else ""


def engines(figures: Iterable[Figure]) -> str:
    """Return seconds of the engines, and rows a second of what the larger size has more."""
    found: dict[str, dict[int, float]] = {}
    for (name, rows), values in _cells(figures).items():
        found.setdefault(str(name), {})[int(rows)] = values["seconds"]
    if not found:
        return ""
    sizes = sorted({rows for one in found.values() for rows in one})
    lines = []
    for name, seconds in found.items():
        low, high = sizes[0], sizes[-1]
        more = (high - low) / (seconds[high] - seconds[low]) if {low, high} <= set(seconds) and high > low else 0.0
        each = [f"{seconds[n]:,.1f}" if n in seconds else "" for n in sizes]
        lines.append([name, *each, f"{more:,.0f}" if more > 0 else ""])
    return markdown(["engine", *(f"{n:,} rows, s" for n in sizes), "rows/s, start left out"], lines)


def _cells(figures: Iterable[Figure]) -> Values:
    """Put the figures of each cell together, in the order in which they were measured."""
    found: Values = {}
    for figure in figures:
        found.setdefault(tuple(figure.cell.values()), {})[figure.name] = figure.median
    return found
