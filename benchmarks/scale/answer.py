"""Rows a second and peak memory of `lstm-onnx predict` part by part, at growing sizes, with one process and several."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.scale.made import KINDS, write
from benchmarks.scale.measured import command, measured, row_counts
from benchmarks.scale.train import SMALL
from benchmarks.speed.kept import Kept

SIZES = {
    "texts": (100_000, 1_000_000),
    "series": (100_000, 1_000_000, 10_000_000),
    "sequences": (100_000, 1_000_000, 10_000_000),
    "pictures": (1_000, 10_000, 40_000),
}
LARGE = {"texts": 10_000_000}
"""Sizes of `--large`, beside the others."""
WORKERS = (1, 2)
PART_ROWS = {"pictures": 1_000, "texts": 25_000, "series": 100_000, "sequences": 100_000}
BUNDLED = Path(__file__).parents[2] / "exported" / "news.onnx"
_ENOUGH = {"pictures": 400}
_LEARNT = 20_000


def measure(kept: Kept, of: list[str], rows: list[int] | None, large: bool, models: Path) -> None:
    """Answer for what is not kept yet, and keep what it took.

    Args:
        kept: the figures.
        of: kinds of data.
        rows: of each, instead of `SIZES`.
        large: whether to answer for `LARGE`, too.
        models: folder of the models that are asked; those that are missing are trained.
    """
    for name in (name for name in of if name in SIZES):
        for count in row_counts(name, SIZES, LARGE if large else {}, rows):
            cells: list[dict[str, int | str]] = [{"of": name, "rows": count, "workers": workers} for workers in WORKERS]
            todo = [cell for cell in cells if not kept.has(cell)]
            if not todo:
                continue
            asked = ["predict", str(model_of(name, models))]
            with tempfile.TemporaryDirectory() as text:
                folder = Path(text)
                (folder / "data").mkdir()
                write(folder / "data", KINDS[name], count)
                for cell in todo:
                    words = [*asked, str(folder / "data" / "*.parquet"), *KINDS[name].answered.split()]
                    words += ["--workers", str(cell["workers"]), "--part-rows", str(PART_ROWS[name])]
                    kept.add(measured([*words, "--out", str(folder / f"out-{cell['workers']}")]).figures(cell))
                    print("answered", *cell.values(), flush=True)


def model_of(name: str, models: Path) -> Path:
    """Return the model that is asked: that of the news for texts, a small one that is trained for the others."""
    if name == "texts":
        return BUNDLED
    file = models / f"{name}.onnx"
    if not file.is_file():
        kind, rows = KINDS[name], _ENOUGH.get(name, _LEARNT)
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            (folder / "data").mkdir()
            write(folder / "data", kind, rows)
            words = ["train", str(folder / "data" / "*.parquet"), *kind.asked.split(), *SMALL.split()]
            for step in ([*words, "--runs", text, "--name", name], ["export", str(folder / name), "-o", str(file)]):
                subprocess.run(command(step), check=True, stdout=subprocess.DEVNULL)
    return file
