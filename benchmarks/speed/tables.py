"""The measurements as the tables of the README."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.figures import Figure, markdown
from benchmarks.speed.inference import GRAPH, LAYER
from benchmarks.speed.kept import Cell

Figures = Sequence[Figure]


def training_table(figures: Figures) -> str:
    """Windows per second, and relative to ours; a column for each number of threads and of units."""
    at = {(f.name, int(f.cell["threads"]), int(f.cell["hidden"])): f for f in figures}
    cells = sorted({key[1:] for key in at})
    header = ["examples per second"]
    header += [cell for n, h in cells for cell in (f"{n} thread{'s' * (n > 1)}, {h} units", "of ours")]
    rows = []
    for name in dict.fromkeys(f.name for f in figures):
        row = [name]
        for n, h in cells:
            f, ours = at.get((name, n, h)), at["lstm-onnx", n, h]
            row += [f"{f.median:,.0f} ±{f.spread:.0%}", f"{f.over(ours):.2f}"] if f else ["", ""]
        rows.append(row)
    return markdown(header, rows)


def inference_table(figures: Figures, what: str) -> str:
    """Microseconds per call of the whole graph or the layer; last, how many times as long the others take."""
    header = ["hidden", "window", "batch", "threads", "ONNX Runtime µs", "PyTorch µs", "OpenVINO µs", "PyTorch"]
    header += ["OpenVINO"]
    rows = []
    for cell, at in _cells(figures):
        ours = at[f"{what}, ONNX Runtime"]
        row = [str(cell[k]) for k in ("hidden", "window", "batch", "threads")]
        others = [at[f"{what}, {name}"] for name in ("PyTorch", "OpenVINO")]
        row += [f"{f.median * 1e6:,.0f} ±{f.spread:.0%}" for f in (ours, *others)]
        rows.append([*row, *(f"{f.over(ours):.2f}" for f in others)])
    return markdown(header, rows)


def overhead_table(figures: Figures) -> str:
    """What the rest of the graph costs over the layer alone, in ONNX Runtime."""
    header = ["hidden", "window", "batch", "threads", "whole graph µs", "LSTM layer µs", "more"]
    rows = []
    for cell, at in _cells(figures):
        whole, layer = (at[f"{what}, ONNX Runtime"] for what in (GRAPH, LAYER))
        row = [str(cell[k]) for k in ("hidden", "window", "batch", "threads")]
        rows.append([*row, f"{whole.median * 1e6:,.0f}", f"{layer.median * 1e6:,.0f}", f"{whole.over(layer) - 1:+.0%}"])
    return markdown(header, rows)


def startup_table(figures: Figures) -> str:
    """Seconds of each command, and the facts of the file."""
    timed = {(f.name, str(f.cell["what"])): f for f in figures if f.cell["what"] != "file"}
    rows = [
        [name, *(f"{timed[name, w].median:.2f} ±{timed[name, w].spread:.0%}" for w in ("CPU", "wall"))]
        for name in dict.fromkeys(name for name, _ in timed)
    ]
    facts = [f"{f.median:,.0f} {f.name}" for f in figures if f.cell["what"] == "file"]
    return markdown(["", "CPU s", "wall s"], rows) + f"\nThe exported file: {', '.join(facts)}.\n"


def _cells(figures: Figures) -> list[tuple[Cell, dict[str, Figure]]]:
    cells: dict[str, tuple[Cell, dict[str, Figure]]] = {}
    for f in figures:
        cells.setdefault(str(f.cell), (f.cell, {}))[1][f.name] = f
    return list(cells.values())
