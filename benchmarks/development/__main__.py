"""The defaults, untouched, beside simple methods, on sets that nobody tuned: one command, one table.

python -m benchmarks.development                                    # all of it, three seeds: many hours
python -m benchmarks.development --only ucr texts --seeds 0
python -m benchmarks.development --only ucr --sets GunPoint Plane
python -m benchmarks.development --only ucr --set hidden=32 epochs=30   # a change, beside the default that was run
python -m benchmarks.development --only final                       # sets for the table alone, never to choose by
python -m benchmarks.development --table                            # trains nothing: the table of what is there
python -m benchmarks.development --only forecasting --rivals        # the other methods alone; they are on file, too

Each figure is kept in a file as soon as it is finished, and what is kept is not run again: start it anew to go on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.development.bundled import BUNDLED
from benchmarks.development.figures import KEPT, RIVALS, Figure, append, method, read
from benchmarks.development.forecasting import FORECASTING
from benchmarks.development.tables import as_table
from benchmarks.development.texts import TEXTS
from benchmarks.development.ucr import DEVELOPMENT, FINAL

PARTS = {"ucr": DEVELOPMENT, "texts": TEXTS, "forecasting": FORECASTING, "bundled": BUNDLED, "ucr-final": FINAL}
OUT = Path("benchmarks/results/development.jsonl")
README = Path(__file__).with_name("README.md")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts; by default all but ucr-final")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="sets of the parts; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other options than the defaults")
    parser.add_argument("--out", type=Path, default=OUT, help=f"where figures are kept ({OUT})")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--table", action="store_true", help="train nothing, and print what is there")
    what.add_argument("--rivals", action="store_true", help="score the other methods that can be run here")
    what.add_argument("--readme", action="store_true", help=f"write the tables of {KEPT.name} into {README.name}")
    options = parser.parse_args()
    if options.readme:
        README.write_text(with_tables(README.read_text(encoding="utf-8"), read(RIVALS, KEPT)), encoding="utf-8")
        return
    chosen = options.only or [name for name in PARTS if name != "ucr-final"]
    if not options.table:
        changed = {name: json.loads(value) for name, value in (word.split("=", 1) for word in options.set)}
        sets = {name: names for name in chosen if (names := _sets(name, options))}
        if options.sets and (strange := set(options.sets) - {n for names in sets.values() for n in names}):
            parser.error(f"no such set in {', '.join(chosen)}: {', '.join(sorted(strange))}")
        if options.rivals:
            _score_others(sets, options.out)
        else:
            _train(sets, options.seeds, changed, options.out)
    figures = read(RIVALS, options.out)
    for name in chosen:
        if any(f.part == name for f in read(options.out)):
            print(f"\n{PARTS[name].title}\n\n{table(name, figures)}")


def _sets(name: str, options: argparse.Namespace) -> list[str]:
    """Return the sets of a part that were asked for; without its data a part is left out, unless it was named."""
    try:
        found = PARTS[name].sets()
    except SystemExit as why:
        if options.only:
            raise
        print(f"{name} is left out: {why}", file=sys.stderr)
        return []
    return [s for s in found if options.sets is None or s in options.sets]


def _train(sets: Mapping[str, list[str]], seeds: Iterable[int], changed: Mapping[str, Any], out: Path) -> None:
    """Train what is not kept yet, seed by seed, so that a whole table is there early."""
    for seed in seeds:
        for part, names in sets.items():
            done = {figure.key for figure in read(out)}
            for name in names:
                if (part, name, method(changed), seed) not in done:
                    _keep(PARTS[part].train(name, seed, changed), out)


def _score_others(sets: Mapping[str, list[str]], out: Path) -> None:
    for part, names in sets.items():
        others = PARTS[part].others
        for name in names if others else ():
            assert others is not None
            _keep(others(name), out)


def _keep(figures: Iterable[Figure], out: Path) -> None:
    made = list(figures)
    append(out, made)
    for figure in made:
        print(figure.line(), flush=True)


def table(part: str, figures: Iterable[Figure]) -> str:
    """Return the table of a part, in Markdown."""
    return as_table([f for f in figures if f.part == part], PARTS[part].columns)


def with_tables(page: str, figures: Iterable[Figure]) -> str:
    """Return a page with a new table between the marks of each part, `<!-- table NAME -->` and `<!-- end -->`."""
    kept = list(figures)
    for name in PARTS:
        begin, end = f"<!-- table {name} -->\n", "\n<!-- end -->"
        before, mark, after = page.partition(begin)
        if mark:
            page = before + begin + "\n" + table(name, kept) + "\n" + end + after.partition(end)[2]
    return page


if __name__ == "__main__":
    main()
