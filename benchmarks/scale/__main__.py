"""Rows a second and peak memory of `lstm-onnx predict` and `train` at growing sizes, and of engines for much data.

python -m benchmarks.scale                                          # all of it: less than an hour of two cores
python -m benchmarks.scale --large                                  # and ten million texts
python -m benchmarks.scale --only answering --of texts --rows 1000000
python -m benchmarks.scale --table                                  # measures nothing: the tables of what is there

Each figure is kept in a file as soon as it is there, and what is kept is not measured again: start it anew to go on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.scale import answer, engines, tables, train
from benchmarks.scale.made import KINDS
from benchmarks.speed.kept import Kept

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "scale"
PARTS = {"answering": tables.answering, "engines": tables.engines, "learning": tables.learning}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="measure these parts")
    parser.add_argument("--of", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of data")
    parser.add_argument("--engines", nargs="+", choices=engines.ENGINES, help="by default all that are installed")
    parser.add_argument("--rows", type=int, nargs="+", help="other sizes than those of each kind")
    parser.add_argument("--large", action="store_true", help="and the sizes that take longest")
    parser.add_argument("--table", action="store_true", help="measure nothing, and print what is there")
    parser.add_argument("--anew", action="store_true", help="measure again what the file has; else it goes on")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of figures.jsonl, and of the models")
    chosen = parser.parse_args()
    file = chosen.out / "figures.jsonl"
    if chosen.anew and file.exists():
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if not _asked(json.loads(line), chosen)))
    for part in chosen.only:
        kept = Kept(file, part)
        if chosen.table:
            continue
        if part == "answering":
            answer.measure(kept, chosen.of, chosen.rows, chosen.large, chosen.out)
        elif part == "learning":
            train.measure(kept, chosen.of, chosen.rows, chosen.large)
        else:
            engines.measure(kept, chosen.engines, chosen.rows)
    for part in chosen.only:
        print(f"\n{part.capitalize()}\n\n{PARTS[part](Kept(file, part).figures)}")


def _asked(entry: dict[str, Any], chosen: argparse.Namespace) -> bool:
    """Whether a figure is one of those that are to be measured."""
    cell = entry["cell"]
    whose = cell.get("of") in chosen.of or cell.get("engine") in (chosen.engines or engines.ENGINES)
    return entry["part"] in chosen.only and whose and (not chosen.rows or cell["rows"] in chosen.rows)


if __name__ == "__main__":
    main()
