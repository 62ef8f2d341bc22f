"""Draws molecules from an exported file, and tells how many are valid, unique and new, and how near to the test part.

python -m benchmarks.tasks.molecules write FOLDER                  # smiles_train.csv, and smiles_test.csv
python -m benchmarks.tasks.molecules draw model.onnx molecules.txt --count 10000
python -m benchmarks.tasks.molecules sample FOLDER/smiles_train.csv some.txt --count 10000    # a yardstick
python -m benchmarks.tasks.molecules score molecules.txt FOLDER/smiles_train.csv

To score, it needs rdkit, and the data files of molsets and fcd_torch.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

from benchmarks.tasks.moses_test import distances, known_figures
from benchmarks.tasks.sets import SETS, data_file

BATCH = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("model", type=Path)
    drawing.add_argument("out", type=Path)
    drawing.add_argument("--count", type=int, default=10_000)
    drawing.set_defaults(run=lambda o: draw(o.model, o.out, o.count))
    scoring = commands.add_parser("score")
    scoring.add_argument("drawn", type=Path)
    scoring.add_argument("known", type=Path, help="table of the molecules that were learnt from")
    scoring.set_defaults(run=lambda o: score(o.drawn, o.known))
    writing = commands.add_parser("write")
    writing.add_argument("folder", type=Path)
    writing.set_defaults(run=lambda o: print(SETS["molecules"](o.folder)))
    sampling = commands.add_parser("sample")
    sampling.add_argument("known", type=Path)
    sampling.add_argument("out", type=Path)
    sampling.add_argument("--count", type=int, default=10_000)
    sampling.set_defaults(run=lambda o: sample(o.known, o.out, o.count))
    options = parser.parse_args()
    options.run(options)


def draw(model: Path, out: Path, count: int) -> None:
    """Write molecules, those of the seeds from 0 on, a line each."""
    import numpy as np

    import lstm_onnx as lo

    ready = lo.load(model, threads=1)
    began = time.perf_counter()
    with out.open("w", encoding="utf-8") as file:
        for first in range(0, count, BATCH):
            seeds = np.arange(first, min(count, first + BATCH))
            empty = {"prompt": np.zeros((len(seeds), 1), np.uint8), "byte_count": np.zeros(len(seeds), np.int64)}
            file.writelines(f"{text}\n" for text in ready.run({**empty, "seed": seeds})["text"])
            file.flush()
    print(f"{count:,} molecules in {time.perf_counter() - began:.0f} s")


def score(drawn: Path, known: Path) -> None:
    """Print the share that is valid, of these unique among the first 1,000 and 10,000, of unique ones not known; and
    how near the valid ones come to the official test part."""
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")
    lines = drawn.read_text(encoding="utf-8").splitlines()
    made = [Chem.MolFromSmiles(line) if line else None for line in lines]
    valid = [Chem.MolToSmiles(molecule) for molecule in made if molecule is not None]
    print(f"valid {len(valid) / len(lines):.4f} of {len(lines):,}")
    for first in (1_000, 10_000):
        some = valid[:first]
        print(f"unique@{first:,} {len(set(some)) / len(some):.4f} of {len(some):,}")
    learnt = set(known.read_text(encoding="utf-8").splitlines()[1:])  # canonical already, as rdkit of 2019 writes them
    new = set(valid) - learnt
    print(f"novel {len(new) / len(set(valid)):.4f} of {len(set(valid)):,}, against {len(learnt):,}")
    test = known_figures(data_file("molsets", "dataset/data/test_stats.npz"))
    for name, value in distances(valid, test, data_file("fcd_torch", "ChemNet_v0.13_pretrained.pt")).items():
        print(f"{name} {value:.4f}", flush=True)


def sample(known: Path, out: Path, count: int) -> None:
    """Write some of the known molecules, drawn once, to be scored in the place of a model's."""
    lines = known.read_text(encoding="utf-8").splitlines()[1:]
    out.write_text("".join(f"{line}\n" for line in random.Random(1).sample(lines, count)), encoding="utf-8")


if __name__ == "__main__":
    main()
